//! What became of the messages of a transaction: the client reports it message by message, from its own thread.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaErrorCode;

use crate::kafka::DeliveryTicket;

/// What the client reports of the messages of a transaction.
#[derive(Debug, Default)]
pub(super) struct TransactionReports {
    state: Mutex<TransactionState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct TransactionState {
    waiting: usize,
    /// The highest offset of a row of the ledger.
    last_row: Option<i64>,
    refused: Vec<(RowOrDocument, RDKafkaErrorCode)>,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowOrDocument {
    /// A row of the ledger.
    Row,
    /// A document: which of those that go along it is of, and its place there.
    Document(usize, usize),
}

/// What goes with a message and comes back with its report.
pub(super) struct TransactionTicket {
    pub(super) origin: RowOrDocument,
    pub(super) reports: Arc<TransactionReports>,
}

impl TransactionReports {
    /// A message is on its way.
    pub(super) fn begin(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting += 1;
    }

    /// A message is not on its way after all.
    pub(super) fn take_back(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = state.waiting.saturating_sub(1);
    }

    fn end(&self, origin: RowOrDocument, result: Result<i64, RDKafkaErrorCode>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = state.waiting.saturating_sub(1);
        match result {
            Ok(offset) if origin == RowOrDocument::Row => state.last_row = state.last_row.max(Some(offset)),
            Ok(_) => {}
            Err(code) => state.refused.push((origin, code)),
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until something became of every message; says whether that is so in time.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let began = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.waiting > 0 {
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The highest offset of a row of the ledger.
    pub(super) fn last_row(&self) -> Option<i64> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).last_row
    }

    /// What was refused, and why.
    pub(super) fn refused(&self) -> Vec<(RowOrDocument, RDKafkaErrorCode)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }
}

impl DeliveryTicket for TransactionTicket {
    fn delivered(self, result: Result<i64, RDKafkaErrorCode>) {
        self.reports.end(self.origin, result);
    }
}
