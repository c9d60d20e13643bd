//! Stopping where nothing is half done.

use std::future::Future;

use tokio::sync::watch;

/// Told to stop, or not yet.
pub(super) struct Shutdown {
    told: watch::Receiver<bool>,
}

impl Shutdown {
    pub(super) fn new(told: watch::Receiver<bool>) -> Self {
        Self { told }
    }

    /// Whether it is told to.
    pub(super) fn is_told(&self) -> bool {
        *self.told.borrow()
    }

    /// What `work` comes to; `None` when told to stop before it is done: it is given up then, and nothing more is to
    /// be begun.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            // In this order, or a source that always has a page would not be stopped.
            biased;
            // An error means that nobody is left to tell.
            _ = self.told.wait_for(|told| *told) => None,
            done = work => Some(done),
        }
    }
}
