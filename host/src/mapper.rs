//! Runs a mapping component: records in, documents out.

use chrono::{DateTime, Utc};

/// Where a batch of records was read.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// When the records were read, if that is to show in the documents.
    pub read_at: Option<DateTime<Utc>>,
    /// The file they are a verbatim part of, if it was one.
    pub file: Option<FilePosition>,
}

/// Where a batch begins in a file.
#[derive(Debug, Clone)]
pub struct FilePosition {
    /// Path of the file.
    pub path: String,
    /// Offset in bytes of the first byte of the batch.
    pub offset: u64,
}

/// What became of a batch.
#[derive(Debug)]
pub struct MappedBatch {
    /// The documents in order, each followed by a line feed.
    pub documents: String,
    /// One outcome per record, in order.
    pub outcomes: Vec<Outcome>,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Mapped in full; `length` is the document's, in bytes, without the line feed.
    Mapped { id: String, timestamp: DateTime<Utc>, length: u32 },
    /// Dropped on purpose; there is no document.
    Dropped(DropReason),
    /// Mapped in part; the document says what is wrong.
    Failed { id: String, timestamp: Option<DateTime<Utc>>, reason: FailureReason, length: u32 },
}

/// Why a record was dropped on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It is the envelope of an empty page.
    EmptyPage,
    /// Its status is one of those to drop.
    Status,
}

/// The first thing that is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// Not JSON.
    NotJson,
}

/// Why a batch could not be mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapperError {}

/// Maps batches on a mapping component. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Mapper {}

impl Mapper {
    /// Maps `records`, NDJSON. Blocks: call it from a thread that may.
    pub fn map_batch(&self, _records: &str, _origin: &Origin) -> Result<MappedBatch, MapperError> {
        todo!("in work")
    }
}
