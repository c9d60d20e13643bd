//! Rows that were delivered: by what they are known, and what of them may change.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::{
    Ledger, LedgerError, details,
    details::DetailsNote,
    marks::{Mark, put_marks},
    source_id,
};
use crate::support::record_key::RecordKey;

/// A row that every output has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// What it is known by.
    pub key: RecordKey,
    /// When its message was received, which says for how long it may be read again.
    pub received: DateTime<Utc>,
}

impl Ledger {
    /// Notes that every output has accepted these rows, which are a part of a page, and what they mean for their details.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_rows(
        &mut self,
        source: &str,
        rows: &[Delivered],
        notes: &[DetailsNote],
        marks: &[Mark],
    ) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        insert(&transaction, id, rows)?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        transaction.execute("UPDATE source SET rows = rows + ?2 WHERE id = ?1", params![id, count])?;
        details::put(&transaction, id, notes)?;
        put_marks(&transaction, marks)?;
        transaction.commit()?;
        Ok(())
    }
}

/// Notes rows, within the transaction that notes what they are a part of.
pub(super) fn insert(connection: &Connection, source: i64, delivered: &[Delivered]) -> rusqlite::Result<()> {
    let insert = "INSERT INTO delivered (source, key, content, received) VALUES (?1, ?2, ?3, ?4) \
                  ON CONFLICT DO UPDATE SET received = max(received, excluded.received)";
    let mut insert = connection.prepare_cached(insert)?;
    for Delivered { key: RecordKey { identity, content }, received } in delivered {
        insert.execute(params![source, identity, content, received.timestamp_millis()])?;
    }
    // Nearly always there are none at all.
    if has_accepted(connection, source)? {
        let forget = "DELETE FROM accepted WHERE source = ?1 AND key = ?2 AND content = ?3";
        let mut forget = connection.prepare_cached(forget)?;
        for Delivered { key: RecordKey { identity, content }, .. } in delivered {
            forget.execute(params![source, identity, content])?;
        }
    }
    Ok(())
}

/// Whether some outputs have accepted rows of a source while others have not.
fn has_accepted(connection: &Connection, source: i64) -> rusqlite::Result<bool> {
    let mut query = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM accepted WHERE source = ?1)")?;
    query.query_row([source], |row| row.get(0))
}
