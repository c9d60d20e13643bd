//! Files that are looked at from time to time, to see when they have changed.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::sleep;

/// What a file looks like from the outside.
pub(crate) type Stamp = (u64, i64, i64, u64);

/// What files looked like when they were looked at last, and whether they have been read since.
#[derive(Debug, Clone, Default)]
pub(crate) struct StableFile {
    stamps: Vec<Option<Stamp>>,
    is_read: bool,
}

impl StableFile {
    /// These files as they are now, about to be read.
    pub(crate) fn read(files: &[&Path]) -> Self {
        Self { stamps: stamps(files), is_read: true }
    }

    /// Whether files that belong together are to be read. They are when they look the same twice, since their writer
    /// has finished then, and once for each change. The first of them has to be there.
    pub(crate) fn is_due(&mut self, files: &[&Path]) -> bool {
        let stamps = stamps(files);
        if stamps.first().is_none_or(Option::is_none) || stamps != self.stamps {
            *self = Self { stamps, is_read: false };
            return false;
        }
        !std::mem::replace(&mut self.is_read, true)
    }

    /// They could not be read, and may be the next time.
    pub(crate) fn look_again(&mut self) {
        self.is_read = false;
    }
}

fn stamps(files: &[impl AsRef<Path>]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file.as_ref())).collect()
}

/// How often files are looked at whose change somebody waits for.
const LOOK: Duration = Duration::from_secs(2);

/// Files that something is about to read, and what they look like before.
#[derive(Debug, Clone, Default)]
pub(crate) struct WatchedFiles {
    files: Vec<PathBuf>,
    stamps: Vec<Option<Stamp>>,
}

impl WatchedFiles {
    /// These files. Made before they are read, so that a change during the reading counts.
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        Self { stamps: stamps(&files), files }
    }

    /// Takes them as they are now, about to be read again.
    pub(crate) fn look_again(&mut self) {
        self.stamps = stamps(&self.files);
    }

    /// Whether one of them looks other than before.
    pub(crate) fn have_changed(&self) -> bool {
        stamps(&self.files) != self.stamps
    }

    /// Waits until one of them has changed and stays as it is, which means that its writer has finished.
    pub(crate) async fn changed_for_good(&self) {
        self.changed().await;
        let mut now = self.clone();
        loop {
            now.look_again();
            sleep(LOOK).await;
            if !now.have_changed() {
                return;
            }
        }
    }

    /// Waits until one of them changes: for ever when there are none.
    pub(crate) async fn changed(&self) {
        loop {
            sleep(LOOK).await;
            if self.have_changed() {
                return;
            }
        }
    }
}

/// What a file looks like now; none when it is not there.
pub(crate) fn stamp(file: &Path) -> Option<Stamp> {
    let found = fs::metadata(file).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_of_files_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        fs::write(&file, "1").unwrap();
        let watched = WatchedFiles::new(vec![file, other.clone()]);
        assert!(!watched.have_changed());
        fs::write(&other, "2").unwrap();
        assert!(watched.have_changed());
        watched.changed().await;
        let mut again = watched.clone();
        again.look_again();
        assert!(!again.have_changed());
        fs::remove_file(&other).unwrap();
        assert!(again.have_changed());
        assert!(!watched.have_changed(), "as it was");
        assert!(!WatchedFiles::default().have_changed());
    }

    #[test]
    fn a_file_is_read_once_when_it_looks_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        let files = [&*file, &*other];
        let mut stable_file = StableFile::default();
        let mut looks = |times: usize| (0..times).map(|_| stable_file.is_due(&files)).collect::<Vec<_>>();
        assert_eq!(looks(2), [false, false], "not there");
        fs::write(&file, "1").unwrap();
        assert_eq!(looks(4), [false, true, false, false]);
        fs::write(&file, "22").unwrap();
        assert_eq!(looks(1), [false], "perhaps half written");
        fs::write(&other, "333").unwrap();
        assert_eq!(looks(3), [false, true, false]);
        fs::remove_file(&file).unwrap();
        assert_eq!(looks(2), [false, false]);
        let mut stable_file = StableFile::read(&[&*other]);
        assert!(!stable_file.is_due(&[&*other]));
        stable_file.look_again();
        assert!(stable_file.is_due(&[&*other]));
    }
}
