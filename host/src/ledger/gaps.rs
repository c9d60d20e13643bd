//! Times of receipt of which rows may be missing: noted, and closed when they are read after all.

use rusqlite::{Connection, params};

use super::{Ledger, LedgerError, Window, source_id};

impl Ledger {
    /// Notes times of receipt of which rows may be missing, and why.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_gap(&mut self, source: &str, gap: Window, reason: &str) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        insert(&transaction, id, (gap.start.timestamp_millis(), gap.end.timestamp_millis()), reason)?;
        transaction.commit()?;
        Ok(())
    }

    /// Notes a gap that will never be read, and that what is covered goes on behind it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_lost(&mut self, source: &str, gap: Window, reason: &str) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        let (start, end) = (gap.start.timestamp_millis(), gap.end.timestamp_millis());
        insert(&transaction, id, (start, end), reason)?;
        let update = "UPDATE source SET covered_until = max(covered_until, ?2) WHERE id = ?1";
        transaction.execute(update, params![id, end])?;
        transaction.commit()?;
        Ok(())
    }
}

fn insert(connection: &Connection, source: i64, (start, end): (i64, i64), reason: &str) -> rusqlite::Result<()> {
    let insert = "INSERT OR REPLACE INTO gap (source, start, end, reason) VALUES (?1, ?2, ?3, ?4)";
    connection.execute(insert, params![source, start, end, reason])?;
    Ok(())
}

/// Takes times that were read out of the gaps of a source: a gap goes, or what is left of it stays.
pub(super) fn close(connection: &Connection, source: i64, read: &[Window]) -> rusqlite::Result<()> {
    for window in read {
        let (first, last) = (window.start.timestamp_millis(), window.end.timestamp_millis());
        let query = "SELECT start, end, reason FROM gap WHERE source = ?1 AND start <= ?3 AND end >= ?2";
        let mut statement = connection.prepare_cached(query)?;
        let found = statement.query_map(params![source, first, last], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })?;
        for (start, end, reason) in found.collect::<rusqlite::Result<Vec<_>>>()? {
            let forget = "DELETE FROM gap WHERE source = ?1 AND start = ?2 AND end = ?3";
            connection.execute(forget, params![source, start, end])?;
            if start < first {
                insert(connection, source, (start, first - 1), &reason)?;
            }
            if end > last {
                insert(connection, source, (last + 1, end), &reason)?;
            }
        }
    }
    Ok(())
}
