//! Which records were seen, in a file of its own that goes with it: memory stays the same for any number of records.

use std::path::Path;

use rusqlite::{Connection, params};
use tempfile::TempPath;

use super::LedgerError;
use crate::support::{atomic_write, record_key::RecordKey};

const TABLE: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE seen (identity BLOB, content BLOB, PRIMARY KEY (identity, content)) WITHOUT ROWID;";

/// Which records were seen.
pub(crate) struct SeenRows {
    connection: Connection,
    /// Gone with it; after a crash, at the next start.
    _file: TempPath,
}

impl SeenRows {
    /// None, in a file in this folder.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn new(folder: &Path) -> Result<Self, LedgerError> {
        let making = |source| LedgerError::Folder { path: folder.to_owned(), source };
        let file = atomic_write::unfinished(&folder.join("seen")).map_err(making)?.into_temp_path();
        let connection = Connection::open(&file)?;
        connection.execute_batch(TABLE)?;
        Ok(Self { connection, _file: file })
    }

    /// Notes records; says of each whether it was not seen before.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn note(&mut self, keys: &[RecordKey]) -> Result<Vec<bool>, LedgerError> {
        let transaction = self.connection.transaction()?;
        let mut are_new = Vec::new();
        {
            let insert = "INSERT OR IGNORE INTO seen (identity, content) VALUES (?1, ?2)";
            let mut insert = transaction.prepare_cached(insert)?;
            for RecordKey { identity, content } in keys {
                are_new.push(insert.execute(params![identity, content])? > 0);
            }
        }
        transaction.commit()?;
        Ok(are_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_new_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = SeenRows::new(folder.path()).unwrap();
        let key = |identity, content| RecordKey { identity: [identity; 16], content: [content; 8] };
        assert_eq!(seen.note(&[key(1, 1), key(1, 2), key(1, 1)]).unwrap(), [true, true, false]);
        assert_eq!(seen.note(&[key(1, 2), key(2, 2)]).unwrap(), [false, true]);
        drop(seen);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
