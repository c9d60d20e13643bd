//! Why a run ended.

use tokio::task::JoinError;

use super::{
    archive::ArchiveError, dead_letter::DeadLetterError, output_error::OutputError, source_error::SourceError,
};
pub(super) use crate::support::error_text::chain;
use crate::{ledger::LedgerError, mapper::MapperError};

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// A source could not be read.
    #[error("could not collect from `{name}`")]
    Source {
        /// Which source.
        name: String,
        /// Why.
        #[source]
        source: SourceError,
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
    /// Somebody else reads what a batch was read from.
    #[error("source `{name}` has given away what a batch was read from")]
    Released {
        /// Which source.
        name: String,
    },
    /// What cannot be delivered cannot be kept either.
    #[error("could not write dead letters")]
    DeadLetter(#[from] DeadLetterError),
    /// What was read cannot be kept.
    #[error("could not keep raw records")]
    Archive(#[from] ArchiveError),
    /// The ledger failed.
    #[error("could not save progress to the ledger")]
    Ledger(#[from] LedgerError),
}
