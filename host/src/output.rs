//! Where documents go.
//!
//! Does not ask again; `pipeline` decides when.

mod compress;
mod documents;
mod elasticsearch;
mod http;
mod progress;
mod request_error;
mod requests;
mod sender;
mod stdout;

use std::{io, time::Duration};

pub use elasticsearch::{Elasticsearch, Flavor, Resource, resources};
pub use http::Http;
pub use request_error::RequestError;
pub use stdout::Stdout;

use crate::mapper::MappedBatch;

/// Somewhere that documents go.
pub enum Output {
    /// Standard output, or whatever else takes lines.
    Stdout(Stdout),
    /// A data stream of Elasticsearch or OpenSearch.
    Elasticsearch(Box<Elasticsearch>),
    /// Whatever takes documents over HTTP.
    Http(Box<Http>),
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
}

impl OutputError {
    /// Whether delivering the same batch again may succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Write { .. } => false,
            Self::Request(error) => error.is_transient(),
        }
    }

    /// When the output wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Write { .. } => None,
            Self::Request(error) => error.retry_after(),
        }
    }
}

impl Output {
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
        }
    }
}

#[cfg(test)]
mod tests;
