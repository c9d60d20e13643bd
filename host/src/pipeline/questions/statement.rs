//! What an audit states.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ledger::{AuditCounts, AuditHour, Gap};

/// What an audit states: for an auditor, without anything of the mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Statement {
    /// The source.
    pub source: String,
    /// Whose mail it is.
    pub tenant: String,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// When the service had been read.
    pub at: DateTime<Utc>,
    /// The version of exotrace.
    pub version: String,
    /// The output that was compared; none: what the ledger knows was.
    pub against: Option<String>,
    /// Whether what was missing was delivered.
    pub is_repair: bool,
    /// Whether every row of the service is delivered as it is.
    pub is_complete: bool,
    /// What was found.
    pub counts: AuditCounts,
    /// Why documents that only the store has were not counted, if they were not.
    pub only_in_store_unknown: Option<String>,
    /// Records and documents that went to the dead letter while they were repaired.
    pub dead_letters: u64,
    /// SHA-256 of the sorted ids of all documents that there should be, each with a line feed.
    pub digest: String,
    /// The same for those among them that are known to be delivered: equal when the audit is complete.
    pub digest_delivered: String,
    /// The gaps of the ledger in this range.
    pub gaps: Vec<AuditedGap>,
    /// Times of receipt that the service could not be asked for now, and why.
    pub unread: Vec<Gap>,
    /// What was found, by the hour of receipt.
    pub hours: Vec<AuditHour>,
}

/// A gap of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditedGap {
    /// The gap.
    #[serde(flatten)]
    pub gap: Gap,
    /// Whether all of it in the range was found whole, so that the ledger has it no more.
    pub is_closed: bool,
}
