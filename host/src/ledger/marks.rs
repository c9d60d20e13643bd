//! What is noted together with a batch of any source: how far the files of outputs are written, and what was
//! delivered.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Ledger, LedgerError,
    file_hash::FileHash,
    history::{self, Corrections, HistoryMark},
};

/// What is noted together with a batch of any source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// How far the file of an output is written.
    File(FileMark),
    /// What was delivered.
    History(HistoryMark),
}

/// How far the file of an output is written: what stands behind is cut off after a crash, since it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileMark {
    /// The name of the output.
    pub output: String,
    /// Number of the device that the file is on.
    pub device: u64,
    /// Number of the file on its device.
    pub inode: u64,
    /// Length in bytes.
    pub length: u64,
    /// When the file was begun: milliseconds since 1970.
    pub began: i64,
    /// A hash of the last bytes before `length`, and of how many; of none when nothing is known of them.
    pub tail: FileHash,
}

impl Ledger {
    /// How far the file of an output is written; `None` when nothing is known of one.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn mark(&self, output: &str) -> Result<Option<FileMark>, LedgerError> {
        let query = "SELECT output, device, inode, length, began, tail_length, tail FROM mark WHERE output = ?1";
        let found = self.connection.query_row(query, [output], |row| {
            let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
            let (device, inode, length) = (number(1)?, number(2)?, number(3)?);
            let tail = FileHash { length: number(5)?, hash: row.get(6)? };
            Ok(FileMark { output: row.get(0)?, device, inode, length, began: row.get(4)?, tail })
        });
        Ok(found.optional()?)
    }

    /// Notes how far files of outputs are written.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn note_marks(&mut self, marks: &[Mark]) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        put_marks(&transaction, marks)?;
        transaction.commit()?;
        Ok(())
    }
}

/// Notes marks, within the transaction that notes what was delivered.
pub(super) fn put_marks(connection: &Connection, marks: &[Mark]) -> rusqlite::Result<()> {
    put_marks_with(connection, marks, Corrections::default())
}

/// The same, where this much of what was delivered corrects what was known before.
pub(super) fn put_marks_with(
    connection: &Connection,
    marks: &[Mark],
    corrections: Corrections,
) -> rusqlite::Result<()> {
    let put = "INSERT OR REPLACE INTO mark (output, device, inode, length, began, tail_length, tail) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for mark in marks {
        match mark {
            Mark::File(FileMark { output, device, inode, length, began, tail }) => {
                let [device, inode, length, tail_length] =
                    [device, inode, length, &tail.length].map(|number| number.cast_signed());
                connection.execute(put, params![output, device, inode, length, began, tail_length, tail.hash])?;
            }
            Mark::History(mark) => history::put(connection, mark, corrections)?,
        }
    }
    Ok(())
}
