//! How many letters a file has, for those who ask again and again: only what is new is read.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

/// So much is read each time, in bytes: nobody is to wait for a disk for long.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Counts the dead letters of a file that other processes may write and move.
#[derive(Debug)]
pub(crate) struct Waiting {
    path: PathBuf,
    /// Device and inode of what was counted.
    file: Option<(u64, u64)>,
    read: u64,
    letters: u64,
}

/// How many letters wait for somebody to replay them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DeadLetterCount {
    /// How many were counted.
    pub waiting: u64,
    /// Whether that is all.
    pub is_complete: bool,
}

impl Waiting {
    /// Counts the letters of the file at `path`.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, read: 0, letters: 0 }
    }

    /// How many letters there are now.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn count(&mut self) -> io::Result<DeadLetterCount> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (self.file, self.read, self.letters) = (None, 0, 0);
                return Ok(DeadLetterCount { waiting: 0, is_complete: true });
            }
            Err(error) => return Err(error),
        };
        let about = file.metadata()?;
        let identity = Some((about.dev(), about.ino()));
        if self.file != identity || about.len() < self.read {
            (self.file, self.read, self.letters) = (identity, 0, 0);
        }
        file.seek(SeekFrom::Start(self.read))?;
        let mut rest = file.take(MAX_BYTES);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = rest.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            self.read += length as u64;
            self.letters += memchr::memchr_iter(b'\n', &buffer[..length]).count() as u64;
        }
        Ok(DeadLetterCount { waiting: self.letters, is_complete: self.read >= about.len() })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    #[test]
    fn letters_are_counted_as_they_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.ndjson");
        let mut waiting = Waiting::new(&path);
        let mut count = || waiting.count().unwrap().waiting;
        assert_eq!(count(), 0);
        fs::write(&path, "1\n2\n").unwrap();
        assert_eq!(count(), 2);
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"3\n4").unwrap();
        assert_eq!(count(), 3);
        file.write_all(b"\n").unwrap();
        assert_eq!(count(), 4);
        // Replayed, and one failed again.
        fs::rename(&path, folder.path().join("aside")).unwrap();
        assert_eq!(count(), 0);
        fs::write(&path, "1\n").unwrap();
        assert_eq!(count(), 1);
    }
}
