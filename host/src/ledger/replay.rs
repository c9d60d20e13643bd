//! How far files of dead letters are fed through again.

use rusqlite::{OptionalExtension as _, params};

use super::{
    Ledger, LedgerError,
    marks::{Mark, put_marks},
};
use crate::support::record_key::RecordKey;

/// What accepted rows of dead letters are kept under: no page of a source is to make them forgotten.
pub(crate) const REPLAY: &str = "replay";

/// How far a file of dead letters is fed through again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replay {
    /// What the file is known by.
    pub file: [u8; 32],
    /// Everything before is done, in bytes.
    pub offset: u64,
}

impl Ledger {
    /// How far a file of dead letters was fed through by a replay that broke off.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn replayed_until(&self, file: &[u8; 32]) -> Result<Option<u64>, LedgerError> {
        let query = "SELECT offset FROM replay WHERE file = ?1";
        let found = self.connection.query_row(query, [file], |row| row.get::<_, i64>(0)).optional()?;
        Ok(found.map(i64::cast_unsigned))
    }

    /// Notes that all outputs for which these rows were have accepted them. Nothing else is kept of the rows: letters may
    /// be fed through again on purpose.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_replayed(
        &mut self,
        replay: Replay,
        rows: &[RecordKey],
        marks: &[Mark],
    ) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        {
            let forget = "DELETE FROM accepted WHERE source = (SELECT id FROM source WHERE name = ?1) AND key = ?2 \
                          AND content = ?3";
            let mut forget = transaction.prepare_cached(forget)?;
            for RecordKey { identity, content } in rows {
                forget.execute(params![REPLAY, identity, content])?;
            }
        }
        put_marks(&transaction, marks)?;
        let put = "INSERT OR REPLACE INTO replay (file, offset) VALUES (?1, ?2)";
        transaction.execute(put, params![replay.file, replay.offset.cast_signed()])?;
        transaction.commit()?;
        Ok(())
    }

    /// Notes that a file of dead letters is done.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn end_replay(&mut self, file: &[u8; 32]) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        transaction.execute("DELETE FROM replay WHERE file = ?1", [file])?;
        transaction.commit()
    }
}
