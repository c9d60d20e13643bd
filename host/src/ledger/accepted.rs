//! Rows that some outputs have accepted while others have not.

use rusqlite::params;

use super::{
    Ledger, LedgerError,
    marks::{Mark, put_marks},
    source_id,
};
use crate::support::record_key::RecordKey;

/// A row that one output has accepted while another has not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AcceptedRow {
    /// The name of the output.
    pub output: String,
    /// What the row is known by.
    pub key: RecordKey,
}

impl Ledger {
    /// Rows of a source that some outputs have accepted while others have not.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn accepted(&self, source: &str) -> Result<Vec<AcceptedRow>, LedgerError> {
        let query = "SELECT output, key, content FROM accepted WHERE source = (SELECT id FROM source WHERE name = ?1)";
        let mut statement = self.connection.prepare_cached(query)?;
        let rows = statement.query_map([source], |row| {
            let key = RecordKey { identity: row.get(1)?, content: row.get(2)? };
            Ok(AcceptedRow { output: row.get(0)?, key })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that outputs have accepted rows while others have not, and how far their files are written.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn note_accepted(
        &mut self,
        source: &str,
        outputs: &[String],
        rows: &[RecordKey],
        marks: &[Mark],
    ) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        {
            let insert = "INSERT OR IGNORE INTO accepted (source, output, key, content) VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(insert)?;
            for output in outputs {
                for RecordKey { identity, content } in rows {
                    insert.execute(params![id, output, identity, content])?;
                }
            }
        }
        put_marks(&transaction, marks)?;
        transaction.commit()?;
        Ok(())
    }
}
