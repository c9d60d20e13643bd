//! Stopping where nothing is half done.

use std::{future::Future, pin::Pin};

/// Told to stop, or not yet.
pub(super) struct Shutdown<S> {
    signal: Pin<Box<S>>,
}

impl<S: Future<Output = ()>> Shutdown<S> {
    pub(super) fn new(signal: S) -> Self {
        Self { signal: Box::pin(signal) }
    }

    /// What `work` comes to; `None` when told to stop before it is done: it is given up then, and nothing more is to
    /// be begun.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            // In this order, or a source that always has a page would not be stopped.
            biased;
            () = &mut self.signal => None,
            done = work => Some(done),
        }
    }
}
