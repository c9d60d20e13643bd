//! The last real records, for candidates to prove themselves on. In memory only.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::support::lines::lines;

/// How much of them is kept, in bytes.
const MAX_BYTES: usize = 512 * 1024;

/// How many records of one batch are kept: the others would only push out those of earlier ones.
const MAX_OF_BATCH: usize = 50;

/// The last real records of one source.
pub(super) struct Recent {
    max_records: usize,
    kept: Mutex<RecentRecords>,
}

#[derive(Default)]
struct RecentRecords {
    records: VecDeque<Box<str>>,
    bytes: usize,
}

impl Recent {
    /// Keeps at most this many records.
    pub(super) fn new(max_records: usize) -> Self {
        Self { max_records, kept: Mutex::default() }
    }

    /// Keeps the first records of a batch, and lets older ones go.
    pub(super) fn note(&self, batch: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines(batch).take(MAX_OF_BATCH) {
            let record = line.record();
            if record.len() <= MAX_BYTES / 8 {
                kept.bytes += record.len();
                kept.records.push_back(record.into());
            }
        }
        while kept.records.len() > self.max_records || kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.records.pop_front() else { return };
            kept.bytes = kept.bytes.saturating_sub(oldest.len());
        }
    }

    /// What is kept, as one batch.
    pub(super) fn records(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut records = String::with_capacity(kept.bytes + kept.records.len());
        for record in &kept.records {
            records.push_str(record);
            records.push('\n');
        }
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_records_are_kept() {
        let recent = Recent::new(500);
        for batch in 0..100 {
            let records: Vec<_> = (0..60).map(|n| format!("{batch} {n}\n\n")).collect();
            recent.note(&records.concat());
        }
        let records = recent.records();
        assert_eq!(records.lines().count(), 500);
        assert_eq!(records.lines().next(), Some("90 0"));
        assert_eq!(records.lines().last(), Some("99 49"));
    }

    #[test]
    fn what_was_let_go_takes_no_room() {
        let recent = Recent::new(3);
        for _ in 0..MAX_BYTES / 2 {
            recent.note("{}\n{}\n{}\n");
        }
        assert_eq!(recent.records(), "{}\n{}\n{}\n");
    }

    #[test]
    fn long_records_take_no_more_room() {
        let recent = Recent::new(500);
        for _ in 0..100 {
            recent.note(&"x".repeat(MAX_BYTES / 8));
            recent.note(&"y".repeat(MAX_BYTES));
        }
        assert!(recent.records().len() <= MAX_BYTES + 8);
        assert!(!recent.records().contains('y'));
    }
}
