//! Opens the file: made when it is not there, checked when it is, upgraded when it is older, never made again.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

use super::{LedgerError, migrations, schema};
use crate::support::folder;

/// The ledger's file within the state folder.
pub(super) const FILE_NAME: &str = "ledger.sqlite3";

/// Whether there is something at `path`. What cannot be looked at is not missing: nothing may be put in its place.
pub(super) fn is_there(path: &Path) -> Result<bool, LedgerError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(LedgerError::Folder { path: path.to_owned(), source }),
    }
}

/// How the ledger of a process works. Keys of rows are spread over all of its pages: with SQLite's usual 2 MB of cache and
/// 4 MB of log, each batch of a large tenant read most of them again, and copied most of the log.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; \
                        PRAGMA wal_autocheckpoint = 4000;";

/// Opens the database at `path`.
pub(super) fn connection(path: &Path) -> Result<Connection, LedgerError> {
    if !is_there(path)? {
        create(path, schema::VERSION)?;
    }
    let (mut connection, found) = as_it_is(path)?;
    migrations::upgrade(&mut connection, path, found)?;
    Ok(connection)
}

/// Opens the database at `path`, which is there, without upgrading it; gives its version, too.
pub(super) fn as_it_is(path: &Path) -> Result<(Connection, i64), LedgerError> {
    let opening = |error| LedgerError::opening(path.to_owned(), error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(opening)?;
    let found = check(&connection, path)?;
    connection.execute_batch(SETTINGS).map_err(opening)?;
    Ok((connection, found))
}

/// Deletes the database at `path` with its logs.
pub(super) fn delete(path: &Path) -> Result<(), LedgerError> {
    // The logs last: without the file, they are nothing.
    for file in [path.to_owned(), path.with_extension("sqlite3-wal"), path.with_extension("sqlite3-shm")] {
        match fs::remove_file(&file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(LedgerError::Folder { path: file, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens the database at `path` beside the process that writes it. One of an earlier version is read as what it will be.
pub(super) fn connection_to_read(path: &Path) -> Result<Connection, LedgerError> {
    let connection = read_only(path)?;
    let (connection, found) = match check(&connection, path) {
        // There is no room for the file that readers share, as on a read-only disk.
        Err(LedgerError::Open { source, .. }) if source.is_cannot_open() => copy_to_read(path)?,
        found => (connection, found?),
    };
    if found == schema::VERSION {
        return Ok(connection);
    }
    let upgraded = migrations::upgraded_copy(&connection, found);
    upgraded.map_err(|source| LedgerError::Upgrade { path: path.to_owned(), found, source })
}

/// Opens a copy of the database at `path` and of its log, which nobody can write; gives its version, too. The files of
/// the copy are gone with the connection.
fn copy_to_read(path: &Path) -> Result<(Connection, i64), LedgerError> {
    let copying = |source| LedgerError::Folder { path: path.to_owned(), source };
    let folder = tempfile::tempdir().map_err(copying)?;
    let copy = folder.path().join(FILE_NAME);
    fs::copy(path, &copy).map_err(copying)?;
    let (log, log_copy) = (path.with_extension("sqlite3-wal"), copy.with_extension("sqlite3-wal"));
    if is_there(&log)? {
        fs::copy(log, log_copy).map_err(copying)?;
    }
    let connection = Connection::open(&copy).map_err(|error| LedgerError::opening(path.to_owned(), error))?;
    let found = check(&connection, path)?;
    Ok((connection, found))
}

/// Opens the database at `path`, which is known to be whole.
pub(super) fn read_only(path: &Path) -> Result<Connection, LedgerError> {
    let opening = |error| LedgerError::opening(path.to_owned(), error);
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(opening)
}

/// Gives the version of a database that is a ledger which this program can read.
fn check(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let opening = |error| LedgerError::opening(path.to_owned(), error);
    if let Some(problem) = problem(connection).map_err(opening)? {
        return Err(LedgerError::Damaged { path: path.to_owned(), problem });
    }
    let found = number(connection, "PRAGMA user_version").map_err(opening)?;
    if found > schema::VERSION {
        return Err(migrations::newer(connection, path, found));
    }
    Ok(found)
}

/// Makes a ledger under another name first: so a file of the right name was whole once, and an empty file is
/// damage and not a beginning.
///
/// With a rollback journal, which is gone when a transaction is done: all of the ledger is in the one file that is
/// renamed. A WAL might be left beside it when the disk is full, and the renamed file would be nothing without it.
pub(super) fn create(path: &Path, version: i64) -> Result<(), LedgerError> {
    let unfinished = path.with_extension("new");
    let opening = |error| LedgerError::opening(unfinished.clone(), error);
    let folder = |source| LedgerError::Folder { path: path.to_owned(), source };
    let log = path.with_extension("sqlite3-wal");
    if is_there(&log)? {
        let problem = format!("only its log `{}` is there", log.display());
        return Err(LedgerError::Damaged { path: path.to_owned(), problem });
    }
    for extension in ["new", "new-journal", "new-wal", "new-shm"] {
        // Left from a start that broke off.
        match fs::remove_file(path.with_extension(extension)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(folder(error)),
            _ => {}
        }
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(folder)?;
    let mut connection = Connection::open(&unfinished).map_err(opening)?;
    connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;").map_err(opening)?;
    migrations::apply_until(&mut connection, 0, version).map_err(opening)?;
    connection.close().map_err(|(_, error)| opening(error))?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(folder)?;
    fs::rename(&unfinished, path).map_err(folder)?;
    folder::sync_of(path).map_err(folder)
}

/// What is wrong with the file.
fn problem(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Some(verdict));
    }
    if number(connection, "PRAGMA user_version")? > 0 {
        return Ok(None);
    }
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema")?;
    Ok(Some(if tables == 0 { "it is empty" } else { "it has tables of another program" }.to_owned()))
}

fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    /// As on a read-only disk, where the file that readers share cannot be made.
    #[test]
    fn a_copy_has_what_is_in_the_log_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.note_failure("a", chrono::DateTime::UNIX_EPOCH, "why").unwrap();
        let path = folder.path().join(FILE_NAME);
        assert!(fs::metadata(path.with_extension("sqlite3-wal")).unwrap().len() > 0);
        let (copy, found) = copy_to_read(&path).unwrap();
        assert_eq!(found, schema::VERSION);
        let failure: String = copy.query_row("SELECT failure FROM source", [], |row| row.get(0)).unwrap();
        assert_eq!(failure, "why");
    }
}
