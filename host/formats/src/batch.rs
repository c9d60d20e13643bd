//! Records put together to batches.

use std::collections::VecDeque;

use super::{bad_date::BadDate, position::Position};
use crate::lines::{is_blank, on_one_line};

/// Records that go through the mapping together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The records, one a line; there may be empty lines between them.
    pub records: String,
    /// How many they are.
    pub count: usize,
    /// Records that were read with them and are not to be mapped.
    pub refused: Vec<RefusedRecord>,
    /// Where in the file the batch begins, when its records stand there as they are.
    pub offset: Option<u64>,
    /// In which line of the file its first record begins, counted from 1.
    pub line: u64,
    /// Everything before is in this batch or was in one before it.
    pub after: Position,
}

/// A record with an impossible date of receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// The record, in the form that the mapping takes.
    pub record: String,
    /// In which line of the file it begins, counted from 1.
    pub line: u64,
    /// The date.
    pub date: BadDate,
}

/// Records of a file go together although this many bytes are between them: their places stay right, because line feeds
/// are put there.
const MOST_BETWEEN: u64 = 256;

/// How large batches are.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// How many records, at most.
    pub records: usize,
    /// How many bytes, before the record that exceeds it.
    pub bytes: usize,
}

/// Puts records together to batches.
pub(super) struct Batches {
    limits: BatchLimits,
    /// The one that is put together.
    batch: Batch,
    /// How long the refused records of this batch are.
    refused_bytes: usize,
    ready: VecDeque<Batch>,
}

impl Batches {
    pub(super) fn new(limits: BatchLimits) -> Self {
        Self { limits, batch: Batch::default(), refused_bytes: 0, ready: VecDeque::new() }
    }

    /// Adds a record; `offset` is where it stands in the file, if it does so as it is.
    pub(super) fn push(&mut self, record: &str, offset: Option<u64>) {
        if is_blank(record) {
            return;
        }
        let is_full = self.is_full(record.len());
        let between = self.between(offset);
        if (is_full && !self.has_nothing()) || (self.batch.count > 0 && between.is_none()) {
            self.finish();
        }
        if self.batch.count == 0 {
            self.batch.offset = offset;
        } else {
            self.batch.records.extend(std::iter::repeat_n('\n', between.unwrap_or_default()));
        }
        self.batch.records.push_str(&on_one_line(record));
        self.batch.records.push('\n');
        self.batch.count += 1;
    }

    /// Adds a record that is not to be mapped.
    pub(super) fn refuse(&mut self, refused: RefusedRecord) {
        if !self.has_nothing() && self.is_full(refused.record.len()) {
            self.finish();
        }
        self.refused_bytes += refused.record.len();
        self.batch.refused.push(refused);
    }

    /// Whether a record of `more` bytes would be too much.
    fn is_full(&self, more: usize) -> bool {
        let Batch { count, records, refused, .. } = &self.batch;
        count + refused.len() >= self.limits.records || records.len() + self.refused_bytes + more > self.limits.bytes
    }

    fn has_nothing(&self) -> bool {
        self.batch.count == 0 && self.batch.refused.is_empty()
    }

    /// How many line feeds have to be put before a record, so that its place in the batch is that in the file; none
    /// when it cannot be in the same batch.
    fn between(&self, offset: Option<u64>) -> Option<usize> {
        let (Some(first), Some(offset)) = (self.batch.offset, offset) else {
            return (self.batch.offset == offset).then_some(0);
        };
        let between = offset.checked_sub(first + self.batch.records.len() as u64)?;
        if between > MOST_BETWEEN { None } else { usize::try_from(between).ok() }
    }

    /// Whether there is nothing in the batch that is put together.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.count == 0
    }

    /// Says in which line the next record begins, which is the first of its batch.
    pub(super) fn begin(&mut self, line: u64) {
        self.batch.line = line;
    }

    /// Everything that was added is read up to there: says so of the batches that are not taken yet.
    pub(super) fn reached(&mut self, position: Position) {
        self.batch.after = position;
    }

    /// Ends the batch that is put together.
    pub(super) fn finish(&mut self) {
        if !self.has_nothing() {
            self.refused_bytes = 0;
            let after = self.batch.after;
            self.ready.push_back(std::mem::take(&mut self.batch));
            self.batch.after = after;
            self.batch.line = after.line;
        }
    }

    /// Takes a batch that is full, or ended.
    pub(super) fn take(&mut self) -> Option<Batch> {
        if self.is_full(1) {
            self.finish();
        }
        self.ready.pop_front()
    }
}
