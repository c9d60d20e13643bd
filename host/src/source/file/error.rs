//! Why a file could not be read.

use std::{io, path::PathBuf};

use crate::records::RecordsError;

/// A file that could not be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`", path.display())]
pub struct FileError {
    /// Which file, or folder, or pattern.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub problem: FileProblem,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The system refuses.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It is compressed, and its end is missing.
    #[error("compressed file is not whole yet")]
    Unfinished,
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
