//! Why a file could not be read.

use std::{io, path::PathBuf};

use exotrace_formats::{RecordsError, TooMuch};

use crate::support::shown;

/// A file that could not be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`", shown::path(path))]
pub(crate) struct FileError {
    /// Which file, or folder, or pattern.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub problem: FileProblem,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileProblem {
    /// The system refuses.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It is compressed, and its end is missing.
    #[error("compressed file is not whole yet")]
    Unfinished,
    /// It unpacks to more than can be meant.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// It cannot be unpacked to its end.
    #[error(
        "compressed file is damaged, and read as far as it can be unpacked: {0}\nhint: copy it again from where it is whole"
    )]
    Damaged(String),
    /// It is a link, which any user who can write to the folder may have made.
    #[error(
        "it is a link, which is not followed\nhint: name what it leads to in `paths`, or set `follow_links = true`"
    )]
    Link,
    /// It is a named pipe, a socket or a device: reading it may never end.
    #[error(
        "it is a named pipe, a socket or a device, not a file\nhint: leave it out of `paths`; `exotrace map` reads pipes"
    )]
    NotAFile,
    /// There is nothing to read.
    #[error("no file matches\nhint: look at the folder and the pattern in `paths`")]
    NoMatch,
    /// Its contents are to blame.
    #[error(transparent)]
    Records(RecordsError),
    /// Its dates are.
    #[error("{0}")]
    Dates(String),
}

impl From<RecordsError> for FileProblem {
    fn from(error: RecordsError) -> Self {
        match error.hint("`date_order = \"day_first\"` or `\"month_first\"` in the settings of this source") {
            Some(hint) => Self::Dates(format!("{error}\nhint: {hint}")),
            None => Self::Records(error),
        }
    }
}
