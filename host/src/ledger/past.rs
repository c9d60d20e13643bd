//! Ranges of the past that are read again: how far each has come, and what was found.

use std::ops::{Add, AddAssign};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{
    Ledger, LedgerError, Window, gaps, instant,
    marks::{Mark, put_marks},
    page::{Next, PageDone, put_page},
    rows::{self, Delivered},
    source_id,
};

/// What the ledger knows the range by that is delivered again.
pub(crate) const BACKFILL: &str = "backfill";

/// What it knows a range by that is only counted, and one that is compared.
pub(crate) const DRY_RUN: &str = "dry run";
pub(crate) const AUDIT: &str = "audit";

/// A range that is read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PastReading {
    /// What the ledger knows its source by.
    pub source: String,
    /// The first time of receipt.
    pub from: DateTime<Utc>,
    /// The last one.
    pub to: DateTime<Utc>,
    /// When it was begun.
    pub began_at: DateTime<Utc>,
    /// Up to when everything is read.
    pub read_until: Option<DateTime<Utc>>,
    /// What was read so far.
    pub counts: PastCounts,
}

/// What was read of a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PastCounts {
    /// Pages.
    pub pages: u64,
    /// Rows that were never delivered before, as far as the ledger knows.
    pub new: u64,
    /// Rows that were delivered as they are.
    pub known: u64,
    /// Rows that were delivered with another content.
    pub changed: u64,
}

/// What is noted of a range with a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct PastDone {
    /// The source that hears of the rows and of closed gaps; none: nobody does.
    pub source: Option<String>,
    /// The rows of the batch.
    pub delivered: Vec<Delivered>,
    /// The page, when this is its last batch: without rows.
    pub page: Option<PageDone>,
    /// What was read.
    pub counts: PastCounts,
}

impl PastReading {
    /// How much of it is read, from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        let milliseconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_milliseconds().max(0) as f64;
        let done = self.read_until.map_or(0.0, |until| milliseconds(self.from, until));
        (done / milliseconds(self.from, self.to).max(1.0)).min(1.0)
    }
}

impl PastCounts {
    /// All rows.
    pub(crate) fn rows(&self) -> u64 {
        self.new + self.known + self.changed
    }
}

impl Add for PastCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            pages: self.pages + other.pages,
            new: self.new + other.new,
            known: self.known + other.known,
            changed: self.changed + other.changed,
        }
    }
}

impl AddAssign for PastCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Ledger {
    /// The range that is read under this name, if it is not done.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn past(&self, reading: &str) -> Result<Option<PastReading>, LedgerError> {
        let query = "SELECT past.source, start, end, began, pages, new, known, past.changed, covered_until, reached, \
                     window_end FROM past LEFT JOIN source ON source.name = reading WHERE reading = ?1";
        let found = self.connection.query_row(query, [reading], |row| {
            let time = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(instant));
            let count = |index| Ok::<_, rusqlite::Error>(row.get::<_, i64>(index)?.cast_unsigned());
            let (from, covered) = (instant(row.get(1)?), time(8)?);
            // A window is read from its end.
            let in_window = time(10)?.zip(time(9)?).map(|(end, reached)| end - reached).unwrap_or_default();
            Ok(PastReading {
                source: row.get(0)?,
                from,
                to: instant(row.get(2)?),
                began_at: instant(row.get(3)?),
                read_until: Some(covered.unwrap_or(from) + in_window),
                counts: PastCounts { pages: count(4)?, new: count(5)?, known: count(6)?, changed: count(7)? },
            })
        });
        Ok(found.optional()?)
    }

    /// Begins a range; what is known of another one under this name is forgotten, but for rows that only some outputs
    /// have accepted.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn begin_past(&mut self, reading: &str, source: &str, range: Window) -> Result<(), LedgerError> {
        let now = self.clock.wall().timestamp_millis();
        let transaction = self.write()?;
        begin(&transaction, reading, (source, range), now)?;
        transaction.commit()
    }

    /// Notes that a batch of a range was delivered: in one transaction, so that it is wholly noted or not at all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_past(&mut self, reading: &str, done: &PastDone, marks: &[Mark]) -> Result<(), LedgerError> {
        let now = self.clock.wall().timestamp_millis();
        let transaction = self.write()?;
        let id = source_id(&transaction, reading)?;
        rows::insert(&transaction, id, &done.delivered)?;
        if let Some(page) = &done.page {
            put_page(&transaction, id, page, now)?;
        }
        if let Some(source) = &done.source {
            tell(&transaction, source, done)?;
        }
        count(&transaction, reading, done.counts)?;
        put_marks(&transaction, marks)?;
        transaction.commit()
    }

    /// Notes that a range is done, or given up.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn end_past(&mut self, reading: &str) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        forget(&transaction, reading)?;
        transaction.commit()
    }

    /// Takes times that were found whole out of the gaps of a source.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn close_gaps(&mut self, source: &str, whole: &[Window]) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        gaps::close(&transaction, id, whole)?;
        transaction.commit()
    }
}

/// Tells the source what was delivered of its range. Rows that it may forget it need not know.
fn tell(connection: &Connection, source: &str, done: &PastDone) -> rusqlite::Result<()> {
    let id = source_id(connection, source)?;
    let known_from = connection.query_row("SELECT known_from FROM source WHERE id = ?1", [id], |row| row.get(0));
    let known_from: Option<i64> = known_from?;
    let is_kept = |row: &&Delivered| known_from.is_none_or(|from| row.received.timestamp_millis() >= from);
    let kept: Vec<_> = done.delivered.iter().filter(is_kept).copied().collect();
    rows::insert(connection, id, &kept)?;
    let count = "UPDATE source SET rows = rows + ?2, changed = changed + ?3 WHERE id = ?1";
    let delivered = i64::try_from(done.delivered.len()).unwrap_or(i64::MAX);
    connection.execute(count, params![id, delivered, done.counts.changed.cast_signed()])?;
    match &done.page {
        Some(page) if page.next == Next::Done => gaps::close(connection, id, &page.read),
        _ => Ok(()),
    }
}

/// Begins a range; what is known of another one under this name is forgotten.
pub(super) fn begin(
    connection: &Connection,
    reading: &str,
    (source, range): (&str, Window),
    now: i64,
) -> rusqlite::Result<()> {
    forget(connection, reading)?;
    let insert = "INSERT INTO past (reading, source, start, end, began) VALUES (?1, ?2, ?3, ?4, ?5)";
    let [start, end] = [range.start, range.end].map(|time| time.timestamp_millis());
    connection.execute(insert, params![reading, source, start, end, now])?;
    Ok(())
}

/// Notes what was read.
pub(super) fn count(connection: &Connection, reading: &str, counts: PastCounts) -> rusqlite::Result<()> {
    let count = "UPDATE past SET pages = pages + ?2, new = new + ?3, known = known + ?4, changed = changed + ?5 \
                 WHERE reading = ?1";
    let PastCounts { pages, new, known, changed } = counts;
    let [pages, new, known, changed] = [pages, new, known, changed].map(u64::cast_signed);
    connection.execute(count, params![reading, pages, new, known, changed])?;
    Ok(())
}

fn forget(connection: &Connection, reading: &str) -> rusqlite::Result<()> {
    let id = source_id(connection, reading)?;
    connection.execute("DELETE FROM past WHERE reading = ?1", [reading])?;
    connection.execute("DELETE FROM delivered WHERE source = ?1", [id])?;
    connection.execute("DELETE FROM gap WHERE source = ?1", [id])?;
    let reset = "UPDATE source SET covered_from = NULL, covered_until = NULL, known_from = NULL, window_start = NULL, \
                 window_end = NULL, reached = NULL, next_link = NULL, rows = 0, changed = 0, late = 0, failed_at = NULL, \
                 failure = NULL WHERE id = ?1";
    connection.execute(reset, [id])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{Lateness, RowVerdict},
        support::record_key::RecordKey,
    };

    fn at(milliseconds: i64) -> DateTime<Utc> {
        instant(milliseconds)
    }

    fn row(identity: u8, received: i64) -> Delivered {
        let key = RecordKey { identity: [identity; 16], content: [1; 8] };
        Delivered { key, received: at(received) }
    }

    fn window(start: i64, end: i64) -> Window {
        Window { start: at(start), end: at(end) }
    }

    fn page(window: Window) -> PageDone {
        PageDone {
            window,
            delivered: Vec::new(),
            touched: Vec::new(),
            changed: 0,
            late: 0,
            lateness: Lateness::default(),
            next: Next::Done,
            covered: Some(window.end),
            read: vec![window],
            keep_from: Some(window.end),
        }
    }

    fn is_known(ledger: &Ledger, source: &str, identity: u8) -> bool {
        let mut known = ledger.known(source, [[identity; 16]].into_iter()).unwrap();
        known.judge(row(identity, 0).key) == RowVerdict::Repeated
    }

    #[test]
    fn a_range_has_progress_of_its_own_and_tells_the_source() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let source = PageDone { keep_from: Some(at(500)), ..page(window(0, 1000)) };
        ledger.commit_page("a", &source, &[]).unwrap();
        ledger.note_gap("a", window(100, 200), "why").unwrap();
        ledger.begin_past(BACKFILL, "a", window(0, 600)).unwrap();
        assert_eq!(ledger.past(BACKFILL).unwrap().unwrap().fraction(), 0.0);
        let counts = PastCounts { pages: 1, new: 2, known: 3, changed: 1 };
        let done = PastDone {
            source: Some("a".to_owned()),
            delivered: vec![row(1, 100), row(2, 300), row(3, 550)],
            page: Some(page(window(0, 300))),
            counts,
        };
        ledger.commit_past(BACKFILL, &done, &[]).unwrap();
        // The source hears of what it does not forget, of its gap, and of nothing else.
        assert_eq!([1, 2, 3].map(|identity| is_known(&ledger, "a", identity)), [false, false, true]);
        assert!(ledger.status("a").unwrap().unwrap().gaps.is_empty());
        assert_eq!(ledger.progress("a").unwrap().covered_until, Some(at(1000)));
        // What is at the seam to the next window stays known.
        assert_eq!([1, 2].map(|identity| is_known(&ledger, BACKFILL, identity)), [false, true]);
        let reading = ledger.past(BACKFILL).unwrap().unwrap();
        assert_eq!((reading.fraction(), reading.counts, reading.counts.rows()), (0.5, counts, 6));
        ledger.end_past(BACKFILL).unwrap();
        assert_eq!(ledger.past(BACKFILL).unwrap(), None);
        assert_eq!(ledger.progress(BACKFILL).unwrap().covered_until, None);
        assert!(!is_known(&ledger, BACKFILL, 2));
    }

    #[test]
    fn a_source_that_has_never_read_hears_of_every_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.begin_past(BACKFILL, "a", window(0, 600)).unwrap();
        let source = Some("a".to_owned());
        let done = PastDone { source, delivered: vec![row(1, 100)], ..PastDone::default() };
        ledger.commit_past(BACKFILL, &done, &[]).unwrap();
        assert!(is_known(&ledger, "a", 1));
    }
}
