//! Documents on standard output, one a line.

use std::io::{self, Write};

use async_trait::async_trait;

use crate::{
    mapper::MappedBatch,
    pipeline::{ExamineOptions, Outlook, Output, OutputError, OutputSettings, Receipt},
    support::finding::Finding,
};

/// The stream takes no more.
#[derive(Debug, thiserror::Error)]
#[error("could not write documents to standard output")]
struct WriteError(#[source] io::Error);

mod settings;

pub(crate) use settings::StdoutConfig;

/// Writes documents, one a line.
pub(crate) struct StdoutOutput {
    stream: Box<dyn Write + Send>,
}

impl StdoutOutput {
    /// Writes to standard output.
    pub(crate) fn new() -> Self {
        Self::to(Box::new(io::stdout()))
    }

    /// Writes to another stream.
    pub(crate) fn to(stream: Box<dyn Write + Send>) -> Self {
        Self { stream }
    }
}

impl OutputSettings for StdoutConfig {
    fn kind(&self) -> &'static str {
        "stdout"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(StdoutOutput::new()))
    }

    fn default_name(&self) -> String {
        "stdout".to_owned()
    }
}

#[async_trait]
impl Output for StdoutOutput {
    async fn examine(&mut self, _: &ExamineOptions<'_>) -> Vec<Finding> {
        vec![Finding::ok("stream", "documents go to standard output")]
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        let written = self.stream.write_all(batch.documents.as_bytes()).and_then(|()| self.stream.flush());
        written.map_err(|error| OutputError::new(WriteError(error), Outlook::Final))?;
        Ok(Receipt::default())
    }
}

impl Default for StdoutOutput {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, path::Path};

    use super::*;
    use crate::support::finding::Verdict;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_can_be_told_apart() {
        let batch = MappedBatch { documents: "{}\n".to_owned(), ..MappedBatch::default() };
        let error = StdoutOutput::to(Box::new(Closed)).deliver(&batch).await.unwrap_err();
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
        assert!(error.is_final() && !error.is_transient());
        let options = ExamineOptions { settings: Path::new("exotrace.toml"), may_post: false };
        assert_eq!(StdoutOutput::new().examine(&options).await[0].verdict, Verdict::Ok);
    }
}
