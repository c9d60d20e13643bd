//! Notes that a page was delivered.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::{
    Ledger, LedgerError, Window, details,
    details::DetailsNote,
    gaps,
    history::Corrections,
    lateness::{self, Lateness},
    marks::{Mark, put_marks_with},
    rows::{Delivered, insert},
    source_id,
};

/// A page that every output has accepted.
#[derive(Debug, Clone)]
pub(crate) struct PageDone {
    /// The window that it belongs to.
    pub window: Window,
    /// Its rows that were delivered.
    pub delivered: Vec<Delivered>,
    /// Rows that had been delivered before and have to be known for longer.
    pub touched: Vec<Delivered>,
    /// How many of them had been delivered before and have changed.
    pub changed: u64,
    /// How many of them are new in a time that had been covered.
    pub late: u64,
    /// How late those are that were delivered.
    pub lateness: Lateness,
    /// What comes next.
    pub next: Next,
    /// Up to when everything of the window was read when it is done; none when no clock shows that any of it is past.
    pub covered: Option<DateTime<Utc>>,
    /// Times of the window that were read in whole when it is done: gaps among them are gaps no longer.
    pub read: Vec<Window>,
    /// Rows received before this time are forgotten when the window is done. None when no row of it was seen: only rows
    /// prove that a time is past.
    pub keep_from: Option<DateTime<Utc>>,
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: the window is done.
    Done,
    /// More of the window, of which everything received later than `reached` is delivered.
    More {
        /// None when nothing is known to be delivered in whole.
        reached: Option<DateTime<Utc>>,
        /// The link to the next page; none to ask again from what was reached.
        link: Option<String>,
    },
}

impl Ledger {
    /// Notes that a page was delivered, and how far files of outputs are written: in one transaction, so that it is wholly noted or not at all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_page(&mut self, source: &str, page: &PageDone, marks: &[Mark]) -> Result<(), LedgerError> {
        self.commit_page_with(source, page, &[], marks)
    }

    /// The same, with what its rows mean for their details.
    ///
    /// # Errors
    ///
    /// As [`Self::commit_page`].
    pub(crate) fn commit_page_with(
        &mut self,
        source: &str,
        page: &PageDone,
        notes: &[DetailsNote],
        marks: &[Mark],
    ) -> Result<(), LedgerError> {
        let now = self.clock.wall().timestamp_millis();
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        put_page(&transaction, id, page, now)?;
        details::put(&transaction, id, notes)?;
        put_marks_with(&transaction, marks, Corrections { changed: page.changed, late: page.late })?;
        transaction.commit()?;
        Ok(())
    }
}

/// Notes a page, within the transaction that notes what it is a part of.
pub(super) fn put_page(transaction: &Connection, id: i64, page: &PageDone, now: i64) -> rusqlite::Result<()> {
    insert(transaction, id, &page.delivered)?;
    insert(transaction, id, &page.touched)?;
    lateness::put(transaction, id, &page.lateness)?;
    let count = "UPDATE source SET rows = rows + ?2, changed = changed + ?3, late = late + ?4, polled_at = ?5, \
                 failed_at = NULL, failure = NULL WHERE id = ?1";
    let rows = i64::try_from(page.delivered.len()).unwrap_or(i64::MAX);
    let [changed, late] = [page.changed, page.late].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    transaction.execute(count, params![id, rows, changed, late, now])?;
    let times = [page.window.start, page.window.end].map(|time| time.timestamp_millis());
    if let Next::More { reached, link } = &page.next {
        let update = "UPDATE source SET window_start = ?2, window_end = ?3, reached = ?4, next_link = ?5, \
                      known_from = coalesce(known_from, ?2), covered_from = CASE WHEN covered_until IS NULL \
                      THEN min(coalesce(covered_from, ?2), ?2) ELSE covered_from END \
                      WHERE id = ?1";
        let reached = reached.map(|time| time.timestamp_millis());
        transaction.execute(update, params![id, times[0], times[1], reached, link])?;
    } else {
        let update = "UPDATE source SET window_start = NULL, window_end = NULL, reached = NULL, next_link = NULL, \
                      known_from = coalesce(known_from, ?2), covered_from = CASE WHEN covered_until IS NULL \
                      THEN min(coalesce(covered_from, ?2), ?2) ELSE covered_from END \
                      WHERE id = ?1";
        transaction.execute(update, params![id, times[0]])?;
        gaps::close(transaction, id, &page.read)?;
        cover(transaction, id, page)?;
        transaction.execute("DELETE FROM accepted WHERE source = ?1", [id])?;
    }
    Ok(())
}

/// Notes up to when everything was read, and forgets what is not needed for that any more. Only where the window begins
/// within what was covered: behind a part that was not read, nothing counts as covered.
fn cover(connection: &Connection, source: i64, page: &PageDone) -> rusqlite::Result<()> {
    let Some(covered) = page.covered.filter(|covered| *covered >= page.window.start) else { return Ok(()) };
    let [start, covered] = [page.window.start, covered].map(|time| time.timestamp_millis());
    let keep_from = page.keep_from.map(|time| time.timestamp_millis());
    let update = "UPDATE source SET covered_until = max(coalesce(covered_until, ?3), ?3), \
                  known_from = max(known_from, coalesce(?4, known_from)) WHERE id = ?1 AND ?2 <= coalesce(covered_until, covered_from)";
    if connection.execute(update, params![source, start, covered, keep_from])? > 0 {
        let forget = "DELETE FROM delivered WHERE source = ?1 AND received < ?2";
        connection.execute(forget, params![source, keep_from])?;
        details::forget(connection, source, keep_from)?;
    }
    Ok(())
}
