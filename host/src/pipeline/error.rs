//! Why a run ended.

use std::time::Duration;

use tokio::task::JoinError;

use super::OutputError;
pub(super) use crate::support::error_text::chain;
use crate::{
    ledger::LedgerError,
    mapper::MapperError,
    pipeline::dead_letter::DeadLetterError,
    sources::{file::FileError, microsoft::PollError},
};

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A page could not be had.
    #[error("could not collect from `{name}`")]
    Poll {
        /// Which source.
        name: String,
        /// Why.
        #[source]
        source: PollError,
    },
    /// A file could not be read.
    #[error("could not collect from `{name}`")]
    File {
        /// Which source.
        name: String,
        /// Why.
        #[source]
        source: FileError,
    },
    /// The mapping component failed.
    #[error("could not map a page")]
    Map(#[from] MapperError),
    /// The thread that maps ended.
    #[error("could not wait for a page to be mapped")]
    Worker(#[from] JoinError),
    /// An output failed.
    #[error("could not deliver to `{name}`")]
    Output {
        /// Which output.
        name: String,
        /// Why.
        #[source]
        source: OutputError,
    },
    /// Told to stop while an output was down.
    #[error("stopped before `{name}` had accepted a page")]
    Abandoned {
        /// Which output.
        name: String,
    },
    /// What cannot be delivered cannot be kept either.
    #[error("could not keep what cannot be delivered")]
    DeadLetter(#[from] DeadLetterError),
    /// The ledger failed.
    #[error("could not note what is done")]
    Ledger(#[from] LedgerError),
}

impl RunError {
    /// Whether the same request may succeed soon.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Poll { source, .. } if source.is_transient())
    }

    /// When the service wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Poll { source, .. } => source.retry_after(),
            _ => None,
        }
    }
}
