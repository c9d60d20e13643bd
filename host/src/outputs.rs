//! Where documents go.
//!
//! Does not ask again, and knows no ledger; `pipeline` decides when, and keeps positions.

mod compress;
mod credentials;
mod documents;
mod elasticsearch;
mod file;
mod http;
mod progress;
mod request_error;
mod requests;
mod sender;
mod stdout;
mod suspects;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use elasticsearch::{Elasticsearch, Flavor, Resource, resources};
pub use file::{FileOutput, written_files};
pub use http::Http;
pub use request_error::RequestError;
pub use stdout::Stdout;

use crate::{mapper::MappedBatch, support::finding::Finding};

/// Somewhere that documents go.
pub enum Output {
    /// Standard output, or whatever else takes lines.
    Stdout(Stdout),
    /// A data stream of Elasticsearch or OpenSearch.
    Elasticsearch(Box<Elasticsearch>),
    /// Whatever takes documents over HTTP.
    Http(Box<Http>),
    /// A file.
    File(Box<FileOutput>),
}

/// What an examination may do, and what it needs to know for hints.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The settings file, for commands in hints.
    pub settings: &'a Path,
    /// Whether `http` outputs may be sent a request without documents.
    pub may_post: bool,
}

/// The last bytes of a file, up to a kilobyte, by which it is known again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tail {
    /// How many bytes; none when nothing is known of them.
    pub length: u64,
    /// Half of their SHA-256.
    pub hash: [u8; 16],
}

/// How far a file is written, as the ledger keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of the device that the file is on.
    pub device: u64,
    /// Number of the file on its device.
    pub inode: u64,
    /// Length in bytes.
    pub length: u64,
    /// When the file was begun: milliseconds since 1970.
    pub began: i64,
    /// What stands before `length`.
    pub tail: Tail,
}

/// What an output says of a batch that it has accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Documents that it had already, so that nothing was written.
    pub duplicates: u64,
    /// Documents that it will never take: they go to the dead letter.
    pub rejected: Vec<RejectedDocument>,
}

/// A document that an output will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedDocument {
    /// Its place among the outcomes of the batch.
    pub outcome: usize,
    /// Why, for people.
    pub reason: String,
}

/// Why documents could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The stream takes no more.
    #[error("could not write documents to {name}")]
    Write {
        /// Which stream.
        name: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A host did not take them.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A file cannot be used.
    #[error("could not {action} `{}`", path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl OutputError {
    /// Whether delivering the same batch again may succeed without a person doing something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Write { .. } => false,
            Self::Request(error) => error.is_transient(),
            // A full disk gets room again.
            Self::File { source, .. } => !matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied
                    | io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::IsADirectory
                    | io::ErrorKind::ReadOnlyFilesystem
            ),
        }
    }

    /// Whether the output is gone for good, so that asking again is no use even if a person does something.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    /// When the output wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Write { .. } | Self::File { .. } => None,
            Self::Request(error) => error.retry_after(),
        }
    }
}

impl Output {
    /// Whether it would take documents: every question with its answer. Delivers none.
    pub async fn examine(&mut self, asking: &Asking<'_>) -> Vec<Finding> {
        match self {
            Self::Stdout(_) => vec![Finding::ok("stream", "documents go to standard output")],
            Self::Elasticsearch(elasticsearch) => elasticsearch.examine(asking).await,
            Self::Http(http) => http.examine(asking).await,
            Self::File(file) => file.examine(),
        }
    }

    /// Delivers all documents of a batch; when it returns, they are accepted.
    ///
    /// # Errors
    ///
    /// When not all of them are accepted: then the batch has to be delivered again.
    pub async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        match self {
            Self::Stdout(stdout) => stdout.deliver(batch),
            Self::Elasticsearch(elasticsearch) => Ok(elasticsearch.deliver(batch).await?),
            Self::Http(http) => Ok(http.deliver(batch).await?),
            Self::File(file) => file.deliver(batch),
        }
    }

    /// Gets ready to deliver; gives the position of what it has begun, which has to be in the ledger before anything
    /// is delivered.
    ///
    /// # Errors
    ///
    /// When it cannot be got ready.
    pub fn prepare(&mut self) -> Result<Option<Position>, OutputError> {
        match self {
            Self::Stdout(_) | Self::Elasticsearch(_) | Self::Http(_) => Ok(None),
            Self::File(file) => file.prepare(),
        }
    }

    /// How far it is written, if that has to be in the ledger before anything else is delivered.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Stdout(_) | Self::Elasticsearch(_) | Self::Http(_) => None,
            Self::File(file) => file.position(),
        }
    }

    /// Hears of the position that the ledger has, before anything is delivered.
    pub fn recover(&mut self, position: Position) {
        match self {
            Self::Stdout(_) | Self::Elasticsearch(_) | Self::Http(_) => {}
            Self::File(file) => file.recover(position),
        }
    }

    /// Hears that what was delivered is in the ledger, and does what is left to do then: at the start as well, for a run
    /// that was killed before it had.
    pub fn noted(&mut self) {
        match self {
            Self::Stdout(_) | Self::Elasticsearch(_) | Self::Http(_) => {}
            Self::File(file) => file.noted(),
        }
    }

    /// Whether it has a position, so that only one batch at a time may be on its way to the ledger.
    pub fn has_position(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

#[cfg(test)]
mod tests;
