//! Documents in a file, one a line.
//!
//! Whatever stands behind the position that the ledger has is cut off at the start: it was not delivered, and comes
//! again.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::task::block_in_place;
use tracing::{info, warn};

use super::{OutputError, Position, Receipt};
use crate::{config::FileOutputConfig, folder, mapper::MappedBatch};

mod examine;
mod finished;

use finished::Finished;

/// Writes documents to a file, and begins another one when it is large or old.
pub struct FileOutput {
    path: PathBuf,
    rotate_bytes: u64,
    rotate_age: Duration,
    finished: Finished,
    /// What the ledger has, until the file is opened.
    recovered: Option<Position>,
    current: Option<Current>,
    /// Finished files have not been looked at since one was added.
    is_tidy: bool,
}

/// The file that is written.
struct Current {
    file: File,
    position: Position,
}

impl FileOutput {
    /// Gets ready to write; opens nothing yet.
    pub fn new(config: &FileOutputConfig) -> Self {
        Self {
            path: config.path.clone(),
            rotate_bytes: config.rotate_bytes,
            rotate_age: config.rotate_age,
            finished: Finished::new(config),
            recovered: None,
            current: None,
            is_tidy: false,
        }
    }

    pub(super) fn recover(&mut self, position: Position) {
        self.recovered = Some(position);
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.current.as_ref().map(|current| current.position)
    }

    /// Opens the file when it is not open or has been moved away, and begins another one when it is time.
    pub(super) fn prepare(&mut self) -> Result<Option<Position>, OutputError> {
        block_in_place(|| self.prepare_at(Utc::now()))
    }

    fn prepare_at(&mut self, now: DateTime<Utc>) -> Result<Option<Position>, OutputError> {
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
        let existed = self.path.exists();
        folder::make_for(&self.path).map_err(|source| self.failed("make the folder of", source))?;
        let file = OpenOptions::new().create(true).append(true).read(true).open(&self.path);
        let mut file = file.map_err(|source| self.failed("open", source))?;
        let known = self.recovered.take();
        let opened = position(&file).and_then(|position| {
            if !existed {
                sync_folder(&self.path)?;
            }
            settle(&mut file, position, known, now, &self.path)
        });
        let position = opened.map_err(|source| {
            self.recovered = known;
            self.failed("open", source)
        })?;
        self.current = Some(Current { file, position });
        Ok(())
    }

    pub(super) fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        block_in_place(|| self.write(batch.documents.as_bytes()))?;
        Ok(Receipt::default())
    }

    /// Writes all of the bytes, or as if none had been written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        let Some(Current { file, position }) = &mut self.current else {
            return Err(self.failed("write", io::ErrorKind::NotConnected.into()));
        };
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
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
        Ok(())
    }

    /// Compresses and deletes finished files, if that is not done: it is no part of what a delivery waits for.
    pub(super) fn noted(&mut self) {
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

    fn failed(&self, action: &'static str, source: io::Error) -> OutputError {
        OutputError::File { action, path: self.path.clone(), source }
    }
}

/// Cuts off what the ledger does not know, and ends a last line that others have left open.
fn settle(
    file: &mut File,
    mut position: Position,
    known: Option<Position>,
    now: DateTime<Utc>,
    path: &Path,
) -> io::Result<Position> {
    let is_same = |known: &Position| (known.device, known.inode) == (position.device, position.inode);
    let Some(known) = known.filter(is_same) else {
        position.began = now.timestamp_millis();
        end_line(file, &mut position)?;
        return Ok(position);
    };
    position.began = known.began;
    if position.length > known.length {
        warn!(path = %path.display(), bytes = position.length - known.length, "cutting off what was written in part");
        file.set_len(known.length)?;
        file.sync_data()?;
        position.length = known.length;
    } else if position.length < known.length {
        warn!(path = %path.display(), bytes = known.length - position.length, "output file has become shorter");
        end_line(file, &mut position)?;
    }
    Ok(position)
}

/// Where a file is and how long; the time at which it was begun is not known.
fn position(file: &File) -> io::Result<Position> {
    let about = file.metadata()?;
    Ok(Position { device: about.dev(), inode: about.ino(), length: about.len(), began: 0 })
}

/// A document must not be glued to the rest of a line.
fn end_line(file: &mut File, position: &mut Position) -> io::Result<()> {
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

fn is_at(path: &Path, position: Position) -> bool {
    path.metadata().is_ok_and(|about| (about.dev(), about.ino()) == (position.device, position.inode))
}

/// Makes the name of a file last.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
