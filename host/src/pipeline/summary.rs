//! What a run has done.

use std::{
    collections::HashSet,
    fmt,
    ops::{Add, AddAssign},
    path::Path,
};

use indicatif::HumanCount;
use serde::{Deserialize, Serialize};
use tracing::info;

use crate::{
    mapper::{MappedBatch, Outcome},
    support::counted::counted,
};

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Summary {
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
    /// Rows among them that are left to another window, to which they belong.
    #[serde(default)]
    pub skipped: u64,
    /// Rows delivered with a date of receipt to which no window belongs.
    #[serde(default)]
    pub misdated: u64,
    /// Files, or parts of files, that could not be read; they are tried again.
    pub unread: u64,
    /// Documents that every output has accepted that they were for.
    pub documents: u64,
    /// Documents that an output had already.
    pub duplicates: u64,
    /// Documents among them that say what is wrong with their record.
    pub failed: u64,
    /// Records dropped on purpose.
    pub dropped: u64,
    /// Records and documents that went to the dead letter.
    pub rejected: u64,
    /// Times of receipt of which records may be missing.
    pub gaps: u64,
}

impl Summary {
    /// Counts a batch; `refused` are the places of those of its documents that an output will never take.
    pub(super) fn count(&mut self, batch: &MappedBatch, refused: &HashSet<usize>) {
        for (place, outcome) in batch.outcomes.iter().enumerate() {
            match outcome {
                // It is counted with the letters, one for each output that refused it.
                Outcome::Mapped { .. } | Outcome::Failed { .. } if refused.contains(&place) => {}
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

    /// Whether everything that there was is delivered.
    pub(crate) fn is_complete(&self) -> bool {
        self.rejected + self.unread + self.gaps == 0
    }

    /// What was done, and which file has what could not be delivered.
    pub(crate) fn describe(&self, dead_letter: &Path) -> String {
        self.text(&format!("the dead letter `{}`", dead_letter.display()))
    }

    /// Says in the log that the run is over, and with what was done. Why it failed is said by who is told.
    pub(super) fn tell(&self, is_failure: bool) {
        let Self { pages, rows, documents, failed, rejected, unread, late, gaps, .. } = *self;
        info!(
            rows,
            pages,
            documents,
            mapped_in_part = failed,
            // What could not be delivered.
            failed = rejected,
            late,
            unread,
            gaps,
            by_error = is_failure,
            "stopped"
        );
    }

    fn text(&self, dead_letter: &str) -> String {
        let Self { pages, rows, repeated, changed, late, skipped, misdated, .. } = *self;
        let Self { unread, documents, duplicates, failed, dropped, rejected, gaps, .. } = *self;
        let mut text = counted(rows, "row", "rows");
        if pages > 0 {
            text += &format!(" on {}", counted(pages, "page", "pages"));
        }
        text += &format!(": {} delivered", counted(documents, "document", "documents"));
        let rejected_to = format!("to {dead_letter}");
        for (count, one, many) in [
            (rejected, rejected_to.as_str(), rejected_to.as_str()),
            (failed, "mapped in part (`event.kind: pipeline_error`)", "mapped in part (`event.kind: pipeline_error`)"),
            (duplicates, "already there", "already there"),
            (dropped, "record dropped on purpose", "records dropped on purpose"),
            (repeated, "row delivered before", "rows delivered before"),
            (changed, "row that has changed since", "rows that have changed since"),
            (late, "row that showed up late", "rows that showed up late"),
            (gaps, "time of which records are missing", "times of which records are missing"),
            (skipped, "row of another time left to its window", "rows of other times left to their windows"),
            (misdated, "row with an impossible date of receipt", "rows with impossible dates of receipt"),
            (unread, "file or part of one not read yet", "files or parts of them not read yet"),
        ] {
            if count > 0 {
                text += &format!(", {} {}", HumanCount(count), if count == 1 { one } else { many });
            }
        }
        text
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
        self.skipped += other.skipped;
        self.misdated += other.misdated;
        self.unread += other.unread;
        self.documents += other.documents;
        self.duplicates += other.duplicates;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
        self.gaps += other.gaps;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text("the dead letter"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_to_the_dead_letter_is_not_delivered() {
        let mapped = |id: &str| Outcome::Mapped {
            id: id.to_owned(),
            delivery_id: id.to_owned(),
            timestamp: chrono::Utc::now(),
            length: 3,
        };
        let batch = MappedBatch {
            outcomes: vec![mapped("1"), Outcome::Rejected("trap".to_owned()), mapped("3")],
            ..MappedBatch::default()
        };
        let mut summary = Summary { rows: 3, pages: 1, ..Summary::default() };
        summary.count(&batch, &HashSet::from([2]));
        summary.rejected += 1;
        let text = summary.describe(Path::new("state/dead-letter.ndjson"));
        assert_eq!(text, "3 rows on 1 page: 1 document delivered, 2 to the dead letter `state/dead-letter.ndjson`");
    }

    #[test]
    fn large_numbers_can_be_read_and_one_is_singular() {
        let summary = Summary { rows: 2164, pages: 12, documents: 2120, rejected: 44, late: 1, ..Summary::default() };
        assert_eq!(
            summary.to_string(),
            "2,164 rows on 12 pages: 2,120 documents delivered, 44 to the dead letter, 1 row that showed up late"
        );
        let nothing = Summary { rows: 1, unread: 1, ..Summary::default() };
        assert_eq!(nothing.to_string(), "1 row: 0 documents delivered, 1 file or part of one not read yet");
    }
}
