//! Raw records that are kept: every page that is on its way to the outputs, in a file an hour and source.
//!
//! A page is on the disk before the ledger moves, and so it may be there twice after a crash: `exotrace remap` maps
//! every record once. Nothing is read here while mail is collected.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use tracing::{info, warn};

mod archive_error;
mod archive_hour;
mod archive_reader;
mod archive_size;
mod archive_write;
mod frame;
mod hour_file;

pub(crate) use archive_error::ArchiveError;
pub(super) use archive_reader::{ArchivePosition, ArchiveReader, ArchivedBatch};
pub(crate) use archive_size::ArchiveSize;
pub(super) use archive_write::archive;

use super::record_batch::RecordBatch;
use crate::support::{folder, state_folder};
use archive_hour::{ArchiveHour, files};
use hour_file::HourFile;

/// The longest name of a folder, in bytes, that is what a source is called.
const MOST_NAME_BYTES: usize = 200;

/// Where raw records are kept.
pub(crate) struct Archive {
    folder: PathBuf,
    keep_for: Duration,
    /// The files that are written, by the names of their sources.
    open: Mutex<HashMap<String, Arc<Mutex<Option<HourFile>>>>>,
}

impl Archive {
    /// Keeps raw records in this folder for so long. Nothing is written yet.
    pub(crate) fn new(folder: PathBuf, keep_for: Duration) -> Self {
        Self { folder, keep_for, open: Mutex::default() }
    }

    /// The folder with the records of a source.
    pub(super) fn folder_of(&self, source: &str) -> PathBuf {
        self.folder.join(&*folder_name(source))
    }

    /// Adds a batch to the file of the hour; when it returns, that is on the disk. Gives the number of bytes.
    fn append(&self, batch: &RecordBatch, now: DateTime<Utc>) -> Result<u64, ArchiveError> {
        let (source, folder) = (&batch.source.label, self.folder_of(&batch.source.label));
        let failed = |source| ArchiveError::Write { folder: folder.clone(), source };
        let frame = frame::encode(&batch.records, &batch.origin).map_err(failed)?;
        let file =
            Arc::clone(self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(source.clone()).or_default());
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = ArchiveHour::of(now);
        let is_current = |open: &HourFile| open.hour.begins == hour.begins && open.is_in_place();
        let mut open = match file.take().filter(is_current) {
            Some(open) => open,
            None => {
                state_folder::prepare_private(&self.folder)?;
                make(&folder).and_then(|()| HourFile::open(&folder, hour)).map_err(failed)?
            }
        };
        let written = open.append(&frame).map_err(failed)?;
        *file = Some(open);
        Ok(written)
    }

    /// Deletes what was kept for long enough; what cannot be deleted is tried again.
    pub(super) fn tidy(&self, now: DateTime<Utc>) {
        let tidied = all_files(&self.folder).and_then(|files| {
            for (hour, path) in files {
                if hour.is_old(self.keep_for, now) {
                    fs::remove_file(&path)?;
                    info!(path = %path.display(), "archive file deleted");
                }
            }
            Ok(())
        });
        if let Err(error) = tidied {
            warn!(folder = %self.folder.display(), error = %error, "could not delete old archive files");
        }
    }
}

/// The files of an archive in this folder.
pub(crate) fn archive_files(folder: &Path) -> Vec<PathBuf> {
    all_files(folder).unwrap_or_default().into_iter().map(|(_, path)| path).collect()
}

/// A name of a file as an archive in this folder has it.
pub(crate) fn example_of_archive_file(folder: &Path) -> PathBuf {
    folder.join("graph").join(ArchiveHour::of(DateTime::UNIX_EPOCH).file_name())
}

/// The files of all sources.
fn all_files(folder: &Path) -> io::Result<Vec<(ArchiveHour, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Nothing is looked for behind a link.
        if entry.file_type()?.is_dir() {
            all.extend(files(&entry.path())?);
        }
    }
    Ok(all)
}

/// Makes the folder of a source, for its owner alone.
fn make(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => folder::sync_of(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What the folder of a source is called: as the source, as far as a file can be.
fn folder_name(source: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if source.bytes().all(is_plain) && !source.starts_with('.') && source.len() <= MOST_NAME_BYTES {
        return Cow::Borrowed(source);
    }
    let mut name = String::new();
    for (place, byte) in source.bytes().enumerate() {
        if is_plain(byte) && (place, byte) != (0, b'.') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.len() > MOST_NAME_BYTES {
        let digest = Sha256::digest(source);
        name.truncate(MOST_NAME_BYTES - 2 * 8 - 1);
        name.push('%');
        digest.iter().take(8).for_each(|byte| name.push_str(&format!("{byte:02x}")));
    }
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_source_has_a_folder_of_its_own() {
        let long = "ä".repeat(300);
        let (longer, dots) = (format!("{long}x"), "...");
        let names = ["graph", "graph-2", "a/b", "a%2Fb", "..", ".", dots, "Contoso Ltd.", &long, &longer];
        let folders: BTreeSet<_> = names.iter().map(|name| folder_name(name).into_owned()).collect();
        assert_eq!(folders.len(), names.len());
        assert_eq!(folder_name("graph-2"), "graph-2");
        assert_eq!(folder_name("a b/c"), "a%20b%2Fc");
        for folder in &folders {
            assert!(folder.len() <= MOST_NAME_BYTES && !folder.contains('/') && !folder.starts_with('.'), "{folder}");
        }
    }

    #[test]
    fn what_is_old_is_deleted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let now: DateTime<Utc> = "2026-03-04T05:30:00Z".parse().unwrap();
        let (old, young) = ("graph/2026-03-02T04.ndjson.zst", "gone/2026-03-02T05.ndjson.zst");
        for name in [old, young, "graph/2020-01-01.txt", "2020-01-01T00.ndjson.zst"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let archive = Archive::new(folder.path().to_owned(), Duration::from_secs(48 * 3600));
        archive.tidy(now);
        assert_eq!(archive_files(folder.path()), [folder.path().join(young)]);
        assert!(folder.path().join("2020-01-01T00.ndjson.zst").exists());
        // Nothing was ever written.
        Archive::new(folder.path().join("none"), Duration::ZERO).tidy(now);
    }
}
