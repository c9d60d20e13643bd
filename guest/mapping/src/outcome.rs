//! What goes in beside the records, and what comes out beside the documents.

use crate::failure::FailureReason;

/// Where a batch of records was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// When the records were read, in milliseconds since 1970-01-01T00:00:00Z, if that is to show in the documents.
    pub read_at: Option<i64>,
    /// The file that the batch is a verbatim part of, if it was one.
    pub file: Option<FilePosition>,
}

/// Where a batch begins in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePosition {
    /// Path of the file, for `log.file.path`.
    pub path: String,
    /// Offset in bytes of the batch's first byte, for `log.offset`.
    pub offset: u64,
}

/// The answer to one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedBatch {
    /// The documents in the order of their records, each followed by one line feed. UTF-8.
    pub documents: Vec<u8>,
    /// One outcome per record, in the order of the records.
    pub outcomes: Vec<Outcome>,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Mapped in full.
    Mapped {
        /// The document's `_id`.
        id: String,
        /// What names the delivery, one message to one recipient, through all its statuses: 28 characters of Base64.
        delivery_id: String,
        /// The document's `@timestamp`, in milliseconds since 1970-01-01T00:00:00Z.
        timestamp: i64,
        /// Length of the document in bytes, without its line feed.
        length: usize,
    },
    /// Dropped on purpose: there is no document.
    Dropped(DropReason),
    /// Mapped in part: the document has `event.kind: pipeline_error` and every reason in `error.message`.
    Failed {
        /// The document's `_id`.
        id: String,
        /// What names the delivery, if the record has any id.
        delivery_id: Option<String>,
        /// The time in the record, if it has one.
        timestamp: Option<i64>,
        /// The first thing that is wrong.
        reason: FailureReason,
        /// Length of the document in bytes, without its line feed.
        length: usize,
    },
}

/// Why a record was dropped on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It is the envelope of a page that has no rows (guest/docs/facts/mapping.md, row 4).
    EmptyPage,
    /// Its status is one of those to drop (row 4b).
    Status,
}
