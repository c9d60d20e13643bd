//! Finds files by patterns.

use std::{
    collections::HashSet,
    fs,
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::{Candidate, FileError, Look};
use crate::ledger::FilePlace;

impl Look {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let changed = [(metadata.mtime(), metadata.mtime_nsec()), (metadata.ctime(), metadata.ctime_nsec())];
        let changed =
            changed.map(|(seconds, nanoseconds)| seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds));
        Self { size: metadata.len(), changed: changed[0].max(changed[1]) }
    }

    /// How long ago the file was changed.
    pub(super) fn age(self) -> Duration {
        let changed = Duration::from_nanos(u64::try_from(self.changed).unwrap_or_default());
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().saturating_sub(changed)
    }
}

impl FilePlace {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The files that match, each once, and what could not be looked at.
pub(super) fn all(patterns: &[String]) -> (Vec<Candidate>, Vec<FileError>) {
    let (mut found, mut errors, mut places) = (Vec::new(), Vec::new(), HashSet::new());
    for pattern in patterns {
        // The settings are checked: a pattern is one.
        let Ok(paths) = glob::glob(pattern) else { continue };
        for path in paths {
            let looked = path.map_err(|error| (error.path().to_owned(), io::Error::from(error)));
            match looked.and_then(|path| candidate(&path).map_err(|error| (path, error))) {
                Ok(Some(candidate)) => {
                    // The same file may have several names.
                    if places.insert(candidate.place) {
                        found.push(candidate);
                    }
                }
                Ok(None) => {}
                // It has gone in the meantime.
                Err((_, error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err((path, error)) => errors.push(FileError { path, problem: error.into() }),
            }
        }
    }
    (found, errors)
}

/// How many files match.
pub fn matching(patterns: &[String]) -> usize {
    all(patterns).0.len()
}

fn candidate(path: &PathBuf) -> io::Result<Option<Candidate>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let place = FilePlace::of(&metadata);
    Ok(Some(Candidate { path: path.clone(), place, look: Look::of(&metadata) }))
}
