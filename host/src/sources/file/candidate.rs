//! A file that may have something new.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use crate::ledger::FilePlace;

/// How a file looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileLook {
    pub(super) size: u64,
    /// The later of when its contents and its name or rights were changed, in nanoseconds since 1970.
    pub(super) changed: i64,
}

/// A file to look into.
#[derive(Debug, Clone)]
pub(super) struct FileCandidate {
    /// Its path.
    pub(super) path: PathBuf,
    pub(super) place: FilePlace,
    pub(super) look: FileLook,
}

impl FileLook {
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
