//! What a mapping has done, counted.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{batch::MappedBatch, outcome::Outcome};

/// What a mapping has done so far.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    records: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
    nanoseconds: AtomicU64,
    faults: AtomicU64,
}

/// What a mapping has done by a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingStats {
    /// Records that it was given.
    pub records: u64,
    /// Records among them that it mapped in part only.
    pub failed: u64,
    /// Records among them at which it stopped every time.
    pub rejected: u64,
    /// How often it trapped or met a limit.
    #[serde(rename = "stops")]
    pub faults: u64,
    /// How long it took for all of them.
    pub nanoseconds: u64,
}

impl Stats {
    pub(crate) fn note_fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note(&self, batch: &MappedBatch, took: Duration) {
        let (mut failed, mut rejected) = (0, 0);
        for outcome in &batch.outcomes {
            match outcome {
                Outcome::Failed { .. } => failed += 1,
                Outcome::Rejected(_) => rejected += 1,
                Outcome::Mapped { .. } | Outcome::Dropped(_) => {}
            }
        }
        self.records.fetch_add(batch.outcomes.len() as u64, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
        self.nanoseconds.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> MappingStats {
        MappingStats {
            records: self.records.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            nanoseconds: self.nanoseconds.load(Ordering::Relaxed),
        }
    }
}

impl std::ops::AddAssign for MappingStats {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.failed += other.failed;
        self.rejected += other.rejected;
        self.faults += other.faults;
        self.nanoseconds += other.nanoseconds;
    }
}

impl MappingStats {
    pub(crate) fn failed_percent(&self) -> f64 {
        100.0 * (self.failed + self.rejected) as f64 / self.records.max(1) as f64
    }

    pub(crate) fn nanoseconds_a_record(&self) -> f64 {
        self.nanoseconds as f64 / self.records.max(1) as f64
    }
}
