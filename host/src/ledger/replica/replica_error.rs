//! Why changes do not count elsewhere.

use std::{error::Error, fmt};

/// Why changes do not count elsewhere.
#[derive(Debug)]
pub(crate) struct ReplicaError {
    /// Why.
    pub cause: Box<dyn Error + Send + Sync>,
    /// What nobody will ever take of what went along: without it the rest counts.
    pub refused: Option<RefusedPart>,
    /// Whether it is certain that the transaction does not count. If not, the ledger is read again.
    pub is_undone: bool,
}

impl fmt::Display for ReplicaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(formatter)
    }
}

impl Error for ReplicaError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

/// What nobody will ever take of what goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedPart {
    /// Which of those that go along.
    pub companion: usize,
    /// The places in it.
    pub places: Vec<usize>,
    /// Why, for people.
    pub reason: String,
}
