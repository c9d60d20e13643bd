//! How a range of the past is read.

use crate::ledger::Window;

/// How a range of the past is read.
#[derive(Debug, Clone)]
pub(crate) struct RangeReading {
    /// The times of receipt, both ends included.
    pub range: Window,
    /// What becomes of rows that were delivered before.
    pub rows: RangeRows,
}

/// Which rows of a range are wanted, by what the ledger knows of a source.
#[derive(Debug, Clone)]
pub(crate) enum RangeRows {
    /// Those that are new or have changed. They are delivered, and the source hears of them.
    Missing(String),
    /// The same, but nobody hears of them.
    MissingUnnoted(String),
    /// All of them, and nobody hears of them.
    All,
}

impl RangeRows {
    /// The source whose rows are left out.
    pub(crate) fn left_out(&self) -> Option<&str> {
        match self {
            Self::Missing(source) | Self::MissingUnnoted(source) => Some(source),
            Self::All => None,
        }
    }

    /// The source that hears of rows.
    pub(crate) fn told(&self) -> Option<&str> {
        match self {
            Self::Missing(source) => Some(source),
            Self::MissingUnnoted(_) | Self::All => None,
        }
    }
}
