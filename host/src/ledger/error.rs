//! Why the ledger cannot be used.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

use super::{replica::ReplicaError, schema::VERSION};
use crate::support::state_folder::StateFolderError;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The folder cannot be made or written.
    #[error("could not use state folder `{}`", path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It belongs to somebody else, or something in it leads elsewhere.
    #[error(transparent)]
    State(#[from] StateFolderError),
    /// Another process has it.
    #[error(
        "state folder `{}` is in use by {}",
        path.display(), named(*process)
    )]
    InUse {
        /// Which folder.
        path: PathBuf,
        /// Which process, if it says so.
        process: Option<u32>,
    },
    /// Another process took it while this one used it.
    #[error(
        "state folder `{}` was taken over by {}\nhint: locks do not work there, or `lock` was deleted; give each process a folder of its own",
        path.display(), named(*process)
    )]
    Taken {
        /// Which folder.
        path: PathBuf,
        /// Which process, if it says so.
        process: Option<u32>,
    },
    /// It cannot be opened, though nothing says that it is damaged.
    #[error("could not open ledger `{}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: SqliteError,
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
    /// It was made, or upgraded, by a newer program.
    #[error(
        "ledger `{}` has version {found}, written by {}; exotrace {} knows versions up to {VERSION}\nhint: {}",
        path.display(), written_by(program.as_deref()), env!("CARGO_PKG_VERSION"), way_back(program.as_deref(), copy.as_ref())
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version of exotrace that wrote it, if it says so.
        program: Option<String>,
        /// The copy that was kept before it was upgraded, if it is still there.
        copy: Option<PathBuf>,
    },
    /// It is older, and could not be brought forward; it is what it was.
    #[error("could not upgrade ledger `{}` from version {found} to {VERSION}", path.display())]
    Upgrade {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Reading or writing failed.
    #[error("could not read or write {}", path.as_ref().map_or_else(|| "the ledger".to_owned(), |path| format!("ledger `{}`", path.display())))]
    Sqlite {
        /// Which file, where that is known.
        path: Option<PathBuf>,
        /// Why.
        #[source]
        source: SqliteError,
    },
    /// What it notes cannot be kept in the cluster as well.
    #[error("could not write to the ledger topic")]
    Replica(#[source] ReplicaError),
    /// The cluster may have more than the file.
    #[error("ledger is behind the ledger topic: {reason}")]
    Behind {
        /// Why.
        reason: String,
    },
    /// Something is to be noted together with documents, and the ledger is not of a cluster.
    #[error("ledger is not of a cluster")]
    Alone,
    /// What is kept in the cluster is no ledger, or not in order.
    #[error("could not understand the ledger topic: {problem}\nhint: nothing else may write to it")]
    Replicated {
        /// What is wrong.
        problem: String,
    },
    /// What is kept in the cluster is of a newer program.
    #[error(
        "ledger topic has version {found}; exotrace {} knows versions up to {VERSION}\nhint: upgrade this process as well",
        env!("CARGO_PKG_VERSION")
    )]
    NewerReplica {
        /// Its version.
        found: i64,
    },
}

impl LedgerError {
    /// Whether the same may succeed later: a full disk gets room again.
    pub(crate) fn may_pass(&self) -> bool {
        let Self::Sqlite { source, .. } = self else { return false };
        matches!(
            source.0.sqlite_error_code(),
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
    pub(crate) fn passes_by_itself(&self) -> bool {
        let Self::Sqlite { source, .. } = self else { return false };
        matches!(source.0.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Tells damage from other reasons why a file cannot be opened.
    pub(super) fn opening(path: PathBuf, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, problem: source.to_string() }
            }
            _ => Self::Open { path, source: SqliteError(source) },
        }
    }

    /// The same, with the name of the file in it.
    #[must_use]
    pub(crate) fn at(self, ledger: &Path) -> Self {
        match self {
            Self::Sqlite { path: None, source } => Self::Sqlite { path: Some(ledger.to_owned()), source },
            other => other,
        }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite { path: None, source: SqliteError(source) }
    }
}

/// What SQLite says, in plain words where a person has to do something.
#[derive(Debug)]
pub(crate) struct SqliteError(rusqlite::Error);

impl fmt::Display for SqliteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = match self.0.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => "no space left on the disk",
            Some(ErrorCode::ReadOnly) => "the disk or the file is read-only",
            Some(ErrorCode::SystemIoFailure) => "the disk failed or is full",
            Some(ErrorCode::CannotOpen) => {
                "it or its log cannot be opened: permissions, a full or read-only disk, or too many open files"
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another process is using it",
            _ => return self.0.fmt(formatter),
        };
        let code = self.0.sqlite_error().map_or(0, |error| error.extended_code);
        write!(formatter, "{plain} (SQLite {code})")
    }
}

impl SqliteError {
    /// Whether a file could not be opened.
    pub(super) fn is_cannot_open(&self) -> bool {
        self.0.sqlite_error_code() == Some(ErrorCode::CannotOpen)
    }
}

impl Error for SqliteError {}

fn named(process: Option<u32>) -> String {
    process.map_or_else(|| "another process".to_owned(), |process| format!("process {process}"))
}

fn written_by(program: Option<&str>) -> String {
    program.map_or_else(|| "a newer exotrace".to_owned(), |version| format!("exotrace {version}"))
}

/// How to go on with a ledger that is too new.
fn way_back(program: Option<&str>, copy: Option<&PathBuf>) -> String {
    let install = match program {
        Some(version) => format!("install exotrace {version} or a later one"),
        None => "install the exotrace that wrote it, or a later one".to_owned(),
    };
    match copy {
        Some(copy) => format!(
            "{install}; or put `{}`, the copy from before the upgrade, in its place: what was delivered since comes again",
            copy.display()
        ),
        None => install,
    }
}
