//! What the pipeline asks of an output that can say which documents it has.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::output_error::OutputError;
use crate::ledger::Window;

/// An output that can say which documents it has.
#[async_trait]
pub(crate) trait Inventory: Send {
    /// Those of the ids that it has a document of, in the data stream of that namespace, or in its own.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    async fn find(&mut self, namespace: Option<&str>, ids: &[&str]) -> Result<HashSet<String>, OutputError>;

    /// The next documents whose `@timestamp` lies in a window, with their ids; `cursor` is that of the page before, and
    /// the first page has none.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    async fn list(
        &mut self,
        namespace: Option<&str>,
        window: Window,
        cursor: Option<&str>,
    ) -> Result<StoredPage, OutputError>;
}

/// Some documents of an output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredPage {
    /// Their ids and times.
    pub documents: Vec<(String, DateTime<Utc>)>,
    /// What leads to the next page; none at the end.
    pub cursor: Option<String>,
}
