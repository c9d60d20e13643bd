//! What became of the messages of a batch: the client reports it message by message, from its own thread.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::Notify;

use crate::kafka::DeliveryTicket;

/// What the client reports of the messages of a batch.
#[derive(Debug, Default)]
pub(super) struct Reports {
    state: Mutex<ReportsState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct ReportsState {
    /// Messages that nothing is known of yet.
    waiting: usize,
    /// The places of those that were refused, and why.
    refused: Vec<(usize, RDKafkaErrorCode)>,
}

impl Reports {
    /// A message is on its way.
    pub(super) fn begin(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting += 1;
    }

    /// Something became of a message.
    pub(super) fn end(&self, place: usize, refused: Option<RDKafkaErrorCode>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = state.waiting.saturating_sub(1);
        state.refused.extend(refused.map(|code| (place, code)));
        drop(state);
        self.changed.notify_waiters();
    }

    /// How many messages nothing is known of yet.
    pub(super) fn waiting(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting
    }

    /// Waits until nothing is known of that many messages at most.
    pub(super) async fn at_most(&self, waiting: usize) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.waiting() <= waiting {
                return;
            }
            changed.await;
        }
    }

    /// Whether something was refused.
    pub(super) fn has_refused(&self) -> bool {
        !self.state.lock().unwrap_or_else(PoisonError::into_inner).refused.is_empty()
    }

    /// What was refused, in order.
    pub(super) fn take_refused(&self) -> Vec<(usize, RDKafkaErrorCode)> {
        let mut refused = std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).refused);
        refused.sort_by_key(|(place, _)| *place);
        refused
    }
}

/// What goes with a message and comes back with its report.
pub(super) struct Ticket {
    pub(super) place: usize,
    pub(super) reports: Arc<Reports>,
}

impl DeliveryTicket for Ticket {
    fn delivered(self, result: Result<i64, RDKafkaErrorCode>) {
        self.reports.end(self.place, result.err());
    }
}
