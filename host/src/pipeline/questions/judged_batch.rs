//! The rows of a batch as an audit sees them: whether each was delivered, and what is to be delivered.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    ledger::{AuditedRow, Delivered, Known, Ledger, LedgerError, Mark, PastDone, RowState, Window},
    mapper::{MappedBatch, Outcome},
    pipeline::record_batch::{Checkpoint, RecordBatch},
    support::record_key,
};

/// What the ledger knows of rows.
pub(super) struct KnownRows {
    /// The rows.
    pub(super) rows: Known,
    /// Rows received before this time may be forgotten; none when nothing was ever read.
    pub(super) from: Option<DateTime<Utc>>,
}

/// The rows of a batch as an audit sees them.
pub(super) struct JudgedBatch {
    batch: Arc<RecordBatch>,
    pub(super) rows: Vec<AuditedRow>,
    /// For every row, whether the ledger is certain that no output has it as it is.
    is_new_to_all: Vec<bool>,
}

impl JudgedBatch {
    /// Judges rows: by what the store has, or else by what the ledger knows.
    pub(super) fn new(
        batch: Arc<RecordBatch>,
        mapped: &MappedBatch,
        known: &KnownRows,
        stored: Option<&HashSet<String>>,
        range: Window,
    ) -> Self {
        let (mut rows, mut is_new_to_all) = (Vec::new(), Vec::new());
        let records = batch.records.lines().zip(batch.keys());
        for ((record, key), outcome) in records.zip(&mapped.outcomes) {
            let received = record_key::received(record).or(outcome.timestamp()).unwrap_or(range.end);
            let by_ledger = if known.rows.has(*key) {
                RowState::Delivered
            } else if known.rows.has_identity(key.identity) {
                RowState::Changed
            } else if known.from.is_none_or(|from| received >= from) {
                RowState::Missing
            } else {
                RowState::Unknown
            };
            let state = match (outcome, outcome.id(), stored) {
                (Outcome::Dropped(_), ..) => RowState::LeftOut,
                (_, Some(id), Some(stored)) if stored.contains(id) => RowState::Delivered,
                (_, Some(_), Some(_)) if by_ledger == RowState::Changed => RowState::Changed,
                (_, Some(_), Some(_)) => RowState::Missing,
                _ => by_ledger,
            };
            is_new_to_all.push(matches!(by_ledger, RowState::Missing | RowState::Changed));
            let id = outcome.id().map(str::to_owned);
            rows.push(AuditedRow { key: *key, id, received, state });
        }
        Self { batch, rows, is_new_to_all }
    }

    /// What is to be delivered: to every output what none has, and to the compared one what it alone lacks.
    pub(super) fn repairs(&self, source: &str, compared: Option<&str>) -> Vec<RecordBatch> {
        let open = |place: usize| matches!(self.rows[place].state, RowState::Missing | RowState::Changed);
        let places: Vec<_> = (0..self.rows.len()).filter(|place| open(*place)).collect();
        let (to_all, to_one): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| self.is_new_to_all[*place]);
        let to_all = self.some(&to_all, None, Some(source));
        let to_one = compared.and_then(|compared| self.some(&to_one, Some(compared), None));
        to_all.into_iter().chain(to_one).collect()
    }

    /// What was to be delivered is.
    pub(super) fn note_repaired(&mut self) {
        for row in &mut self.rows {
            if matches!(row.state, RowState::Missing | RowState::Changed) {
                row.state = RowState::Repaired;
            }
        }
    }

    fn some(&self, places: &[usize], output: Option<&str>, source: Option<&str>) -> Option<RecordBatch> {
        if places.is_empty() {
            return None;
        }
        let RecordBatch { source: identity, records, origin, .. } = &*self.batch;
        let wanted: HashSet<_> = places.iter().copied().collect();
        let records = records.lines().enumerate().filter(|(place, _)| wanted.contains(place));
        let records: Vec<_> = records.map(|(_, record)| record).collect();
        let rows = places.iter().map(|place| &self.rows[*place]);
        let delivered = rows.map(|row| Delivered { key: row.key, received: row.received });
        let delivered: Vec<_> = delivered.collect();
        Some(RecordBatch {
            source: Arc::clone(identity),
            records: records.join("\n"),
            keys: delivered.iter().map(|row| row.key).collect(),
            origin: origin.clone(),
            output: output.map(str::to_owned),
            dead_letters: Vec::new(),
            position: None,
            checkpoint: Arc::new(RepairCheckpoint(PastDone {
                source: source.map(str::to_owned),
                delivered,
                ..PastDone::default()
            })),
        })
    }
}

/// Rows that an audit has delivered.
struct RepairCheckpoint(PastDone);

impl Checkpoint for RepairCheckpoint {
    fn note(&self, ledger: &mut Ledger, audit: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_past(audit, &self.0, marks)
    }
}
