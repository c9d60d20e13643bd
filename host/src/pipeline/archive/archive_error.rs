//! Why raw records could not be kept.

use std::{io, path::PathBuf};

use crate::support::state_folder::StateFolderError;

/// Why raw records could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// The folder is not this user's alone.
    #[error(transparent)]
    Folder(StateFolderError),
    /// A folder or a file cannot be written.
    #[error("could not write to the archive in `{}`", folder.display())]
    Write {
        /// The folder of the archive, or of a source in it.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<StateFolderError> for ArchiveError {
    fn from(error: StateFolderError) -> Self {
        match error {
            StateFolderError::Unusable { path: folder, source } => Self::Write { folder, source },
            error => Self::Folder(error),
        }
    }
}

impl ArchiveError {
    /// Whether it may pass by itself: a full disk gets room again.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Write { source, .. } = self else { return false };
        !matches!(
            source.kind(),
            io::ErrorKind::PermissionDenied
                | io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::ReadOnlyFilesystem
        )
    }
}
