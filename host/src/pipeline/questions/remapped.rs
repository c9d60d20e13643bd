//! What somebody wants mapped again, and what came of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::MappingRef;

/// A range of kept records that somebody wants mapped again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remap {
    /// The source; may be left out when there is one.
    pub source: Option<String>,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// The mapping; none: the one that maps the source.
    pub mapping: Option<MappingRef>,
    /// The output that the documents are for; none: all.
    pub output: Option<String>,
    /// Whether records are mapped and counted alone, and nothing is delivered.
    pub is_dry_run: bool,
}

/// What came of records that were mapped again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remapped {
    /// The source.
    pub source: String,
    /// Version of the mapping.
    pub mapping: String,
    /// The output that the documents were for; none: all.
    pub output: Option<String>,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// Whether nothing was delivered.
    pub is_dry_run: bool,
    /// Records of the range, each counted once.
    pub records: u64,
    /// How often a record was there once more, and left out.
    pub repeated: u64,
    /// Documents that were delivered, since this process began with it, and what follows.
    pub documents: u64,
    /// Documents that an output had already.
    pub duplicates: u64,
    /// Documents that say what is wrong with their record.
    pub failed: u64,
    /// Records that the mapping leaves out on purpose.
    pub dropped: u64,
    /// Records and documents that went to the dead letter; of a dry run, records at which the mapping stopped.
    pub dead_letters: u64,
    /// Parts of the archive that are not what was written.
    pub damaged: u64,
}

impl Remapped {
    /// Whether nothing was left out.
    pub(crate) fn is_complete(&self) -> bool {
        self.damaged == 0 && self.dead_letters == 0
    }
}
