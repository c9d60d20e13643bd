//! Notes that a page was delivered.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::{Delivered, Ledger, LedgerError, Mark, Window, accepted::put_marks, source_id};

/// A page that every output has accepted.
#[derive(Debug, Clone)]
pub struct PageDone {
    /// The window that it belongs to.
    pub window: Window,
    /// Its rows that were delivered.
    pub delivered: Vec<Delivered>,
    /// How many of them had been delivered before and have changed.
    pub changed: u64,
    /// How many of them are new in a time that had been covered.
    pub late: u64,
    /// What comes next.
    pub next: Next,
    /// Rows received before this time are forgotten when the window is done.
    pub keep_from: DateTime<Utc>,
    /// How far the files of outputs are written.
    pub marks: Vec<Mark>,
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the window is done.
    Done,
    /// More of the window, of which everything received later than `reached` is delivered.
    More {
        /// None when nothing is known to be delivered in whole.
        reached: Option<DateTime<Utc>>,
        /// The link to the next page; none to ask anew from what was reached.
        link: Option<String>,
    },
}

impl Ledger {
    /// Notes that a page was delivered: in one transaction, so that it is wholly noted or not at all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub fn commit_page(&mut self, source: &str, page: &PageDone) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        insert(&transaction, id, &page.delivered)?;
        put_marks(&transaction, &page.marks)?;
        let count = "UPDATE source SET rows = rows + ?2, changed = changed + ?3, late = late + ?4, polled_at = ?5, \
                     failed_at = NULL, failure = NULL WHERE id = ?1";
        let rows = i64::try_from(page.delivered.len()).unwrap_or(i64::MAX);
        let [changed, late] = [page.changed, page.late].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        transaction.execute(count, params![id, rows, changed, late, Utc::now().timestamp_millis()])?;
        let times = [page.window.start, page.window.end, page.keep_from].map(|time| time.timestamp_millis());
        if let Next::More { reached, link } = &page.next {
            let update = "UPDATE source SET window_start = ?2, window_end = ?3, reached = ?4, next_link = ?5, \
                          known_from = coalesce(known_from, ?2), covered_from = coalesce(covered_from, ?2) \
                          WHERE id = ?1";
            let reached = reached.map(|time| time.timestamp_millis());
            transaction.execute(update, params![id, times[0], times[1], reached, link])?;
        } else {
            let update = "UPDATE source SET covered_until = max(coalesce(covered_until, ?3), ?3), \
                          known_from = max(coalesce(known_from, ?2), ?4), covered_from = coalesce(covered_from, ?2), \
                          window_start = NULL, window_end = NULL, reached = NULL, next_link = NULL WHERE id = ?1";
            transaction.execute(update, params![id, times[0], times[1], times[2]])?;
            let forget = "DELETE FROM delivered WHERE source = ?1 AND received < ?2";
            transaction.execute(forget, params![id, times[2]])?;
            transaction.execute("DELETE FROM accepted WHERE source = ?1", [id])?;
        }
        transaction.commit()?;
        Ok(())
    }
}

pub(super) fn insert(connection: &Connection, source: i64, delivered: &[Delivered]) -> rusqlite::Result<()> {
    let insert = "INSERT OR IGNORE INTO delivered (source, key, content, received) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(insert)?;
    let forget = "DELETE FROM accepted WHERE source = ?1 AND key = ?2 AND content = ?3";
    let mut forget = connection.prepare_cached(forget)?;
    for Delivered { key, content, received } in delivered {
        insert.execute(params![source, key, content, received.timestamp_millis()])?;
        forget.execute(params![source, key, content])?;
    }
    Ok(())
}
