//! Documents in a file, one a line.
//!
//! A file that is not what was left of it is finished as it is, and another one begun.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::task::block_in_place;
use tracing::{error, info, warn};

use crate::{
    mapper::MappedBatch,
    pipeline::{ExamineOptions, Outlook, Output, OutputError, OutputSettings, Receipt, SettingProblem, WritePosition},
    support::{finding::Finding, folder},
};

mod current_file;
mod examine;
mod finished_files;
mod last_bytes;
mod settings;
mod setup;
mod write_marker;

pub(crate) use settings::FileOutputConfig;

use current_file::{CurrentFile, OpenOutcome};
use finished_files::FinishedFiles;

/// Writes documents to a file, and begins another one when it is large or old.
pub(crate) struct FileOutput {
    path: PathBuf,
    rotate_bytes: u64,
    rotate_age: Duration,
    mode: Option<u32>,
    finished: FinishedFiles,
    /// What the ledger has, until the file is opened.
    recovered: Option<WritePosition>,
    current: Option<CurrentFile>,
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

impl FileOutput {
    /// Gets ready to write; opens nothing yet.
    pub(crate) fn new(config: &FileOutputConfig) -> Self {
        Self {
            path: config.path.clone(),
            rotate_bytes: config.rotate_bytes,
            rotate_age: config.rotate_age,
            mode: config.mode,
            finished: FinishedFiles::new(config),
            recovered: None,
            current: None,
            is_tidy: false,
        }
    }

    /// Opens the file when it is not open or has been moved away, and begins another one when it is time.
    fn prepare_at(&mut self, now: DateTime<Utc>) -> Result<Option<WritePosition>, OutputError> {
        if let Some(current) = &self.current
            && !current.is_at(&self.path)
        {
            warn!(path = %self.path.display(), "output file was moved or deleted; a new one begins");
            self.current = None;
        }
        let is_new = self.current.is_none();
        if is_new {
            self.open(now)?;
        }
        let Some(CurrentFile { position, .. }) = &self.current else { return Ok(None) };
        let age = now.signed_duration_since(DateTime::from_timestamp_millis(position.began).unwrap_or(now));
        let is_old = age.to_std().is_ok_and(|age| age >= self.rotate_age);
        if position.length == 0 || position.length < self.rotate_bytes && !is_old {
            return Ok(is_new.then_some(*position));
        }
        let finished = self.finished.take(&self.path, now).map_err(|source| self.failed("finish", source))?;
        info!(path = %finished.display(), bytes = position.length, "output file finished");
        (self.current, self.is_tidy) = (None, false);
        self.open(now)?;
        Ok(self.position())
    }

    /// Opens the file as the ledger knows it.
    fn open(&mut self, now: DateTime<Utc>) -> Result<(), OutputError> {
        folder::make_for(&self.path).map_err(|source| self.failed("make the folder of", source))?;
        let known = self.recovered.take();
        let opened = CurrentFile::open(&self.path, self.mode, known, now).and_then(|opened| match opened {
            OpenOutcome::Expected(file) => Ok(file),
            OpenOutcome::Other => {
                let finished = self.finished.take(&self.path, now)?;
                error!(
                    path = %self.path.display(), kept_as = %finished.display(),
                    "output file is not what the ledger knows; kept as it is, and another one begun"
                );
                self.is_tidy = false;
                match CurrentFile::open(&self.path, self.mode, None, now)? {
                    OpenOutcome::Expected(file) => Ok(file),
                    OpenOutcome::Other => Err(io::Error::other("the file changes all the time")),
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

    /// Writes all of the bytes, or as if none had been written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        let Some(current) = &mut self.current else {
            return Err(self.failed("write", io::ErrorKind::NotConnected.into()));
        };
        let Err(source) = current.append(bytes) else { return Ok(()) };
        if let Err(error) = current.take_back() {
            // What stands there now is cut off when the file is opened again.
            warn!(error = %error, "could not truncate a partial write");
            self.recovered = Some(current.position);
            self.current = None;
        }
        Err(self.failed("write", source))
    }

    /// Says beside the file that the ledger has all of it.
    fn say_noted(&self) {
        if let Some(Err(error)) = self.current.as_ref().map(CurrentFile::say_noted) {
            // The next one says more; until then a crash is all that would be thought of.
            warn!(path = %self.path.display(), error = %error, "could not save the position of the output file");
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

impl OutputSettings for FileOutputConfig {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(FileOutput::new(self)))
    }

    fn default_name(&self) -> String {
        // Without its folder: where the program was started must not make it another output.
        format!("file {}", self.path.file_name().unwrap_or_default().display())
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<SettingProblem> {
        let problem = if self.path.is_dir() {
            let shown = self.path.display();
            Some(format!("`{shown}` is a folder, not a file\nhint: add the name of a file"))
        } else {
            folder::problem(folder::parent(&self.path))
        };
        problem.map(|problem| SettingProblem::error("path", &problem)).into_iter().collect()
    }

    fn written_files(&self) -> Vec<PathBuf> {
        let finished = FinishedFiles::new(self).find(&self.path).unwrap_or_default();
        finished.into_iter().chain([self.path.clone(), write_marker::name(&self.path)]).collect()
    }

    fn examples_of_files(&self) -> Vec<(PathBuf, &'static str)> {
        let finished =
            finished_files::example_names(&self.path).into_iter().map(|path| (path, "the finished files of an output"));
        [(self.path.clone(), "the file of an output")].into_iter().chain(finished).collect()
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

    fn prepare(&mut self) -> Result<Option<WritePosition>, OutputError> {
        block_in_place(|| self.prepare_at(Utc::now()))
    }

    fn position(&self) -> Option<WritePosition> {
        self.current.as_ref().map(|current| current.position)
    }

    fn recover(&mut self, position: WritePosition) {
        (self.recovered, self.current) = (Some(position), None);
    }

    /// Compresses and deletes finished files, if that is not done: it is not part of what a delivery waits for.
    fn noted(&mut self) {
        block_in_place(|| self.say_noted());
        if self.is_tidy {
            return;
        }
        match block_in_place(|| self.finished.tidy(&self.path, Utc::now())) {
            Ok(()) => self.is_tidy = true,
            // Tried again after the next batch: nothing is lost as long as the files are there.
            Err(error) => {
                warn!(path = %self.path.display(), error = %error, "could not compress or delete finished files")
            }
        }
    }

    /// Deletes what has become too old, also while no mail comes.
    fn tidy(&mut self) {
        if !self.finished.has_age() {
            return;
        }
        if let Err(error) = self.finished.delete(&self.path, Utc::now()) {
            warn!(path = %self.path.display(), error = %error, "could not delete finished files");
        }
    }

    fn has_position(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
