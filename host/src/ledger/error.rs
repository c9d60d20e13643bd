//! Why the ledger cannot be used.

use std::{io, path::PathBuf};

use rusqlite::ErrorCode;

use super::VERSION;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder cannot be made or written.
    #[error("could not use state folder `{}`", path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process has it.
    #[error("state folder `{}` is in use by another process", path.display())]
    InUse {
        /// Which folder.
        path: PathBuf,
    },
    /// It cannot be opened, though nothing says that it is damaged.
    #[error("could not open ledger `{}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is damaged, or something else than a ledger.
    #[error(
        "ledger `{}` is damaged: {problem}\nhint: move it away to start over; records that were delivered before come again",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// It was made by a newer or older program.
    #[error(
        "ledger `{}` has version {found}, this program knows {VERSION}\nhint: use the program that made it, or move it away to start over",
        path.display()
    )]
    OtherVersion {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// Reading or writing failed.
    #[error("could not read or write the ledger")]
    Sqlite(#[from] rusqlite::Error),
}

impl LedgerError {
    /// Whether the same may succeed later: a full disk gets room again.
    pub fn may_pass(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
            )
        )
    }

    /// Whether it may succeed later without a person doing something.
    pub fn passes_by_itself(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Tells damage from other reasons why a file cannot be opened.
    pub(super) fn opening(path: PathBuf, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, problem: source.to_string() }
            }
            _ => Self::Open { path, source },
        }
    }
}
