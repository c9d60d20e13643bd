//! Documents on standard output, one a line.

use std::io::{self, Write};

use super::{OutputError, Receipt};
use crate::mapper::MappedBatch;

/// Writes documents, one a line.
pub struct Stdout {
    stream: Box<dyn Write + Send>,
}

impl Stdout {
    /// Writes to standard output.
    pub fn new() -> Self {
        Self::to(Box::new(io::stdout()))
    }

    /// Writes to another stream.
    pub fn to(stream: Box<dyn Write + Send>) -> Self {
        Self { stream }
    }

    pub(super) fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        let written = self.stream.write_all(batch.documents.as_bytes()).and_then(|()| self.stream.flush());
        written.map_err(|source| OutputError::Write { name: "standard output", source })?;
        Ok(Receipt::default())
    }
}

impl Default for Stdout {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_can_be_told_apart() {
        let batch = MappedBatch { documents: "{}\n".to_owned(), ..MappedBatch::default() };
        let error = Stdout::to(Box::new(Closed)).deliver(&batch).unwrap_err();
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
    }
}
