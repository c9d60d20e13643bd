//! Records that stop the mapping, and documents that an output will never take: kept with the reason, one a line, for
//! `exotrace replay`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod dead_letter_file;
mod masked;
mod overview;
mod sealed;
mod waiting;

pub(crate) use dead_letter_file::{ClaimError, DeadLetterError, DeadLetterFile, claimed_path};
pub(crate) use masked::masked;
pub(crate) use overview::problem;
pub(crate) use overview::{Overview, Reason};
pub(crate) use sealed::{SealedRecord, Sealer};
pub(crate) use waiting::{DeadLetterCount, Waiting};

/// A record that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// When it was given up.
    pub time: DateTime<Utc>,
    /// The source that it was read from, by its name; letters of versions before have what the ledger knows it by.
    pub source: String,
    /// Where it was given up.
    pub stage: Stage,
    /// The output that refused it; none when the mapping did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Version of the mapping.
    pub mapping: String,
    /// Why it was given up, for people.
    pub reason: String,
    /// The `_id` of its document; none when there is no document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
    /// The file that it is a verbatim part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it begins in that file, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Its text, to the byte; empty where it is sealed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub record: String,
    /// The same, where people are hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedRecord>,
}

/// Where a record was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Its source did not take it.
    Source,
    /// The mapping stopped at it.
    Mapping,
    /// An output refused its document.
    Output,
}
