//! Documents in a file, one a line.
//!
//! What a crash has left behind the position that the ledger has is cut off at the start: it was not delivered, and
//! comes again. Nothing else is ever cut: a file that is not what was left is finished, and another one begun.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::task::block_in_place;
use tracing::{error, info, warn};

use crate::{
    config::FileOutputConfig,
    mapper::MappedBatch,
    pipeline::{ExamineOptions, FilePosition, Outlook, Output, OutputError, Receipt},
    support::{finding::Finding, folder},
};

mod beside;
mod examine;
mod finished;
mod tail;

use beside::{Beside, Step};
use finished::Finished;
use tail::LastBytes;

/// The usual permissions of an output file: its group reads it, as with other logs.
const MODE: u32 = 0o640;

/// Writes documents to a file, and begins another one when it is large or old.
pub struct FileOutput {
    path: PathBuf,
    rotate_bytes: u64,
    rotate_age: Duration,
    mode: Option<u32>,
    finished: Finished,
    /// What the ledger has, until the file is opened.
    recovered: Option<FilePosition>,
    current: Option<Current>,
    /// Finished files have not been looked at since one was added.
    is_tidy: bool,
}

/// A file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", path.display())]
struct FileOutputError {
    /// What was being done.
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// The file that is written.
struct Current {
    file: File,
    position: FilePosition,
    /// None for what is no regular file.
    last: Option<LastBytes>,
    /// None as well where no file can be made beside it.
    beside: Option<Beside>,
}

/// What becomes of a file that is opened.
enum Opened {
    Current(Current),
    /// It is not what was left: it is kept as it is, and another one begun.
    Other,
}

/// The files that an output has written and that are there: the current one, what is beside it, and the finished ones.
pub fn written_files(config: &FileOutputConfig) -> Vec<PathBuf> {
    let finished = Finished::new(config).find(&config.path).unwrap_or_default();
    finished.into_iter().chain([config.path.clone(), beside::name(&config.path)]).collect()
}

impl FileOutput {
    /// Gets ready to write; opens nothing yet.
    pub fn new(config: &FileOutputConfig) -> Self {
        Self {
            path: config.path.clone(),
            rotate_bytes: config.rotate_bytes,
            rotate_age: config.rotate_age,
            mode: config.mode,
            finished: Finished::new(config),
            recovered: None,
            current: None,
            is_tidy: false,
        }
    }

    /// Opens the file when it is not open or has been moved away, and begins another one when it is time.
    fn prepare_at(&mut self, now: DateTime<Utc>) -> Result<Option<FilePosition>, OutputError> {
        if let Some(current) = &self.current
            && !is_at(&self.path, current.position)
        {
            warn!(path = %self.path.display(), "output file was moved or deleted; beginning another one");
            self.current = None;
        }
        let is_new = self.current.is_none();
        if is_new {
            self.open(now)?;
        }
        let Some(Current { position, .. }) = &self.current else { return Ok(None) };
        let age = now.signed_duration_since(DateTime::from_timestamp_millis(position.began).unwrap_or(now));
        let is_old = age.to_std().is_ok_and(|age| age >= self.rotate_age);
        if position.length == 0 || position.length < self.rotate_bytes && !is_old {
            return Ok(is_new.then_some(*position));
        }
        let finished = self.finished.take(&self.path, now).map_err(|source| self.failed("finish", source))?;
        info!(path = %finished.display(), bytes = position.length, "output file is finished");
        (self.current, self.is_tidy) = (None, false);
        self.open(now)?;
        Ok(self.position())
    }

    /// Opens the file as the ledger knows it.
    fn open(&mut self, now: DateTime<Utc>) -> Result<(), OutputError> {
        folder::make_for(&self.path).map_err(|source| self.failed("make the folder of", source))?;
        let known = self.recovered.take();
        let opened = self.try_to_open(known, now).and_then(|opened| match opened {
            Opened::Current(current) => Ok(current),
            Opened::Other => {
                let finished = self.finished.take(&self.path, now)?;
                error!(
                    path = %self.path.display(), kept_as = %finished.display(),
                    "output file is not what the ledger knows; kept as it is, and another one begun"
                );
                self.is_tidy = false;
                match self.try_to_open(None, now)? {
                    Opened::Current(current) => Ok(current),
                    Opened::Other => Err(io::Error::other("the file changes all the time")),
                }
            }
        });
        let current = opened.map_err(|source| {
            self.recovered = known;
            self.failed("open", source)
        })?;
        self.current = Some(current);
        Ok(())
    }

    fn try_to_open(&self, known: Option<FilePosition>, now: DateTime<Utc>) -> io::Result<Opened> {
        let existed = self.path.exists();
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).read(true).mode(self.mode.unwrap_or(MODE)).open(&self.path)?;
        if !existed {
            if let Some(mode) = self.mode {
                // Whatever the umask takes away.
                file.set_permissions(Permissions::from_mode(mode))?;
            }
            sync_folder(&self.path)?;
        }
        let position = position(&file)?;
        if !file.metadata()?.is_file() {
            return Ok(Opened::Current(Current { file, position, last: None, beside: None }));
        }
        let beside = Beside::open_if_allowed(&self.path, position)?;
        let is_left = |known: &FilePosition| match &beside {
            Some((_, Some(said))) => said.is_left_by_a_crash(known.length),
            // Nobody has said anything: the ledger is of a version that had nothing to say it with.
            Some((_, None)) => known.length > 0 && known.tail.length == 0,
            // Nor can a file be finished in such a folder.
            None => true,
        };
        let Some(mut position) = settle(&mut file, position, known, is_left, now, &self.path)? else {
            return Ok(Opened::Other);
        };
        let last = LastBytes::of(&file, position.length)?;
        position.tail = last.tail();
        let beside = beside.map(|(beside, _)| beside);
        if let Some(beside) = &beside {
            beside.say(Step::Noted, position.length)?;
        }
        Ok(Opened::Current(Current { file, position, last: Some(last), beside }))
    }

    /// Writes all of the bytes, or as if none had been written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        let Some(Current { file, position, last, beside }) = &mut self.current else {
            return Err(self.failed("write", io::ErrorKind::NotConnected.into()));
        };
        let said = beside.as_ref().map_or(Ok(()), |beside| beside.say(Step::Writing, position.length));
        let written = said.and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_data());
        if let Err(source) = written {
            if let Err(error) = file.set_len(position.length) {
                // What stands there now is cut off when the file is opened anew.
                warn!(error = %error, "could not take back what was written in part");
                self.recovered = Some(*position);
                self.current = None;
            }
            return Err(self.failed("write", source));
        }
        position.length += bytes.len() as u64;
        if let Some(last) = last {
            last.add(bytes);
            position.tail = last.tail();
        }
        Ok(())
    }

    /// Says beside the file that the ledger has all of it.
    fn say_noted(&self) {
        let Some(Current { position, beside: Some(beside), .. }) = &self.current else { return };
        if let Err(error) = beside.say(Step::Noted, position.length) {
            // The next one says more; until then a crash is all that would be thought of.
            warn!(path = %self.path.display(), error = %error, "could not note how far the output file is written");
        }
    }

    fn failed(&self, action: &'static str, source: io::Error) -> OutputError {
        // A full disk gets room again.
        let outlook = match source.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ReadOnlyFilesystem => Outlook::Permanent,
            _ => Outlook::Transient,
        };
        OutputError::new(FileOutputError { action, path: self.path.clone(), source }, outlook)
    }
}

#[async_trait]
impl Output for FileOutput {
    async fn examine(&mut self, _: &ExamineOptions<'_>) -> Vec<Finding> {
        examine::examine(&self.path, self.rotate_bytes)
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        block_in_place(|| self.write(batch.documents.as_bytes()))?;
        Ok(Receipt::default())
    }

    fn prepare(&mut self) -> Result<Option<FilePosition>, OutputError> {
        block_in_place(|| self.prepare_at(Utc::now()))
    }

    fn position(&self) -> Option<FilePosition> {
        self.current.as_ref().map(|current| current.position)
    }

    fn recover(&mut self, position: FilePosition) {
        self.recovered = Some(position);
    }

    /// Compresses and deletes finished files, if that is not done: it is no part of what a delivery waits for.
    fn noted(&mut self) {
        block_in_place(|| self.say_noted());
        if self.is_tidy {
            return;
        }
        match block_in_place(|| self.finished.tidy(&self.path)) {
            Ok(()) => self.is_tidy = true,
            // Tried again after the next batch: nothing is lost as long as the files are there.
            Err(error) => {
                warn!(path = %self.path.display(), error = %error, "could not compress or delete finished files")
            }
        }
    }

    fn has_position(&self) -> bool {
        true
    }
}

/// Cuts off what a crash has left, and ends a last line that others have left open. `None` when the file is not what was
/// left of it, so that nothing may be cut: `is_left` says whether what stands behind a position is of a crash.
fn settle(
    file: &mut File,
    mut position: FilePosition,
    known: Option<FilePosition>,
    is_left: impl FnOnce(&FilePosition) -> bool,
    now: DateTime<Utc>,
    path: &Path,
) -> io::Result<Option<FilePosition>> {
    let is_same = |known: &FilePosition| (known.device, known.inode) == (position.device, position.inode);
    let Some(known) = known.filter(is_same) else {
        position.began = now.timestamp_millis();
        end_line(file, &mut position)?;
        return Ok(Some(position));
    };
    position.began = known.began;
    if position.length < known.length {
        warn!(path = %path.display(), bytes = known.length - position.length, "output file has become shorter");
    } else if !tail::is_before(known.tail, file, known.length)? {
        end_line(file, &mut position)?;
        return Ok(None);
    } else if position.length > known.length {
        if !is_left(&known) {
            end_line(file, &mut position)?;
            return Ok(None);
        }
        warn!(path = %path.display(), bytes = position.length - known.length, "cutting off what was written in part");
        file.set_len(known.length)?;
        file.sync_data()?;
        position.length = known.length;
    }
    end_line(file, &mut position)?;
    Ok(Some(position))
}

/// Where a file is and how long; the time at which it was begun is not known.
fn position(file: &File) -> io::Result<FilePosition> {
    let about = file.metadata()?;
    Ok(FilePosition { device: about.dev(), inode: about.ino(), length: about.len(), ..FilePosition::default() })
}

/// A document must not be glued to the rest of a line.
fn end_line(file: &mut File, position: &mut FilePosition) -> io::Result<()> {
    if position.length == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(position.length - 1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
        file.sync_data()?;
        position.length += 1;
    }
    Ok(())
}

fn is_at(path: &Path, position: FilePosition) -> bool {
    path.metadata().is_ok_and(|about| (about.dev(), about.ino()) == (position.device, position.inode))
}

/// Makes the name of a file last.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
