//! What the pipeline asks of a source that can be asked for a range of time.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    range_reading::RangeReading, trace_query::TraceQuery, traced_details::TracedDetails, traced_row::TracedRow,
};
use crate::{
    ledger::Gap,
    pipeline::{
        error::RunError, source::Source, source_error::SourceError, source_identity::SourceIdentity,
        source_run::SourceRun,
    },
};

/// The settings of a source, of any kind, that can be asked for a range of time.
pub(crate) trait Queryable: Send + Sync {
    /// Whose mail it is.
    fn tenant(&self) -> &str;

    /// How far back it answers.
    fn keeps(&self) -> Duration;

    /// Gets a search ready; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name.
    fn search(&self, query: &TraceQuery) -> Result<Box<dyn Search>, SourceError>;

    /// Gets a range ready to be read as a source of its own; nothing is sent yet. Its polls are over when the range is
    /// read, and they leave the request budget to others first.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name.
    fn read_range(&self, identity: Arc<SourceIdentity>, reading: RangeReading) -> Result<Box<dyn Source>, SourceError>;
}

/// A search for mail, page by page, the newest first.
#[async_trait]
pub(crate) trait Search: Send {
    /// The matching rows of the next page; `None` at the end. After an error it goes on where it was.
    ///
    /// # Errors
    ///
    /// When the page cannot be read. A [`RunError::Source`] says whether asking again may help.
    async fn next(&mut self, context: &SourceRun) -> Result<Option<Vec<TracedRow>>, RunError>;

    /// The steps of a delivery that it has found. After an error, asking again is possible.
    ///
    /// # Errors
    ///
    /// When they cannot be read, but may be later. That there are none is not an error.
    async fn details(&mut self, row: &TracedRow, context: &SourceRun) -> Result<TracedDetails, RunError>;

    /// How many pages it has requested.
    fn requests(&self) -> u32;

    /// Times of receipt that the service could not be asked for, and why.
    fn unread(&self) -> &[Gap];
}
