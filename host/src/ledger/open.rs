//! Opens the file: made when it is not there, checked when it is, never made anew.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

use super::{LedgerError, VERSION};

/// The ledger's file within the state folder.
pub(super) const FILE_NAME: &str = "ledger.sqlite3";

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
    if !path.exists() {
        create(path)?;
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(opening)?;
    check(&connection, path)?;
    connection.execute_batch("PRAGMA synchronous = FULL;").map_err(opening)?;
    Ok(connection)
}

/// Opens the database at `path` beside whoever writes it.
pub(super) fn connection_to_read(path: &Path) -> Result<Connection, LedgerError> {
    let connection = read_only(path)?;
    check(&connection, path)?;
    Ok(connection)
}

/// Opens the database at `path`, which is known to be whole.
pub(super) fn read_only(path: &Path) -> Result<Connection, LedgerError> {
    let opening = |error| LedgerError::opening(path.to_owned(), error);
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(opening)
}

fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let opening = |error| LedgerError::opening(path.to_owned(), error);
    if let Some(problem) = problem(connection).map_err(opening)? {
        return Err(LedgerError::Damaged { path: path.to_owned(), problem });
    }
    let found = number(connection, "PRAGMA user_version").map_err(opening)?;
    if found != VERSION {
        return Err(LedgerError::OtherVersion { path: path.to_owned(), found });
    }
    Ok(())
}

/// Makes a ledger under another name first: so whatever bears the right name was whole once, and an empty file is
/// damage and not a beginning.
fn create(path: &Path) -> Result<(), LedgerError> {
    let unfinished = path.with_extension("new");
    let opening = |error| LedgerError::opening(unfinished.clone(), error);
    let folder = |source| LedgerError::Folder { path: path.to_owned(), source };
    let log = path.with_extension("sqlite3-wal");
    if log.exists() {
        let problem = format!("only its log `{}` is there", log.display());
        return Err(LedgerError::Damaged { path: path.to_owned(), problem });
    }
    File::create(&unfinished).map_err(folder)?;
    let connection = Connection::open(&unfinished).map_err(opening)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(opening)?;
    connection.execute_batch(include_str!("schema.sql")).map_err(opening)?;
    connection.close().map_err(|(_, error)| opening(error))?;
    fs::rename(&unfinished, path).map_err(folder)
}

/// What is wrong with the file.
fn problem(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Some(verdict));
    }
    if number(connection, "PRAGMA user_version")? != 0 {
        return Ok(None);
    }
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema")?;
    Ok(Some(if tables == 0 { "it is empty" } else { "it has tables of another program" }.to_owned()))
}

fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}
