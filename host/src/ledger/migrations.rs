//! Brings a ledger of an earlier version forward: in one transaction, with a copy of what it was kept beside it.
//!
//! A migration that has landed is never changed: ledgers that went through it exist. A new table or column is a new
//! file and a new line here.

use std::{
    error::Error,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, OptionalExtension as _, TransactionBehavior, params,
    types::{ToSqlOutput, ValueRef},
};
use tracing::{info, warn};

use super::LedgerError;
use super::schema::{MIGRATIONS, VERSION};
use crate::support::atomic_write;

/// Takes a database from version `found` to [`VERSION`], or leaves it as it is; version 0 is an empty one.
pub(super) fn apply(connection: &mut Connection, found: i64) -> rusqlite::Result<()> {
    apply_until(connection, found, VERSION)
}

/// The same, to version `wanted`.
pub(super) fn apply_until(connection: &mut Connection, found: i64, wanted: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    apply_within(&transaction, found, wanted)?;
    transaction.commit()
}

/// The same, within a transaction.
pub(super) fn apply_within(transaction: &Connection, found: i64, wanted: i64) -> rusqlite::Result<()> {
    for (version, migration) in (1..=wanted).zip(MIGRATIONS) {
        if version > found {
            transaction.execute_batch(migration)?;
        }
    }
    transaction.pragma_update(None, "user_version", wanted)?;
    if wanted == VERSION {
        let note = "INSERT OR REPLACE INTO about (name, value) VALUES ('program', ?1)";
        transaction.execute(note, [env!("CARGO_PKG_VERSION")])?;
    }
    Ok(())
}

/// Upgrades the ledger at `path`, which has version `found`, and keeps a copy of it. When the copy or the upgrade
/// fails, the ledger is what it was.
pub(super) fn upgrade(connection: &mut Connection, path: &Path, found: i64) -> Result<(), LedgerError> {
    if found == VERSION {
        return Ok(());
    }
    let failed = |source: Box<dyn Error + Send + Sync>| LedgerError::Upgrade { path: path.to_owned(), found, source };
    let copy = copy_path(path, found);
    keep_copy(connection, &copy).map_err(failed)?;
    apply(connection, found).map_err(|error| failed(error.into()))?;
    info!(from = found, to = VERSION, copy = %copy.display(), "ledger upgraded; a copy of what it was is kept");
    // One copy is enough: those of upgrades before this one are older than what can be gone back to.
    for other in (1..VERSION).filter(|version| *version != found).map(|version| copy_path(path, version)) {
        match fs::remove_file(&other) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                warn!(copy = %other.display(), %error, "could not delete the copy of an older ledger");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes all that the database has, its WAL included, into one file.
fn keep_copy(connection: &Connection, copy: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let unfinished = atomic_write::unfinished(copy)?;
    copy_into(connection, unfinished.path())?;
    atomic_write::put(unfinished, copy)?;
    Ok(())
}

/// The same, into an empty file.
fn copy_into(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    // As bytes: a path need not be UTF-8.
    let path = ToSqlOutput::Borrowed(ValueRef::Text(path.as_os_str().as_bytes()));
    connection.execute("VACUUM INTO ?1", params![path])?;
    Ok(())
}

/// A copy of a ledger of version `found`, upgraded: to be read where the ledger itself cannot be upgraded. The file is
/// gone with the connection.
pub(super) fn upgraded_copy(connection: &Connection, found: i64) -> Result<Connection, Box<dyn Error + Send + Sync>> {
    let file = tempfile::NamedTempFile::new()?;
    copy_into(connection, file.path())?;
    let mut copy = Connection::open(file.path())?;
    apply(&mut copy, found)?;
    Ok(copy)
}

/// Where the copy of a ledger of this version lies.
fn copy_path(path: &Path, version: i64) -> PathBuf {
    path.with_extension(format!("version-{version}.sqlite3"))
}

/// The ledger at `path` is newer than this program: which program it is of, and whether it can be gone back.
pub(super) fn newer(connection: &Connection, path: &Path, found: i64) -> LedgerError {
    let query = "SELECT value FROM about WHERE name = 'program'";
    let program = connection.query_row(query, [], |row| row.get(0)).optional().ok().flatten();
    let copy = (1..=VERSION).rev().map(|version| copy_path(path, version)).find(|copy| copy.exists());
    LedgerError::Newer { path: path.to_owned(), found, program, copy }
}

#[cfg(test)]
mod tests;
