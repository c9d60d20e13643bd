//! Whether somebody maps records of a source: only then instances wait for them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many map records of a source. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct Demand(Arc<AtomicUsize>);

impl Demand {
    /// Instances wait for work for ever.
    pub(crate) fn lasting() -> Self {
        Self(Arc::new(AtomicUsize::new(1)))
    }

    /// Nobody maps records so far.
    pub(crate) fn none() -> Self {
        Self(Arc::default())
    }

    /// Somebody maps records from now on.
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody maps no more records; says whether nobody is left.
    pub(crate) fn end(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Whether somebody maps records.
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}
