//! How much is kept, for those who ask.

use std::{fs, io, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::all_files;

/// How much is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ArchiveSize {
    /// How many files there are.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// When the first hour begins.
    pub from: Option<DateTime<Utc>>,
    /// When the last hour ends.
    pub to: Option<DateTime<Utc>>,
}

impl ArchiveSize {
    /// Of the archive in this folder; nothing when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be looked at.
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let mut size = Self::default();
        for (hour, path) in all_files(folder)? {
            let bytes = match fs::metadata(&path) {
                Ok(about) => about.len(),
                // It was just deleted.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let end = hour.begins + TimeDelta::hours(1);
            size.files += 1;
            size.bytes += bytes;
            size.from = Some(size.from.map_or(hour.begins, |from| from.min(hour.begins)));
            size.to = Some(size.to.map_or(end, |to| to.max(end)));
        }
        Ok(size)
    }
}
