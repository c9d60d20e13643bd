//! Brings the ledger's file of a partition up to what the topic has, and opens it for writing.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use tracing::info;

use super::{
    cluster_config::ClusterConfig,
    cluster_error::ClusterError,
    topic_reader::{ReadRow, TopicReader},
    topic_replica::TopicReplica,
};
use crate::{
    ledger::{CopiedMessage, Ledger, LedgerCopy, LedgerError},
    support::atomic_write,
};

/// Rows that are put into the file in one transaction.
const BATCH: usize = 20_000;

/// Brokers forget which rows are gone a day after they went, unless they are told otherwise: an older file is created again.
const OLDEST_FILE: TimeDelta = TimeDelta::hours(12);

/// In the folder of a partition: of which topic of which brokers its ledger is a copy.
const ORIGIN: &str = "ledger-topic";

/// How long a run of this process that had the partition before may take to end.
const HANDOVER: Duration = Duration::from_secs(10);

/// Takes a partition over, and opens its ledger. Blocks.
pub(super) fn open(
    config: &ClusterConfig,
    partition: i32,
    folder: &Path,
    is_lost: &Arc<AtomicBool>,
) -> Result<Ledger, ClusterError> {
    // Taking it over would fence who has it by now.
    if is_lost.load(Ordering::Relaxed) {
        return Err(ClusterError::Ended);
    }
    let began = Instant::now();
    // First: what is written behind what is read then would be missed.
    let replica = TopicReplica::take_over(config, partition, Arc::clone(is_lost))?;
    let reader = TopicReader::new(config, config.ledger_topic.clone())?;
    reader.look()?.into_result(&config.ledger_topic)?;
    let mut copy = when_free(|| LedgerCopy::open(folder))?;
    keep_only_of(&reader.origin(), folder, &mut copy)?;
    let (position, rows) = catch_up(&reader, partition, &mut copy, is_lost)?;
    drop(copy);
    // The file was free a moment ago, and nobody of this process takes it but who has the partition.
    let ledger = Ledger::open_replicated(folder, Box::new(replica.at(position)))?;
    info!(partition, rows, seconds = began.elapsed().as_secs_f64(), "ledger of the partition is up to date");
    Ok(ledger)
}

/// Empties a copy of another topic, whose offsets say nothing of this one.
fn keep_only_of(origin: &str, folder: &Path, copy: &mut LedgerCopy) -> Result<(), LedgerError> {
    let path = folder.join(ORIGIN);
    let failed = |source| LedgerError::Folder { path: path.clone(), source };
    match fs::read(&path) {
        Ok(found) if found == origin.as_bytes() => return Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    copy.clear()?;
    atomic_write::write(&path, origin.as_bytes()).map_err(failed)
}

/// A ledger, which the run before may be about to close.
fn when_free<T>(mut open: impl FnMut() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    let deadline = Instant::now() + HANDOVER;
    loop {
        match open() {
            Err(LedgerError::InUse { .. }) if Instant::now() < deadline => thread::sleep(Duration::from_millis(50)),
            opened => return opened,
        }
    }
}

/// Reads what the file has not; gives the position behind it, and how many rows were read.
fn catch_up(
    reader: &TopicReader,
    partition: i32,
    copy: &mut LedgerCopy,
    is_lost: &AtomicBool,
) -> Result<(i64, u64), ClusterError> {
    let (first, end) = reader.settled_bounds(partition, is_lost)?;
    let from = match copy.position()? {
        Some((position, at)) if (first..=end).contains(&position) && Utc::now() - at < OLDEST_FILE => position,
        // Of another topic, or so old that it may have what is gone.
        _ => {
            copy.clear()?;
            first
        }
    };
    let (mut rows, mut batch) = (0, Vec::new());
    reader.read::<ClusterError>(partition, from, end, |row| {
        if is_lost.load(Ordering::Relaxed) {
            return Err(ClusterError::Ended);
        }
        batch.push(row);
        rows += 1;
        if batch.len() >= BATCH {
            apply(copy, &mut batch, None)?;
        }
        Ok(())
    })?;
    apply(copy, &mut batch, Some(end))?;
    Ok((end, rows))
}

/// Puts rows into the file; `end` is the position when nothing follows.
fn apply(copy: &mut LedgerCopy, batch: &mut Vec<ReadRow>, end: Option<i64>) -> Result<(), LedgerError> {
    let next = end.or_else(|| batch.last().map(|row| row.offset + 1)).unwrap_or_default();
    let messages: Vec<_> = batch
        .iter()
        .map(|row| CopiedMessage { version: row.version, key: &row.key, value: row.value.as_deref() })
        .collect();
    copy.apply(&messages, next, Utc::now())?;
    batch.clear();
    Ok(())
}
