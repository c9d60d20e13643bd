//! What an audit has found, in a file of its own that goes with it: memory stays the same for any number of rows.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use super::{LedgerError, Window, instant};
use crate::support::{atomic_write, record_key::RecordKey};

const TABLES: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE row (identity BLOB, content BLOB, id TEXT, received INTEGER, state INTEGER,
                      PRIMARY KEY (identity, content)) WITHOUT ROWID;
    CREATE INDEX row_id ON row (id);
    CREATE INDEX row_received ON row (received);
    CREATE TABLE stored (id TEXT PRIMARY KEY, received INTEGER) WITHOUT ROWID;";

/// What an audit has found.
pub(crate) struct AuditBook {
    connection: Connection,
    /// Gone with the book; after a crash, at the next start.
    _file: TempPath,
}

/// How a row of the service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// It was delivered as it is.
    Delivered = 0,
    /// It was never delivered.
    Missing = 1,
    /// It was delivered, and has changed since.
    Changed = 2,
    /// Nobody knows: the ledger has forgotten it, and no store was asked.
    Unknown = 3,
    /// It was missing or had changed, and was delivered by the audit.
    Repaired = 4,
    /// The mapping leaves it out on purpose.
    LeftOut = 5,
}

/// A row of the service.
#[derive(Debug, Clone)]
pub(crate) struct AuditedRow {
    /// What it is known by.
    pub key: RecordKey,
    /// The `_id` of its document, if it has one.
    pub id: Option<String>,
    /// When its message was received.
    pub received: DateTime<Utc>,
    /// How it stands.
    pub state: RowState,
}

/// What was found, by how rows stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditCounts {
    /// Rows that the service has.
    pub in_service: u64,
    /// Rows that were delivered as they are.
    pub delivered: u64,
    /// Rows that were never delivered.
    pub missing: u64,
    /// Rows that were delivered and have changed since.
    pub changed: u64,
    /// Rows of which nobody knows.
    pub unknown: u64,
    /// Rows that the audit has delivered.
    pub repaired: u64,
    /// Rows that the mapping leaves out on purpose.
    pub left_out: u64,
    /// Documents that only the store has.
    pub only_in_store: u64,
}

/// What was found of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditHour {
    /// When it begins.
    pub hour: DateTime<Utc>,
    /// What was found.
    #[serde(flatten)]
    pub counts: AuditCounts,
}

impl AuditCounts {
    /// Rows that are not known to be delivered as they are.
    pub(crate) fn open(&self) -> u64 {
        self.missing + self.changed + self.unknown
    }

    fn add(&mut self, state: i64, count: u64) {
        self.in_service += count;
        let place = match state {
            0 => &mut self.delivered,
            1 => &mut self.missing,
            2 => &mut self.changed,
            4 => &mut self.repaired,
            5 => &mut self.left_out,
            _ => &mut self.unknown,
        };
        *place += count;
    }
}

impl AuditBook {
    /// Makes one in this folder.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn new(folder: &Path) -> Result<Self, LedgerError> {
        let making = |source| LedgerError::Folder { path: folder.to_owned(), source };
        let file = atomic_write::unfinished(&folder.join("audit")).map_err(making)?.into_temp_path();
        let connection = Connection::open(&file)?;
        connection.execute_batch(TABLES)?;
        Ok(Self { connection, _file: file })
    }

    /// Notes rows of the service; of the same row the last counts.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn note(&mut self, rows: &[AuditedRow]) -> Result<(), LedgerError> {
        let transaction = self.connection.transaction()?;
        {
            let insert =
                "INSERT OR REPLACE INTO row (identity, content, id, received, state) VALUES (?1, ?2, ?3, ?4, ?5)";
            let mut insert = transaction.prepare_cached(insert)?;
            for AuditedRow { key, id, received, state } in rows {
                insert.execute(params![
                    key.identity,
                    key.content,
                    id,
                    received.timestamp_millis(),
                    i64::from(*state as u8)
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Notes documents of the store, those of rows of the service apart.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn note_stored(&mut self, documents: &[(String, DateTime<Utc>)]) -> Result<(), LedgerError> {
        let transaction = self.connection.transaction()?;
        {
            let insert = "INSERT OR IGNORE INTO stored (id, received) SELECT ?1, ?2 WHERE NOT EXISTS \
                          (SELECT 1 FROM row WHERE id = ?1)";
            let mut insert = transaction.prepare_cached(insert)?;
            for (id, received) in documents {
                insert.execute(params![id, received.timestamp_millis()])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// What was found, by the hour of receipt; hours of which there is nothing are left out.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn hours(&self) -> Result<Vec<AuditHour>, LedgerError> {
        const HOUR: i64 = 3_600_000;
        let query = "SELECT received / ?1 AS hour, state, count(*) FROM row GROUP BY hour, state UNION ALL \
                     SELECT received / ?1 AS hour, -1, count(*) FROM stored GROUP BY hour ORDER BY hour";
        let mut statement = self.connection.prepare(query)?;
        let mut hours: Vec<AuditHour> = Vec::new();
        let mut rows = statement.query([HOUR])?;
        while let Some(row) = rows.next()? {
            let hour = instant(row.get::<_, i64>(0)? * HOUR);
            let (state, count) = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?.cast_unsigned());
            if hours.last().is_none_or(|last| last.hour != hour) {
                hours.push(AuditHour { hour, counts: AuditCounts::default() });
            }
            let Some(AuditHour { counts, .. }) = hours.last_mut() else { continue };
            if state < 0 {
                counts.only_in_store += count;
            } else {
                counts.add(state, count);
            }
        }
        Ok(hours)
    }

    /// What was found in all.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn counts(&self) -> Result<AuditCounts, LedgerError> {
        let mut statement = self.connection.prepare("SELECT state, count(*) FROM row GROUP BY state")?;
        let mut counts = AuditCounts::default();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            counts.add(row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned());
        }
        let stored = self.connection.query_row("SELECT count(*) FROM stored", [], |row| row.get::<_, i64>(0))?;
        counts.only_in_store = stored.cast_unsigned();
        Ok(counts)
    }

    /// How many rows of a time are not known to be delivered as they are.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn open_in(&self, window: Window) -> Result<u64, LedgerError> {
        let query = "SELECT count(*) FROM row WHERE received BETWEEN ?1 AND ?2 AND state IN (1, 2, 3)";
        let [start, end] = [window.start, window.end].map(|time| time.timestamp_millis());
        Ok(self.connection.query_row(query, params![start, end], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// The SHA-256 of the sorted ids of all documents that there should be, each with a line feed; and of those among
    /// them that are known to be delivered.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn digests(&self) -> Result<[String; 2], LedgerError> {
        let all = "SELECT DISTINCT id FROM row WHERE id IS NOT NULL ORDER BY id";
        let delivered = "SELECT DISTINCT id FROM row WHERE id IS NOT NULL AND state IN (0, 4) ORDER BY id";
        Ok([self.digest(all)?, self.digest(delivered)?])
    }

    fn digest(&self, query: &str) -> Result<String, LedgerError> {
        let mut statement = self.connection.prepare(query)?;
        let (mut hash, mut rows) = (Sha256::new(), statement.query([])?);
        while let Some(row) = rows.next()? {
            hash.update(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
            hash.update("\n");
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DurationRound as _, TimeDelta};

    use super::*;

    fn hour_of(time: DateTime<Utc>) -> DateTime<Utc> {
        time.duration_trunc(TimeDelta::hours(1)).unwrap()
    }

    fn row(identity: u8, content: u8, hours: i64, state: RowState) -> AuditedRow {
        let key = RecordKey { identity: [identity; 16], content: [content; 8] };
        let received = DateTime::UNIX_EPOCH + TimeDelta::hours(hours) + TimeDelta::minutes(7);
        AuditedRow { key, id: Some(format!("id-{identity}-{content}")), received, state }
    }

    #[test]
    fn rows_are_counted_by_hour_and_by_how_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = AuditBook::new(folder.path()).unwrap();
        book.note(&[row(1, 1, 5, RowState::Delivered), row(2, 1, 5, RowState::Missing)]).unwrap();
        // The seam of two windows.
        book.note(&[row(2, 1, 5, RowState::Repaired), row(3, 1, 7, RowState::Unknown)]).unwrap();
        let left_out = AuditedRow { id: None, ..row(4, 1, 7, RowState::LeftOut) };
        book.note(&[left_out]).unwrap();
        let at = row(9, 9, 5, RowState::Missing).received;
        book.note_stored(&[("id-1-1".to_owned(), at), ("old".to_owned(), at), ("old".to_owned(), at)]).unwrap();
        let hours = book.hours().unwrap();
        assert_eq!(
            hours.iter().map(|hour| hour.hour).collect::<Vec<_>>(),
            [5, 7].map(|it| hour_of(row(1, 1, it, RowState::Missing).received))
        );
        let first =
            AuditCounts { in_service: 2, delivered: 1, repaired: 1, only_in_store: 1, ..AuditCounts::default() };
        assert_eq!(hours[0].counts, first);
        let counts = book.counts().unwrap();
        assert_eq!((counts.in_service, counts.open(), counts.left_out, counts.only_in_store), (4, 1, 1, 1));
        let window = |from: i64, to: i64| Window {
            start: DateTime::UNIX_EPOCH + TimeDelta::hours(from),
            end: DateTime::UNIX_EPOCH + TimeDelta::hours(to),
        };
        assert_eq!([book.open_in(window(0, 6)).unwrap(), book.open_in(window(6, 8)).unwrap()], [0, 1]);
        // printf 'id-1-1\nid-2-1\nid-3-1\n' | sha256sum
        let [all, delivered] = book.digests().unwrap();
        let expected = |ids: &[&str]| {
            let text: String = ids.iter().map(|id| format!("{id}\n")).collect();
            Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!([all, delivered], [expected(&["id-1-1", "id-2-1", "id-3-1"]), expected(&["id-1-1", "id-2-1"])]);
        drop(book);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
