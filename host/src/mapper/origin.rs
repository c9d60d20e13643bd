//! Where records were read, as far as documents show it.

use chrono::{DateTime, Utc};

/// Where a batch of records was read.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// When the records were read, if that is to show in the documents.
    pub read_at: Option<DateTime<Utc>>,
    /// The file they are a verbatim part of, if it was one.
    pub file: Option<FilePosition>,
}

impl Origin {
    /// The origin of what begins `bytes` later in the batch.
    pub(crate) fn advanced_by(&self, bytes: usize) -> Self {
        let mut origin = self.clone();
        if let Some(file) = &mut origin.file {
            // Letters name places that nobody checks.
            file.offset = file.offset.saturating_add(bytes as u64);
        }
        origin
    }
}

/// Where a batch begins in a file.
#[derive(Debug, Clone)]
pub struct FilePosition {
    /// Path of the file.
    pub path: String,
    /// Offset in bytes of the first byte of the batch.
    pub offset: u64,
}
