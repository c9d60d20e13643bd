//! Deliveries whose details are wanted: noted with their rows, and done with their documents.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::{
    Ledger, LedgerError,
    marks::{Mark, put_marks},
    source_id,
};

/// The most deliveries of a source that wait for their details. More are left out: nobody reads the steps of that many.
pub(crate) const MOST_WAITING: i64 = 100_000;

/// What a row that is delivered means for its details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailsNote {
    /// What the row is known by.
    pub key: [u8; 16],
    /// Its status in lower case.
    pub status: String,
    /// The row; none when details of this status are not wanted.
    pub record: Option<String>,
    /// When to ask for them at the earliest.
    pub due: DateTime<Utc>,
    /// When the message was received.
    pub received: DateTime<Utc>,
}

/// A delivery whose details are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedDetails {
    /// What its row is known by.
    pub key: [u8; 16],
    /// Its status in lower case.
    pub status: String,
    /// Its row. Holds personal data: not for logs.
    pub record: String,
    /// How often they were asked for in vain.
    pub attempts: u32,
}

/// How many details of a source are read, and how many wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DetailsCounts {
    /// They wait to be read.
    pub waiting: u64,
    /// They were read, or could not be had, as far as their rows are known.
    pub done: u64,
}

impl Ledger {
    /// The delivery whose details are due first at `now`.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn due_details(&self, source: &str, now: DateTime<Utc>) -> Result<Option<WantedDetails>, LedgerError> {
        let query = "SELECT key, status, record, attempts FROM details \
                     WHERE source = (SELECT id FROM source WHERE name = ?1) AND record IS NOT NULL AND due <= ?2 \
                     ORDER BY due LIMIT 1";
        let found = self.connection.query_row(query, params![source, now.timestamp_millis()], |row| {
            Ok(WantedDetails { key: row.get(0)?, status: row.get(1)?, record: row.get(2)?, attempts: row.get(3)? })
        });
        Ok(found.optional()?)
    }

    /// How many details of a source wait, and how many are done.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn details_counts(&self, source: &str) -> Result<DetailsCounts, LedgerError> {
        let query =
            "SELECT count(record), count(*) FROM details WHERE source = (SELECT id FROM source WHERE name = ?1)";
        let (waiting, all): (i64, i64) =
            self.connection.query_row(query, [source], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(DetailsCounts { waiting: waiting.cast_unsigned(), done: (all - waiting).cast_unsigned() })
    }

    /// Notes that the details of a delivery were delivered, or cannot be had: they are not asked for again until its
    /// status changes.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_details(
        &mut self,
        source: &str,
        key: [u8; 16],
        status: &str,
        marks: &[Mark],
    ) -> Result<(), LedgerError> {
        let now = self.clock.wall().timestamp_millis();
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        let update = "UPDATE details SET record = NULL, status_read = status, read_at = ?4 \
                      WHERE source = ?1 AND key = ?2 AND status = ?3";
        transaction.execute(update, params![id, key, status, now])?;
        put_marks(&transaction, marks)?;
        transaction.commit()
    }

    /// Forgets the rows of a source that wait for their details: nobody wants to read those any more.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn drop_details(&mut self, source: &str) -> Result<(), LedgerError> {
        if self.details_counts(source)?.waiting == 0 {
            return Ok(());
        }
        let transaction = self.write()?;
        let delete =
            "DELETE FROM details WHERE source = (SELECT id FROM source WHERE name = ?1) AND record IS NOT NULL";
        transaction.execute(delete, [source])?;
        transaction.commit()
    }

    /// Notes that details could not be read yet, and when to ask for them again.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn postpone_details(
        &mut self,
        source: &str,
        key: [u8; 16],
        due: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let update = "UPDATE details SET due = ?3, attempts = attempts + 1 \
                      WHERE source = (SELECT id FROM source WHERE name = ?1) AND key = ?2";
        transaction.execute(update, params![source, key, due.timestamp_millis()])?;
        transaction.commit()
    }
}

/// Notes what rows mean for their details, within the transaction that notes the rows.
pub(super) fn put(connection: &Connection, source: i64, notes: &[DetailsNote]) -> rusqlite::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let count = "SELECT count(*) FROM details WHERE source = ?1 AND record IS NOT NULL";
    let mut waiting: i64 = connection.query_row(count, [source], |row| row.get(0))?;
    let want = "INSERT INTO details (source, key, status, record, due, received) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                ON CONFLICT DO UPDATE SET status = excluded.status, record = excluded.record, due = excluded.due, \
                attempts = 0, received = excluded.received WHERE status_read IS NOT excluded.status";
    let mut want = connection.prepare_cached(want)?;
    let mut forget = connection.prepare_cached("UPDATE details SET record = NULL WHERE source = ?1 AND key = ?2")?;
    for DetailsNote { key, status, record, due, received } in notes {
        match record {
            Some(record) if waiting < MOST_WAITING => {
                let [due, received] = [due, received].map(|time| time.timestamp_millis());
                want.execute(params![source, key, status, record, due, received])?;
                waiting += 1;
            }
            Some(_) => {}
            None => {
                forget.execute(params![source, key])?;
            }
        }
    }
    Ok(())
}

/// Forgets what is done of messages that were received before this time, in milliseconds.
pub(super) fn forget(connection: &Connection, source: i64, keep_from: Option<i64>) -> rusqlite::Result<()> {
    let forget = "DELETE FROM details WHERE source = ?1 AND received < ?2 AND record IS NULL";
    connection.execute(forget, params![source, keep_from])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Delivered;

    const KEY: [u8; 16] = [1; 16];

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn note(ledger: &mut Ledger, status: &str, record: Option<&str>, due: i64) {
        let (record, received) = (record.map(str::to_owned), at(5));
        let note = DetailsNote { key: KEY, status: status.to_owned(), record, due: at(due), received };
        ledger.commit_rows("graph", &[] as &[Delivered], &[note], &[]).unwrap();
    }

    #[track_caller]
    fn check(ledger: &Ledger, now: i64, expected: Option<&str>) {
        let due = ledger.due_details("graph", at(now)).unwrap();
        assert_eq!(due.map(|due| due.record).as_deref(), expected);
    }

    #[test]
    fn details_are_read_once_for_each_status() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        check(&ledger, 99, None);
        note(&mut ledger, "pending", Some("{1}"), 10);
        check(&ledger, 9, None);
        check(&ledger, 10, Some("{1}"));
        ledger.commit_details("graph", KEY, "pending", &[]).unwrap();
        check(&ledger, 99, None);
        note(&mut ledger, "pending", Some("{2}"), 10);
        check(&ledger, 99, None);
        note(&mut ledger, "failed", Some("{3}"), 20);
        check(&ledger, 20, Some("{3}"));
        assert_eq!(ledger.details_counts("graph").unwrap(), DetailsCounts { waiting: 1, done: 0 });
        // It was read for another status than it has by now.
        ledger.commit_details("graph", KEY, "pending", &[]).unwrap();
        check(&ledger, 20, Some("{3}"));
        ledger.commit_details("graph", KEY, "failed", &[]).unwrap();
        assert_eq!(ledger.details_counts("graph").unwrap(), DetailsCounts { waiting: 0, done: 1 });
    }

    #[test]
    fn what_has_another_status_by_now_is_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        note(&mut ledger, "pending", Some("{1}"), 10);
        note(&mut ledger, "delivered", None, 10);
        check(&ledger, 99, None);
        note(&mut ledger, "pending", Some("{2}"), 10);
        check(&ledger, 99, Some("{2}"));
        ledger.postpone_details("graph", KEY, at(200)).unwrap();
        check(&ledger, 99, None);
        assert_eq!(ledger.due_details("graph", at(200)).unwrap().unwrap().attempts, 1);
    }
}
