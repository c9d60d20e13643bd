//! What a run has done.

use std::{
    fmt,
    ops::{Add, AddAssign},
};

use serde::{Deserialize, Serialize};

use crate::mapper::{MappedBatch, Outcome};

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Pages read.
    pub pages: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows among them that had been delivered before as they are.
    pub repeated: u64,
    /// Rows among them that had been delivered before and have changed.
    pub changed: u64,
    /// Rows among them that were new in a time that had been read before.
    pub late: u64,
    /// Files, or parts of files, that could not be read; they are tried again.
    pub unread: u64,
    /// Documents delivered.
    pub documents: u64,
    /// Documents that an output had already.
    pub duplicates: u64,
    /// Documents among them that say what is wrong with their record.
    pub failed: u64,
    /// Records dropped on purpose.
    pub dropped: u64,
    /// Records and documents that went to the dead letter.
    pub rejected: u64,
}

impl Summary {
    pub(super) fn count(&mut self, batch: &MappedBatch) {
        for outcome in &batch.outcomes {
            match outcome {
                Outcome::Mapped { .. } => self.documents += 1,
                Outcome::Failed { .. } => {
                    self.documents += 1;
                    self.failed += 1;
                }
                Outcome::Dropped(_) => self.dropped += 1,
                Outcome::Rejected(_) => self.rejected += 1,
            }
        }
    }
}

impl Add for Summary {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.pages += other.pages;
        self.rows += other.rows;
        self.repeated += other.repeated;
        self.changed += other.changed;
        self.late += other.late;
        self.unread += other.unread;
        self.documents += other.documents;
        self.duplicates += other.duplicates;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pages, rows, repeated, changed, late, unread, documents, duplicates, failed, dropped, rejected } =
            self;
        write!(formatter, "{rows} rows")?;
        if *pages > 0 {
            write!(formatter, " on {pages} pages")?;
        }
        write!(formatter, ": {documents} documents delivered")?;
        for (count, what) in [
            (failed, "of them mapped in part (`event.kind: pipeline_error`)"),
            (duplicates, "already there"),
            (dropped, "records dropped on purpose"),
            (rejected, "sent to the dead letter"),
            (repeated, "rows delivered before"),
            (changed, "rows that have changed since"),
            (late, "rows that showed up late"),
            (unread, "files or parts of them that could not be read yet"),
        ] {
            if *count > 0 {
                write!(formatter, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
