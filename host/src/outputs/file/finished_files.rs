//! Finished files: named by the time at which they were finished, compressed, and kept for as long as is wanted.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};
use rustix::fs::OFlags;
use tracing::info;

use super::settings::{FileCompression, FileOutputConfig};
use crate::support::folder;

/// How well finished files are compressed: what both programs do unless told otherwise is 6 and 3.
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// What a file is called while it is being compressed.
const UNFINISHED: &str = "part";

/// What is done with finished files.
pub(super) struct FinishedFiles {
    compression: FileCompression,
    keep: Option<u32>,
    keep_for: Option<Duration>,
}

impl FinishedFiles {
    pub(super) fn new(config: &FileOutputConfig) -> Self {
        Self { compression: config.compression, keep: config.keep, keep_for: config.keep_for }
    }

    /// Moves a file to the name of a finished one: `trace.ndjson` becomes `trace-20260304T050607.008Z.ndjson`.
    pub(super) fn take(&self, path: &Path, now: DateTime<Utc>) -> io::Result<PathBuf> {
        let mut time = now;
        loop {
            let finished = name(path, time);
            if !names(&finished).iter().any(|name| name.exists()) {
                fs::rename(path, &finished)?;
                folder::sync_of(path)?;
                return Ok(finished);
            }
            time += chrono::Duration::milliseconds(1);
        }
    }

    /// Compresses what is not yet, and deletes what is more or older than is to be kept.
    pub(super) fn tidy(&self, path: &Path, now: DateTime<Utc>) -> io::Result<()> {
        let finished = self.delete(path, now)?;
        for plain in finished.iter().filter(|found| time_in(path, found).is_some()) {
            self.compress(plain)?;
        }
        Ok(())
    }

    /// Deletes what is more or older than is to be kept; gives the others.
    pub(super) fn delete(&self, path: &Path, now: DateTime<Utc>) -> io::Result<Vec<PathBuf>> {
        let mut finished = self.find(path)?;
        // By time, since names differ in nothing else.
        finished.sort();
        let surplus = self.keep.map_or(0, |keep| finished.len().saturating_sub(keep as usize));
        let old = finished.iter().filter(|found| self.is_old(path, found, now)).count();
        for old in finished.drain(..surplus.max(old)) {
            fs::remove_file(&old)?;
            info!(path = %old.display(), "finished file deleted");
        }
        Ok(finished)
    }

    /// Whether a file was finished longer ago than it is to be kept.
    fn is_old(&self, path: &Path, found: &Path, now: DateTime<Utc>) -> bool {
        let Some(keep_for) = self.keep_for else { return false };
        let finished = time_in(path, found).or_else(|| time_in(path, &found.with_extension("")));
        finished.is_some_and(|time| now.signed_duration_since(time).to_std().is_ok_and(|age| age > keep_for))
    }

    /// Whether time alone makes files surplus.
    pub(super) fn has_age(&self) -> bool {
        self.keep_for.is_some()
    }

    /// The finished files of an output.
    pub(super) fn find(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(folder::parent(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?.path();
            let is_plain = time_in(path, &entry).is_some();
            let is_compressed = ["gz", "zst"].into_iter().any(|extension| {
                entry.extension().is_some_and(|it| it == extension)
                    && time_in(path, &entry.with_extension("")).is_some()
            });
            if is_plain || is_compressed {
                found.push(entry);
            }
        }
        Ok(found)
    }

    fn compress(&self, plain: &Path) -> io::Result<()> {
        let extension = match self.compression {
            FileCompression::None => return Ok(()),
            FileCompression::Gzip => "gz",
            FileCompression::Zstd => "zst",
        };
        let compressed = with_more(plain, extension);
        let unfinished = with_more(&compressed, UNFINISHED);
        let mut from = File::open(plain)?;
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let to = OpenOptions::new().create(true).write(true).truncate(true).custom_flags(flags).open(&unfinished)?;
        // The same users may read both, and nobody else.
        to.set_permissions(from.metadata()?.permissions())?;
        let to = match self.compression {
            FileCompression::Zstd => {
                let mut encoder = zstd::Encoder::new(to, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                io::copy(&mut from, &mut encoder)?;
                encoder.finish()?
            }
            _ => {
                let mut encoder = GzEncoder::new(to, Compression::new(GZIP_LEVEL));
                io::copy(&mut from, &mut encoder)?;
                encoder.flush()?;
                encoder.finish()?
            }
        };
        to.sync_all()?;
        fs::rename(&unfinished, &compressed)?;
        folder::sync_of(plain)?;
        fs::remove_file(plain)
    }
}

/// The name of a file that was finished at this time.
fn name(path: &Path, time: DateTime<Utc>) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(time.format("-%Y%m%dT%H%M%S%.3fZ").to_string());
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Names of finished files as an output gives them.
pub(super) fn example_names(path: &Path) -> [PathBuf; 3] {
    names(&name(path, DateTime::UNIX_EPOCH))
}

/// All names that a finished file may have.
fn names(finished: &Path) -> [PathBuf; 3] {
    [finished.to_owned(), with_more(finished, "gz"), with_more(finished, "zst")]
}

/// When a file was finished, if it is a finished one of this output.
fn time_in(path: &Path, found: &Path) -> Option<DateTime<Utc>> {
    let stem = found.file_name()?.to_str()?.strip_prefix(path.file_stem()?.to_str()?)?;
    let time = match path.extension() {
        Some(extension) => stem.strip_suffix(extension.to_str()?)?.strip_suffix('.')?,
        None => stem,
    };
    let time = chrono::NaiveDateTime::parse_from_str(time, "-%Y%m%dT%H%M%S%.3fZ").ok()?.and_utc();
    // Only what this program would have written itself: others may have files beside it.
    (name(path, time).file_name() == found.file_name()).then_some(time)
}

fn with_more(path: &Path, extension: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(extension);
    name.into()
}
