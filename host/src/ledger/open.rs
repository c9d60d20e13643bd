//! Opens the file: made when it is not there, checked when it is, never made anew.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use rusqlite::Connection;

use super::{LedgerError, VERSION};

/// Makes the folder when it is not there, and keeps other processes out of it for as long as the file is open.
pub(super) fn lock(state_dir: &Path) -> Result<File, LedgerError> {
    let folder = |source| LedgerError::Folder { path: state_dir.to_owned(), source };
    fs::create_dir_all(state_dir).map_err(folder)?;
    let lock = File::create(state_dir.join("lock")).map_err(folder)?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => LedgerError::InUse { path: state_dir.to_owned() },
        TryLockError::Error(source) => folder(source),
    })?;
    Ok(lock)
}

/// Opens the database at `path`.
pub(super) fn connection(path: &Path) -> Result<Connection, LedgerError> {
    let opening = |error| LedgerError::opening(path.to_owned(), error);
    let connection = Connection::open(path).map_err(opening)?;
    if let Some(problem) = problem(&connection).map_err(opening)? {
        return Err(LedgerError::Damaged { path: path.to_owned(), problem });
    }
    let found = number(&connection, "PRAGMA user_version").map_err(opening)?;
    if found > VERSION {
        return Err(LedgerError::Newer { path: path.to_owned(), found });
    }
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(opening)?;
    if found == 0 {
        connection.execute_batch(include_str!("schema.sql")).map_err(opening)?;
    }
    Ok(connection)
}

/// What is wrong with the file.
fn problem(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Some(verdict));
    }
    let is_strange = number(connection, "PRAGMA user_version")? == 0
        && number(connection, "SELECT count(*) FROM sqlite_schema")? > 0;
    Ok(is_strange.then(|| "it has tables of another program".to_owned()))
}

fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}
