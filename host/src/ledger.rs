//! What is done: the one place that knows which windows are covered and which rows were delivered.
//!
//! SQLite in `state_dir`. It moves only after every output has accepted a page: a crash repeats, it never skips.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::support::{atomic_write, clock::Clock, state_folder};

mod accepted;
mod audit_book;
mod batch;
mod carry_over;
mod details;
mod error;
mod file_hash;
mod files;
mod gaps;
mod history;
mod known;
mod lateness;
mod lock;
mod marks;
mod migrations;
mod open;
mod page;
mod past;
mod remap;
mod replay;
mod replica;
mod requests;
mod rows;
mod schema;
mod seen_rows;
mod status;
mod trouble;

use lock::Lock;
use replica::{Replication, Writing};

pub(crate) use audit_book::{AuditBook, AuditCounts, AuditHour, AuditedRow, RowState};
pub(crate) use details::{DetailsCounts, DetailsNote, WantedDetails};
pub(crate) use error::LedgerError;
pub(crate) use file_hash::FileHash;
pub(crate) use files::{FilePlace, FileState};
pub(crate) use history::{HistoryBucket, HistoryCounts, HistoryMark};
pub(crate) use known::{Known, RowVerdict};
pub(crate) use lateness::Lateness;
pub(crate) use marks::{FileMark, Mark};
pub(crate) use page::{Next, PageDone};
pub(crate) use past::{AUDIT, BACKFILL, DRY_RUN, PastCounts, PastDone, PastReading};
pub(crate) use remap::{REMAP, RemapDone};
pub(crate) use replay::{REPLAY, Replay};
pub(crate) use replica::{
    Changes, Companion, CopiedMessage, LedgerCopy, LedgerMessage, RefusedPart, Replica, ReplicaError, SourceRow,
};
pub(crate) use requests::Requests;
pub(crate) use rows::Delivered;
pub(crate) use seen_rows::SeenRows;
pub(crate) use status::{Gap, SourceStatus};
pub(crate) use trouble::{LastRun, Trouble};

/// What is done.
pub(crate) struct Ledger {
    connection: Connection,
    path: PathBuf,
    /// Held for as long as the ledger is open; none when it is only read.
    lock: Option<Lock>,
    clock: Clock,
    /// Where what it notes is kept as well, if it is.
    replication: Option<Replication>,
}

/// A range of times of receipt, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first instant that belongs to it.
    pub start: DateTime<Utc>,
    /// The last instant that belongs to it.
    pub end: DateTime<Utc>,
}

/// How far a source has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SourceProgress {
    /// Everything received from here on was read at least once, gaps apart.
    pub covered_from: Option<DateTime<Utc>>,
    /// Up to here.
    pub covered_until: Option<DateTime<Utc>>,
    /// Rows received before this time may be forgotten: reading them again would deliver them again.
    pub known_from: Option<DateTime<Utc>>,
    /// The window that was begun and not finished.
    pub in_progress: Option<InProgress>,
    /// When a page was delivered last, by the clock of this machine.
    pub polled_at: Option<DateTime<Utc>>,
}

/// A window that was begun and not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InProgress {
    /// Which window.
    pub window: Window,
    /// Everything in it that was received later than this is delivered.
    pub reached: Option<DateTime<Utc>>,
    /// The link to its next page; none when it was given up.
    pub next_link: Option<String>,
}

impl Ledger {
    /// Opens the ledger in a folder; makes both when they are not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, another process has it, or the ledger is damaged.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, LedgerError> {
        state_folder::prepare(state_dir)?;
        let lock = Lock::take(state_dir)?;
        atomic_write::tidy(state_dir).map_err(|source| LedgerError::Folder { path: state_dir.to_owned(), source })?;
        let path = state_dir.join(open::FILE_NAME);
        let connection = open::connection(&path)?;
        lock.note_owner(&connection).map_err(|error| error.at(&path))?;
        Ok(Self { connection, path, lock: Some(lock), clock: Clock::system(), replication: None })
    }

    /// Opens the ledger in a folder that this process has open already, to read it as well; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn open_beside(state_dir: &Path) -> Result<Option<Self>, LedgerError> {
        let path = state_dir.join(open::FILE_NAME);
        if !open::is_there(&path)? {
            return Ok(None);
        }
        Ok(Some(Self {
            connection: open::read_only(&path)?,
            path,
            lock: None,
            clock: Clock::system(),
            replication: None,
        }))
    }

    /// Opens the ledger in a folder for reading, also while a process writes it; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When it is damaged or cannot be read.
    pub(crate) fn open_to_read(state_dir: &Path) -> Result<Option<Self>, LedgerError> {
        let path = state_dir.join(open::FILE_NAME);
        if !open::is_there(&path)? {
            return Ok(None);
        }
        Ok(Some(Self {
            connection: open::connection_to_read(&path)?,
            path,
            lock: None,
            clock: Clock::system(),
            replication: None,
        }))
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to write: all that follows is noted, or nothing.
    fn write(&mut self) -> Result<Writing<'_>, LedgerError> {
        let now = self.clock.wall();
        let Some(lock) = &mut self.lock else { return Writing::new(self.connection.transaction()?, None, now) };
        lock.keep()?;
        // At once, and not at the first change: nobody may take the folder over in between.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        lock.check_owner(&transaction)?;
        Writing::new(transaction, self.replication.as_mut(), now)
    }

    /// How far a source has come.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn progress(&self, source: &str) -> Result<SourceProgress, LedgerError> {
        let query = "SELECT covered_until, known_from, window_start, window_end, reached, next_link, covered_from, polled_at \
                     FROM source WHERE name = ?1";
        let found = self.connection.query_row(query, [source], |row| {
            let time = |index| row.get::<_, Option<i64>>(index).map(|it| it.map(instant));
            let in_progress = match (time(2)?, time(3)?) {
                (Some(start), Some(end)) => {
                    Some(InProgress { window: Window { start, end }, reached: time(4)?, next_link: row.get(5)? })
                }
                _ => None,
            };
            let (covered_until, known_from) = (time(0)?, time(1)?);
            let (covered_from, polled_at) = (time(6)?, time(7)?);
            Ok(SourceProgress { covered_from, covered_until, known_from, in_progress, polled_at })
        });
        Ok(found.optional()?.unwrap_or_default())
    }

    /// Notes from where on the first pass of a source wants to read, as long as nothing is covered.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_start(&mut self, source: &str, start: DateTime<Utc>) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        let update = "UPDATE source SET known_from = min(coalesce(known_from, ?2), ?2) \
                      WHERE id = ?1 AND covered_until IS NULL AND window_start IS NULL";
        transaction.execute(update, params![id, start.timestamp_millis()])?;
        transaction.commit()
    }

    /// Gives up the next link of a source: its window goes on from what was reached.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn drop_link(&mut self, source: &str) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        transaction.execute("UPDATE source SET next_link = NULL WHERE name = ?1", [source])?;
        transaction.commit()
    }

    /// Takes back what was noted as covered: everything received from `from` on is read again. Rows that are still known
    /// are not delivered again.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn read_again(&mut self, source: &str, from: DateTime<Utc>) -> Result<(), LedgerError> {
        let update = "UPDATE source SET covered_until = ?2, known_from = min(known_from, ?2), window_start = NULL, \
                      window_end = NULL, reached = NULL, next_link = NULL WHERE name = ?1";
        let transaction = self.write()?;
        transaction.execute(update, params![source, from.timestamp_millis()])?;
        transaction.commit()
    }

    /// Begins the window that was begun again, from its end.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn drop_window(&mut self, source: &str) -> Result<(), LedgerError> {
        let update = "UPDATE source SET window_start = NULL, window_end = NULL, reached = NULL, next_link = NULL \
                      WHERE name = ?1";
        let transaction = self.write()?;
        transaction.execute(update, [source])?;
        transaction.commit()
    }

    /// Tells the time by other clocks.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// What it tells the time by, and with it everything of a run.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// The number of a source, which is made when it is new.
fn source_id(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.execute("INSERT INTO source (name) VALUES (?1) ON CONFLICT (name) DO NOTHING", [name])?;
    connection.query_row("SELECT id FROM source WHERE name = ?1", [name], |row| row.get(0))
}

/// A time that cannot be told was not written by this program.
fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

#[cfg(test)]
mod tests;
