//! Records that stop the mapping, and documents that an output will never take: kept with the reason, one a line, for
//! `exotrace replay`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::support::folder;

mod masked;
mod overview;
mod waiting;

pub(crate) use masked::masked;
pub(crate) use overview::problem;
pub use overview::{Overview, Reason};
pub use waiting::{Letters, Waiting};

/// A record that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// When it was given up.
    pub time: DateTime<Utc>,
    /// The source that it was read from, by its name; letters of versions before have what the ledger knows it by.
    pub source: String,
    /// Where it was given up.
    pub stage: Stage,
    /// The output that refused it; none when the mapping did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Version of the mapping.
    pub mapping: String,
    /// Why it was given up, for people.
    pub reason: String,
    /// The `_id` of its document; none when there is no document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
    /// The file that it is a verbatim part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it begins in that file, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Its text, to the byte.
    pub record: String,
}

/// Where a record was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The mapping stopped at it.
    Mapping,
    /// An output refused its document.
    Output,
}

/// Why a dead letter could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write dead letter `{}`", path.display())]
pub struct DeadLetterError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Why a file of letters cannot be read once more.
#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// It cannot be had.
    #[error("could not read `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be moved away.
    #[error("could not move `{}`", path.display())]
    Move {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another one is in its way.
    #[error("`{}` is left from a replay that broke off", .0.display())]
    Left(PathBuf),
}

impl AsideError {
    /// It could not be moved away.
    pub(crate) fn moving(path: PathBuf, source: io::Error) -> Self {
        Self::Move { path, source }
    }
}

/// The file that takes them.
#[derive(Debug)]
pub struct DeadLetter {
    path: PathBuf,
}

impl DeadLetter {
    /// The file at `path`, which is made when it is first needed.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Which file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves a file of letters away if it is this one, since what fails again is added here; says where the letters are,
    /// and whether that file is to go when they have been read. What another replay has moved away is taken as it is.
    ///
    /// # Errors
    ///
    /// When it cannot be read or moved.
    pub fn set_aside(&mut self, file: &Path) -> Result<(PathBuf, bool), AsideError> {
        let read = |source| AsideError::Read { path: file.to_owned(), source };
        drop(File::open(file).map_err(read)?);
        let file = fs::canonicalize(file).map_err(read)?;
        // It is not there as long as nothing has failed.
        let this = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let aside = aside_of(&this);
        if file != this {
            let is_aside = fs::canonicalize(&aside).is_ok_and(|aside| aside == file);
            return Ok((file, is_aside));
        }
        if aside.exists() {
            return Err(AsideError::Left(aside));
        }
        fs::rename(&this, &aside).map_err(|source| AsideError::moving(this, source))?;
        Ok((aside, true))
    }

    /// Adds letters; when it returns, they are on the disk.
    ///
    /// # Errors
    ///
    /// When not all of them could be written; then none is.
    pub fn append(&mut self, letters: &[Letter]) -> Result<(), DeadLetterError> {
        let mut lines = Vec::new();
        let written = letters.iter().try_for_each(|letter| {
            serde_json::to_writer(&mut lines, letter)?;
            lines.push(b'\n');
            Ok(())
        });
        written
            .and_then(|()| append(&self.path, &lines))
            .map_err(|source| DeadLetterError { path: self.path.clone(), source })
    }
}

/// Where the letters of a file are while they are replayed.
pub fn aside_of(file: &Path) -> PathBuf {
    file.with_added_extension("replaying")
}

fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let existed = path.exists();
    folder::make_for(path)?;
    // Records are mail of people: nobody else's to read.
    let mut file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    let separator: &[u8] = if last == *b"\n" { b"" } else { b"\n" };
    let written = file.write_all(separator).and_then(|()| file.write_all(lines)).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Should this fail as well, a part of a line is left, which `replay` names and passes over.
        file.set_len(length)?;
        return Err(error);
    }
    if !existed {
        folder::sync_of(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(record: &str) -> Letter {
        Letter {
            time: DateTime::UNIX_EPOCH,
            source: "graph".to_owned(),
            stage: Stage::Output,
            output: Some("siem".to_owned()),
            mapping: "2.2.0".to_owned(),
            reason: "too long".to_owned(),
            id: None,
            read_at: None,
            path: None,
            offset: None,
            record: record.to_owned(),
        }
    }

    #[test]
    fn letters_are_kept_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let mut dead_letter = DeadLetter::new(folder.path().join("dead.ndjson"));
        let letters = [letter("{\"a\":\n\"\\u00e4\u{e4}\"}"), letter("no JSON \u{1}")];
        dead_letter.append(&letters[..1]).unwrap();
        dead_letter.append(&letters[1..]).unwrap();
        let text = fs::read_to_string(dead_letter.path()).unwrap();
        let read: Vec<Letter> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, letters);
        assert!(text.ends_with("\"reason\":\"too long\",\"record\":\"no JSON \\u0001\"}\n"), "{text}");
    }

    #[test]
    fn a_letter_is_not_glued_to_one_that_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut dead_letter = DeadLetter::new(folder.path().join("dead.ndjson"));
        fs::write(dead_letter.path(), "{\"time\":").unwrap();
        dead_letter.append(&[letter("{}")]).unwrap();
        assert_eq!(fs::read_to_string(dead_letter.path()).unwrap().lines().count(), 2);
    }

    #[test]
    fn only_the_dead_letter_itself_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap().join("dead.ndjson");
        let (link, other, aside) =
            (path.with_file_name("link"), path.with_file_name("other"), path.with_added_extension("replaying"));
        fs::write(&other, "").unwrap();
        // By another name as well.
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut dead_letter = DeadLetter::new(link.clone());
        assert_eq!(dead_letter.set_aside(&other).unwrap(), (other, false));
        assert!(matches!(dead_letter.set_aside(&path), Err(AsideError::Read { .. })));
        dead_letter.append(&[letter("{}")]).unwrap();
        assert_eq!(dead_letter.set_aside(&link).unwrap(), (aside.clone(), true));
        assert!(!path.exists() && aside.exists());
        dead_letter.append(&[letter("[]")]).unwrap();
        assert!(matches!(dead_letter.set_aside(&path), Err(AsideError::Left(left)) if left == aside));
        assert_eq!(dead_letter.set_aside(&aside).unwrap(), (aside.clone(), true));
        assert_eq!(fs::read_to_string(&aside).unwrap().lines().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_made_and_one_that_cannot_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/dead.ndjson");
        DeadLetter::new(path.clone()).append(&[letter("{}")]).unwrap();
        let below = path.join("dead.ndjson");
        let error = DeadLetter::new(below.clone()).append(&[letter("{}")]).unwrap_err();
        assert_eq!(error.to_string(), format!("could not write dead letter `{}`", below.display()));
    }
}
