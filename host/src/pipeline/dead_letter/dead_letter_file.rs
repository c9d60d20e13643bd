//! The file that takes dead letters.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{DeadLetter, Sealer};
use crate::support::folder;

/// Why a dead letter could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write dead letter `{}`", path.display())]
pub(crate) struct DeadLetterError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Why a file of letters cannot be read once more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// It cannot be read.
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

impl ClaimError {
    /// It could not be moved away.
    pub(crate) fn moving(path: PathBuf, source: io::Error) -> Self {
        Self::Move { path, source }
    }
}

/// The file that takes them.
#[derive(Debug)]
pub(crate) struct DeadLetterFile {
    path: PathBuf,
    /// What seals their records, where people are hidden.
    sealer: Option<Arc<Sealer>>,
}

impl DeadLetterFile {
    /// The file at `path`, which is made when it is first needed.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, sealer: None }
    }

    /// The same file, whose letters are sealed from now on.
    pub(crate) fn sealed_by(self, sealer: Option<Sealer>) -> Self {
        Self { sealer: sealer.map(Arc::new), ..self }
    }

    /// The same file, whose letters are sealed as those of others.
    pub(crate) fn sharing(self, sealer: Option<Arc<Sealer>>) -> Self {
        Self { sealer, ..self }
    }

    /// What seals the records of letters.
    pub(crate) fn sealer(&self) -> Option<Arc<Sealer>> {
        self.sealer.clone()
    }

    /// Which file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves a file of letters away if it is this one, since what fails again is added here; says where the letters are,
    /// and whether that file is to go when they have been read. What another replay has moved away is taken as it is.
    ///
    /// # Errors
    ///
    /// When it cannot be read or moved.
    pub(crate) fn claim(&mut self, file: &Path) -> Result<(PathBuf, bool), ClaimError> {
        let read = |source| ClaimError::Read { path: file.to_owned(), source };
        drop(File::open(file).map_err(read)?);
        let file = fs::canonicalize(file).map_err(read)?;
        // It is not there as long as nothing has failed.
        let this = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let aside = claimed_path(&this);
        if file != this {
            let is_aside = fs::canonicalize(&aside).is_ok_and(|aside| aside == file);
            return Ok((file, is_aside));
        }
        if aside.exists() {
            return Err(ClaimError::Left(aside));
        }
        fs::rename(&this, &aside).map_err(|source| ClaimError::moving(this, source))?;
        Ok((aside, true))
    }

    /// Adds letters; when it returns, they are on the disk.
    ///
    /// # Errors
    ///
    /// When not all of them could be written; then none is.
    pub(crate) fn append(&mut self, letters: &[DeadLetter]) -> Result<(), DeadLetterError> {
        let mut lines = Vec::new();
        let written = letters.iter().try_for_each(|letter| {
            match &self.sealer {
                Some(sealer) => {
                    let sealed = sealer.seal(letter).map_err(|_| io::Error::other("a record could not be sealed"))?;
                    serde_json::to_writer(&mut lines, &sealed)?;
                }
                None => serde_json::to_writer(&mut lines, letter)?,
            }
            lines.push(b'\n');
            Ok(())
        });
        written
            .and_then(|()| append(&self.path, &lines))
            .map_err(|source| DeadLetterError { path: self.path.clone(), source })
    }
}

/// Where the letters of a file are while they are replayed.
pub(crate) fn claimed_path(file: &Path) -> PathBuf {
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
    use chrono::DateTime;

    use super::*;
    use crate::pipeline::dead_letter::Stage;

    fn letter(record: &str) -> DeadLetter {
        DeadLetter {
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
            sealed: None,
        }
    }

    #[test]
    fn letters_are_kept_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let mut dead_letter = DeadLetterFile::new(folder.path().join("dead.ndjson"));
        let letters = [letter("{\"a\":\n\"\\u00e4\u{e4}\"}"), letter("no JSON \u{1}")];
        dead_letter.append(&letters[..1]).unwrap();
        dead_letter.append(&letters[1..]).unwrap();
        let text = fs::read_to_string(dead_letter.path()).unwrap();
        let read: Vec<DeadLetter> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, letters);
        assert!(text.ends_with("\"reason\":\"too long\",\"record\":\"no JSON \\u0001\"}\n"), "{text}");
    }

    #[test]
    fn a_letter_is_not_glued_to_one_that_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut dead_letter = DeadLetterFile::new(folder.path().join("dead.ndjson"));
        fs::write(dead_letter.path(), "{\"time\":").unwrap();
        dead_letter.append(&[letter("{}")]).unwrap();
        assert_eq!(fs::read_to_string(dead_letter.path()).unwrap().lines().count(), 2);
    }

    #[test]
    fn only_the_dead_letter_itself_is_claim() {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap().join("dead.ndjson");
        let (link, other, aside) =
            (path.with_file_name("link"), path.with_file_name("other"), path.with_added_extension("replaying"));
        fs::write(&other, "").unwrap();
        // By another name as well.
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut dead_letter = DeadLetterFile::new(link.clone());
        assert_eq!(dead_letter.claim(&other).unwrap(), (other, false));
        assert!(matches!(dead_letter.claim(&path), Err(ClaimError::Read { .. })));
        dead_letter.append(&[letter("{}")]).unwrap();
        assert_eq!(dead_letter.claim(&link).unwrap(), (aside.clone(), true));
        assert!(!path.exists() && aside.exists());
        dead_letter.append(&[letter("[]")]).unwrap();
        assert!(matches!(dead_letter.claim(&path), Err(ClaimError::Left(left)) if left == aside));
        assert_eq!(dead_letter.claim(&aside).unwrap(), (aside.clone(), true));
        assert_eq!(fs::read_to_string(&aside).unwrap().lines().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_made_and_one_that_cannot_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/dead.ndjson");
        DeadLetterFile::new(path.clone()).append(&[letter("{}")]).unwrap();
        let below = path.join("dead.ndjson");
        let error = DeadLetterFile::new(below.clone()).append(&[letter("{}")]).unwrap_err();
        assert_eq!(error.to_string(), format!("could not write dead letter `{}`", below.display()));
    }
}
