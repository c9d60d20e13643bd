//! What Elasticsearch answers to `_bulk`, read leniently: only what is needed.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::Value;

use crate::support::scrub::shown;

/// The answer to `_bulk`.
#[derive(Deserialize)]
pub(super) struct BulkAnswer {
    /// One per document, in order.
    pub(super) items: Vec<BulkItem>,
}

/// What became of one document: below the name of what was done, `create`.
#[derive(Deserialize)]
#[serde(try_from = "BTreeMap<String, BulkAction>")]
pub(super) struct BulkItem(BulkAction);

#[derive(Deserialize)]
struct BulkAction {
    status: u16,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    failure_store: Value,
}

impl TryFrom<BTreeMap<String, BulkAction>> for BulkItem {
    type Error = &'static str;

    fn try_from(mut actions: BTreeMap<String, BulkAction>) -> Result<Self, Self::Error> {
        actions.pop_first().map(|(_, done)| Self(done)).ok_or("nothing was done")
    }
}

impl BulkItem {
    pub(super) fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether it was put aside, where the mapping of fields does not count.
    pub(super) fn is_in_failure_store(&self) -> bool {
        self.0.failure_store == "used"
    }

    pub(super) fn refusal(&self) -> DocumentRefusal<'_> {
        DocumentRefusal { status: self.0.status, error: &self.0.error }
    }
}

/// Why a document was not stored. What it says may show parts of the document: for the dead letter, not for logs.
pub(super) struct DocumentRefusal<'a> {
    status: u16,
    error: &'a Value,
}

impl DocumentRefusal<'_> {
    /// Whether the ingest pipeline of the settings is missing.
    pub(super) fn is_of_the_pipeline(&self) -> bool {
        self.error["reason"].as_str().is_some_and(|reason| reason.starts_with("pipeline with id ["))
    }

    /// The kind: a word of Elasticsearch, for logs.
    pub(super) fn kind(&self) -> String {
        let kind = self.error["type"].as_str().unwrap_or("no reason given");
        let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.' | ' ');
        kind.chars().filter(|it| is_word(*it)).take(80).collect()
    }
}

impl fmt::Display for DocumentRefusal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status)?;
        let error = self.error;
        for part in [error, &error["type"], &error["reason"], &error["caused_by"]["reason"]] {
            if let Some(text) = part.as_str() {
                write!(formatter, ": {}", shown(text))?;
            }
        }
        Ok(())
    }
}
