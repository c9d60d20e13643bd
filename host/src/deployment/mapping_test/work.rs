//! What a mapping takes to do its work.

use std::time::Instant;

use indicatif::{HumanBytes, HumanCount};

use super::tested::{MappingTest, map_in};
use crate::{mapper::MappedBatch, support::finding::Finding};

/// How many records it maps, in batches of [`BATCH_RECORDS`], and how many bytes of records at most.
const BATCHES: usize = 20;
const BATCH_RECORDS: usize = 1000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// An instance that grows by more than this from the first half of the batches to the second does not let go of what it
/// needed for records that are mapped.
const MAX_GROWTH: u64 = 8 * 1024 * 1024;

pub(super) fn stays_within_limits(test: &MappingTest<'_>, _: &MappedBatch) -> Finding {
    match work(test) {
        Ok(finding) => finding,
        Err(reason) => Finding::failed("limits", &reason),
    }
}

fn work(test: &MappingTest<'_>) -> Result<Finding, String> {
    let mut batch = String::new();
    let mut records = 0_u64;
    for record in test.records.iter().cycle().take(BATCH_RECORDS) {
        if batch.len() + record.len() > BATCH_BYTES {
            break;
        }
        batch += record;
        batch.push('\n');
        records += 1;
    }
    let pool = test.pool(test.settings())?;
    let (began, mut half_way) = (Instant::now(), 0);
    for number in 0..BATCHES {
        map_in(&pool, &batch)?;
        if number == BATCHES / 2 {
            half_way = pool.usage.memory_bytes();
        }
    }
    let (seconds, memory) = (began.elapsed().as_secs_f64(), pool.usage.memory_bytes());
    let mapped = records * BATCHES as u64;
    let rate = HumanCount((mapped as f64 / seconds.max(1e-6)) as u64);
    let detail = format!("{} records at {rate} a second, {} of memory", HumanCount(mapped), HumanBytes(memory));
    if memory > half_way + MAX_GROWTH {
        let grown = HumanBytes(memory - half_way);
        let hint = "an instance lives as long as the process: free what a batch needed";
        return Ok(Finding::warning("limits", &format!("{detail}; it grew by {grown}\nhint: {hint}")));
    }
    Ok(Finding::ok("limits", &detail))
}
