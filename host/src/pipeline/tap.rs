//! Shows documents to `exotrace tap`, as they are handed to the outputs.
//!
//! Never slows a delivery: a batch is shared, not copied, and left out where a watcher does not keep up. Knows nothing of
//! documents; who watches chooses among them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::mapper::MappedBatch;

/// Maximum number of simultaneous watchers.
const MAX_TAPS: usize = 4;

/// Maximum number of batches that wait for one watcher.
const MAX_BATCHES: usize = 256;

/// Maximum size of the documents that wait for one watcher, in bytes; a single batch may be larger.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// All taps are taken.
#[derive(Debug, thiserror::Error)]
#[error("{MAX_TAPS} commands show documents already, and there are no more at a time\nhint: end one of them")]
pub(crate) struct TapsTaken;

/// Where documents pass, and those who watch them. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Taps {
    shared: Arc<SharedTaps>,
}

#[derive(Default)]
struct SharedTaps {
    /// How many watch: read for every batch, so that nothing else is done where nobody does.
    count: AtomicUsize,
    watchers: Mutex<Vec<Watcher>>,
}

/// Somebody who watches, as those see it who deliver.
struct Watcher {
    /// The sources that are watched; none: all.
    sources: Vec<String>,
    queue: Sender<TappedBatch>,
    state: Arc<TapState>,
}

#[derive(Default)]
struct TapState {
    /// Size of the documents that wait.
    waiting: AtomicUsize,
    /// Documents that were left out, and not told yet.
    left_out: AtomicU64,
}

/// A batch that passes.
#[derive(Clone)]
pub(crate) struct TappedBatch {
    /// The source that its records are from.
    pub(crate) source: String,
    /// Its documents.
    pub(crate) mapped: Arc<MappedBatch>,
}

/// Shows the documents that pass from now on.
pub(crate) struct Tap {
    queue: Receiver<TappedBatch>,
    state: Arc<TapState>,
    taps: Taps,
}

impl Taps {
    /// Begins to watch these sources, or all.
    ///
    /// # Errors
    ///
    /// When too many watch already.
    pub(crate) fn watch(&self, sources: Vec<String>) -> Result<Tap, TapsTaken> {
        let mut watchers = self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if watchers.len() >= MAX_TAPS {
            return Err(TapsTaken);
        }
        let (sender, queue) = channel(MAX_BATCHES);
        let state = Arc::<TapState>::default();
        watchers.push(Watcher { sources, queue: sender, state: Arc::clone(&state) });
        self.shared.count.store(watchers.len(), Ordering::Relaxed);
        Ok(Tap { queue, state, taps: self.clone() })
    }

    /// Shows a batch to those who watch its source; waits for nobody.
    pub(super) fn offer(&self, source: &str, mapped: &Arc<MappedBatch>) {
        if self.shared.count.load(Ordering::Relaxed) == 0 || mapped.documents.is_empty() {
            return;
        }
        for watcher in &*self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner) {
            watcher.offer(source, mapped);
        }
    }
}

impl Watcher {
    fn offer(&self, source: &str, mapped: &Arc<MappedBatch>) {
        if !self.sources.is_empty() && !self.sources.iter().any(|wanted| wanted == source) {
            return;
        }
        let (waiting, size) = (self.state.waiting.load(Ordering::Relaxed), mapped.documents.len());
        let has_room = waiting == 0 || waiting.saturating_add(size) <= MAX_BYTES;
        let batch = || TappedBatch { source: source.to_owned(), mapped: Arc::clone(mapped) };
        // Counted first: it may be taken before this goes on.
        self.state.waiting.fetch_add(size, Ordering::Relaxed);
        if !has_room || self.queue.try_send(batch()).is_err() {
            self.state.waiting.fetch_sub(size, Ordering::Relaxed);
            let documents = mapped.outcomes.iter().filter(|outcome| outcome.has_document()).count();
            self.state.left_out.fetch_add(documents as u64, Ordering::Relaxed);
        }
    }
}

impl Tap {
    /// The next batch that passes.
    pub(crate) async fn next(&mut self) -> Option<TappedBatch> {
        let batch = self.queue.recv().await?;
        self.state.waiting.fetch_sub(batch.mapped.documents.len(), Ordering::Relaxed);
        Some(batch)
    }

    /// How many documents were left out since this was asked last.
    pub(crate) fn left_out(&self) -> u64 {
        self.state.left_out.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let shared = &self.taps.shared;
        let mut watchers = shared.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| !Arc::ptr_eq(&watcher.state, &self.state));
        shared.count.store(watchers.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(documents: usize, bytes: usize) -> Arc<MappedBatch> {
        let ids: Vec<_> = (0..documents).map(|id| id.to_string()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        Arc::new(MappedBatch { documents: "x".repeat(bytes), ..MappedBatch::of_ids(&ids) })
    }

    #[tokio::test]
    async fn who_watches_sees_the_batches_of_its_sources() {
        let taps = Taps::default();
        taps.offer("graph", &batch(1, 1));
        let mut all = taps.watch(Vec::new()).unwrap();
        let mut files = taps.watch(vec!["files".to_owned()]).unwrap();
        for source in ["graph", "files"] {
            taps.offer(source, &batch(1, 1));
        }
        assert_eq!(all.next().await.unwrap().source, "graph");
        assert_eq!(all.next().await.unwrap().source, "files");
        assert_eq!(files.next().await.unwrap().source, "files");
        assert_eq!((all.left_out(), files.left_out()), (0, 0));
    }

    #[tokio::test]
    async fn what_a_slow_watcher_does_not_take_is_counted_and_never_waited_for() {
        let taps = Taps::default();
        let mut tap = taps.watch(Vec::new()).unwrap();
        // One batch is always taken, however large.
        taps.offer("graph", &batch(10, MAX_BYTES + 1));
        taps.offer("graph", &batch(7, 1));
        assert_eq!((tap.left_out(), tap.left_out()), (7, 0));
        assert_eq!(tap.next().await.unwrap().mapped.outcomes.len(), 10);
        for _ in 0..MAX_BATCHES + 3 {
            taps.offer("graph", &batch(1, 1));
        }
        assert_eq!(tap.left_out(), 3);
    }

    #[test]
    fn watchers_are_few_and_make_room_when_they_go() {
        let taps = Taps::default();
        let mut watching: Vec<_> = (0..MAX_TAPS).map(|_| taps.watch(Vec::new()).unwrap()).collect();
        let error = taps.watch(Vec::new()).err().unwrap().to_string();
        assert!(error.starts_with("4 commands show documents already"), "{error}");
        watching.pop();
        assert!(taps.watch(Vec::new()).is_ok());
        drop(watching);
        assert_eq!(taps.shared.count.load(Ordering::Relaxed), 0);
    }
}
