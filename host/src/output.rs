//! Where documents go.

mod stdout;

use std::io;

pub use stdout::Stdout;

use crate::mapper::MappedBatch;

/// Somewhere that documents go.
pub enum Output {
    /// Standard output, or whatever else takes lines.
    Stdout(Stdout),
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
}

impl Output {
    /// Delivers all documents of a batch; when it returns, they are accepted.
    ///
    /// # Errors
    ///
    /// When not all of them are accepted: then the batch has to be delivered again.
    pub fn deliver(&mut self, batch: &MappedBatch) -> Result<(), OutputError> {
        match self {
            Self::Stdout(stdout) => stdout.deliver(batch),
        }
    }
}
