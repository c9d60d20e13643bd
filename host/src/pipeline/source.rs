//! What the loop asks of a source. Every kind in `sources` answers it; the pipeline knows none of them.
//!
//! A source does not deliver, and waits only for its own limits: the loop decides when it is asked again.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;

use super::{
    delivery::Committed, error::RunError, progress::WatchedSource, record_batch::RecordBatch, source_run::SourceRun,
    summary::Summary,
};

/// Where records come from.
#[async_trait]
pub(crate) trait Source: Send {
    /// How long to wait between polls.
    fn interval(&self) -> Duration;

    /// Gets ready, before anything else is asked of it.
    ///
    /// # Errors
    ///
    /// When the source cannot be used in this run.
    async fn begin(&mut self, _context: &SourceRun) -> Result<(), RunError> {
        Ok(())
    }

    /// The next batch; `None` at the end of a poll. May be given up at any time while it waits: nothing is half done then.
    ///
    /// # Errors
    ///
    /// When the batch cannot be read. A [`RunError::Source`] says whether asking again may help.
    async fn next(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError>;

    /// The batch behind the one that it gave last, which is not in the ledger yet; `None` when it cannot be read before
    /// that. Nothing may be noted for it: it is given up when the one in front of it fails, or the run stops and the source
    /// has not [read it together with that](Self::has_read_ahead).
    ///
    /// # Errors
    ///
    /// When the source cannot go on.
    async fn read_ahead(&mut self, _context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        Ok(None)
    }

    /// The files that it reads its secrets from. When one changes, what failed is tried again at once.
    fn secret_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether batches that are not in the ledger were read together with the last one: they are delivered before the run
    /// stops.
    fn has_read_ahead(&self) -> bool {
        false
    }

    /// Hears that a batch is in the ledger: of those that it gave, the first of which it has not heard.
    fn committed(&mut self, _committed: &Committed, _context: &SourceRun) {}

    /// Hears that a batch that it gave, and all behind it, are not in the ledger, which knows best how far it went.
    fn rewind(&mut self) {}

    /// Tells those who watch how it is doing, after it has answered, and when a batch is in the ledger.
    fn report_health(&self, context: &SourceRun) {
        context.working();
    }

    /// What it has counted besides documents since this was asked last.
    fn take_summary(&mut self) -> Summary {
        Summary::default()
    }

    /// Lets somebody watch how far it comes; `None` when nobody can know how much there will be.
    fn watch(&self) -> Option<WatchedSource> {
        None
    }
}
