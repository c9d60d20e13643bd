//! What became of one record.

use chrono::{DateTime, Utc};

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Mapped in full.
    Mapped {
        /// The document's `_id`.
        id: String,
        /// Names the delivery, one message to one recipient, through all its statuses.
        delivery_id: String,
        /// The document's `@timestamp`.
        timestamp: DateTime<Utc>,
        /// Length of the document in bytes, without its line feed.
        length: u32,
    },
    /// Dropped on purpose; there is no document.
    Dropped(DropReason),
    /// The component stopped at this record, every time; there is no document, and the reason is for people.
    Rejected(String),
    /// Mapped in part; the document says what is wrong.
    Failed {
        /// The document's `_id`.
        id: String,
        /// Names the delivery, when the record says which it is.
        delivery_id: Option<String>,
        /// The time in the record, if it has one.
        timestamp: Option<DateTime<Utc>>,
        /// The first thing that is wrong.
        reason: FailureReason,
        /// Length of the document in bytes, without its line feed.
        length: u32,
    },
}

impl Outcome {
    /// The time of its document, if there is one.
    pub(crate) fn timestamp(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Mapped { timestamp, .. } => Some(*timestamp),
            Self::Failed { timestamp, .. } => *timestamp,
            Self::Dropped(_) | Self::Rejected(_) => None,
        }
    }

    /// The `_id` of its document, if there is one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Mapped { id, .. } | Self::Failed { id, .. } => Some(id),
            Self::Dropped(_) | Self::Rejected(_) => None,
        }
    }

    /// What names the delivery that the record tells of, if there is a document and it is known.
    pub fn delivery_id(&self) -> Option<&str> {
        match self {
            Self::Mapped { delivery_id, .. } => Some(delivery_id),
            Self::Failed { delivery_id, .. } => delivery_id.as_deref(),
            Self::Dropped(_) | Self::Rejected(_) => None,
        }
    }

    /// The length of its document in bytes, if there is one.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Mapped { length, .. } | Self::Failed { length, .. } => Some(*length as usize),
            Self::Dropped(_) | Self::Rejected(_) => None,
        }
    }

    /// Whether there is a document.
    pub(crate) fn has_document(&self) -> bool {
        matches!(self, Self::Mapped { .. } | Self::Failed { .. })
    }
}

/// Why a record was dropped on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It is the envelope of a page that has no rows.
    EmptyPage,
    /// Its status is one of those to drop.
    Status,
}

/// The first thing that is wrong with a record, as `wit/mapper.wit` explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "explained in wit/mapper.wit")]
pub enum FailureReason {
    NotJson,
    NotAnObject,
    TooLong,
    TooDeep,
    PageNotSplit,
    MissingDate,
    InvalidDate,
    InvalidAddress,
    InvalidIp,
    InvalidType,
    UnsupportedKind,
}
