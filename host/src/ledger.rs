//! What is done: the one place that knows which windows are covered and which rows were delivered.
//!
//! SQLite in `state_dir`. It moves only after every output has accepted a page: a crash repeats, it never skips.

use std::{collections::HashSet, fmt::Write as _, fs::File, path::Path};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

mod error;
mod open;
mod window;

pub use error::LedgerError;
pub use window::{MAX_LOOK_BACK, Window, WindowSettings, next_window};

/// The layout of the tables that this program knows.
const VERSION: i64 = 1;

/// What is done.
pub struct Ledger {
    connection: Connection,
    /// Held for as long as the ledger is open.
    _lock: File,
}

/// What a row is known by.
pub type Key = [u8; 16];

/// A row that every output has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// What it is known by.
    pub key: Key,
    /// When its message was received, which says for how long it may be read again.
    pub received: DateTime<Utc>,
}

/// How far a source has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Everything received up to here was read at least once.
    pub covered_until: Option<DateTime<Utc>>,
    /// Rows received before this time may be forgotten: reading them again would deliver them again.
    pub known_from: Option<DateTime<Utc>>,
    /// The window that was begun and not finished, and the link to its next page.
    pub in_progress: Option<(Window, String)>,
}

impl Ledger {
    /// Opens the ledger in a folder; makes both when they are not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, another process has it, or the ledger is damaged.
    pub fn open(state_dir: &Path) -> Result<Self, LedgerError> {
        let lock = open::lock(state_dir)?;
        let connection = open::connection(&state_dir.join("ledger.sqlite3"))?;
        Ok(Self { connection, _lock: lock })
    }

    /// How far a source has come.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn progress(&self, source: &str) -> Result<Progress, LedgerError> {
        let query = "SELECT window_start, window_end, next_link, covered_until, known_from FROM source WHERE name = ?1";
        let found = self.connection.query_row(query, [source], |row| {
            let in_progress = match (row.get(0)?, row.get(1)?, row.get(2)?) {
                (Some(start), Some(end), Some(link)) => {
                    Some((Window { start: instant(start), end: instant(end) }, link))
                }
                _ => None,
            };
            let [covered_until, known_from] = [row.get::<_, Option<i64>>(3)?, row.get(4)?].map(|it| it.map(instant));
            Ok(Progress { covered_until, known_from, in_progress })
        });
        Ok(found.optional()?.unwrap_or_default())
    }

    /// Which of these rows were delivered.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn delivered(&self, source: &str, keys: impl Iterator<Item = Key>) -> Result<HashSet<Key>, LedgerError> {
        // One query however many rows: their keys are one parameter.
        let query = "SELECT key FROM delivered WHERE source = (SELECT id FROM source WHERE name = ?1) \
                     AND key IN (SELECT unhex(value) FROM json_each(?2))";
        let mut statement = self.connection.prepare_cached(query)?;
        let found = statement.query_map(params![source, json_of(keys)], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Notes that a page of a window was delivered: in one transaction, so that it is wholly noted or not at all.
    /// Without a next link the window is done, and rows received before `keep_from` are forgotten.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub fn commit_page(
        &mut self,
        source: &str,
        window: Window,
        delivered: &[Delivered],
        next_link: Option<&str>,
        keep_from: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let transaction = self.connection.transaction()?;
        transaction.execute("INSERT INTO source (name) VALUES (?1) ON CONFLICT (name) DO NOTHING", [source])?;
        let id: i64 = transaction.query_row("SELECT id FROM source WHERE name = ?1", [source], |row| row.get(0))?;
        let mut insert = transaction
            .prepare_cached("INSERT OR IGNORE INTO delivered (source, key, received) VALUES (?1, ?2, ?3)")?;
        for Delivered { key, received } in delivered {
            insert.execute(params![id, key, received.timestamp_millis()])?;
        }
        drop(insert);
        if let Some(link) = next_link {
            let update = "UPDATE source SET window_start = ?2, window_end = ?3, next_link = ?4, \
                          known_from = coalesce(known_from, ?2) WHERE id = ?1";
            let (start, end) = (window.start.timestamp_millis(), window.end.timestamp_millis());
            transaction.execute(update, params![id, start, end, link])?;
        } else {
            let update = "UPDATE source SET covered_until = max(coalesce(covered_until, ?3), ?3), \
                          known_from = max(coalesce(known_from, ?2), ?4), \
                          window_start = NULL, window_end = NULL, next_link = NULL WHERE id = ?1";
            let times = [window.start, window.end, keep_from].map(|time| time.timestamp_millis());
            transaction.execute(update, params![id, times[0], times[1], times[2]])?;
            let forget = "DELETE FROM delivered WHERE source = ?1 AND received < ?2";
            transaction.execute(forget, params![id, times[2]])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Gives up the next link of a source, so that its window is read from the start again.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn drop_link(&mut self, source: &str) -> Result<(), LedgerError> {
        let update = "UPDATE source SET window_start = NULL, window_end = NULL, next_link = NULL WHERE name = ?1";
        self.connection.execute(update, [source])?;
        Ok(())
    }
}

/// A JSON array of the keys in hexadecimal.
fn json_of(keys: impl Iterator<Item = Key>) -> String {
    let mut text = "[".to_owned();
    for key in keys {
        let separator = if text.len() > 1 { "," } else { "" };
        write!(text, "{separator}\"{:032x}\"", u128::from_be_bytes(key)).expect("a string takes everything");
    }
    text + "]"
}

/// A time that cannot be told was not written by this program.
fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

#[cfg(test)]
mod tests;
