//! Batches of sources whose service knows how far they are read: the ledger counts them.

use chrono::Utc;
use rusqlite::params;

use super::{
    Ledger, LedgerError,
    marks::{Mark, put_marks},
    source_id,
};

impl Ledger {
    /// Notes that every output has accepted a batch with this many records.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn note_batch(&mut self, source: &str, records: u64, marks: &[Mark]) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let source = source_id(&transaction, source)?;
        let count =
            "UPDATE source SET rows = rows + ?2, polled_at = ?3, failed_at = NULL, failure = NULL WHERE id = ?1";
        transaction.execute(count, params![source, records.cast_signed(), Utc::now().timestamp_millis()])?;
        // Every output has the batch that some of them had.
        transaction.execute("DELETE FROM accepted WHERE source = ?1", [source])?;
        put_marks(&transaction, marks)?;
        transaction.commit()
    }
}
