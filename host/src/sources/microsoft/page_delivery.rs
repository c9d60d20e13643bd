//! A page on its way: its batches, and what is noted with each.

use std::collections::VecDeque;

use crate::{
    ledger::{Delivered, DetailsNote, Ledger, LedgerError, Mark, PageDone, PastDone, Window},
    pipeline::{Checkpoint, RecordBatch, Summary},
};

/// A page on its way. The last of its batches is noted together with the page.
pub(super) struct PageDelivery {
    /// Those that nobody has been given.
    batches: VecDeque<RecordBatch>,
    /// How many are not in the ledger.
    left: usize,
    /// What was counted of its rows, and the documents that are delivered.
    pub(super) summary: Summary,
    /// What of its window is covered.
    pub(super) window: Window,
    /// The window that is done with it.
    pub(super) done: Option<WindowEnd>,
}

/// A window that is done.
pub(super) struct WindowEnd {
    /// What was asked for.
    pub(super) asked: Window,
    /// How many pages it had.
    pub(super) pages: u32,
}

impl PageDelivery {
    /// `summary` is what was counted of its rows; `done` is the window that is done with it.
    pub(super) fn new(batches: Vec<RecordBatch>, summary: Summary, window: Window, done: Option<WindowEnd>) -> Self {
        Self { left: batches.len(), batches: batches.into(), summary, window, done }
    }

    /// The next batch.
    pub(super) fn next_batch(&mut self) -> Option<RecordBatch> {
        self.batches.pop_front()
    }

    /// A batch is in the ledger. Says whether the page is.
    pub(super) fn batch_committed(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }
}

/// Rows of a page that is not delivered in full.
pub(super) struct RowsCheckpoint {
    pub(super) rows: Vec<Delivered>,
    /// What they mean for their details.
    pub(super) details: Vec<DetailsNote>,
}

impl Checkpoint for RowsCheckpoint {
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_rows(source, &self.rows, &self.details, marks)
    }
}

/// A page, and those of its rows that are not noted before.
pub(super) struct PageCheckpoint {
    pub(super) page: PageDone,
    /// What its rows mean for their details.
    pub(super) details: Vec<DetailsNote>,
}

impl Checkpoint for PageCheckpoint {
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_page_with(source, &self.page, &self.details, marks)
    }
}

/// The details of a delivery.
pub(super) struct DetailsCheckpoint {
    /// What its row is known by.
    pub(super) key: [u8; 16],
    /// Its status.
    pub(super) status: String,
}

impl Checkpoint for DetailsCheckpoint {
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_details(source, self.key, &self.status, marks)
    }
}

/// A part of a range of the past.
pub(super) struct PastCheckpoint(pub(super) PastDone);

impl Checkpoint for PastCheckpoint {
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_past(source, &self.0, marks)
    }
}
