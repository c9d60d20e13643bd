//! The number of a request.

/// The number of a request among those of its kind; the first has 0. Lots are drawn by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestNumber(pub(crate) u64);
