//! Files that are looked at from time to time, to see when they have changed.

use std::{
    fs, io,
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
    /// A folder whose files with such an end are watched as well, whichever there are.
    folder: Option<(PathBuf, &'static str)>,
    looks: Vec<(PathBuf, Option<Stamp>)>,
}

impl WatchedFiles {
    /// These files. Made before they are read, so that a change during the reading counts.
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        Self { files, ..Self::default() }.with_current_files()
    }

    /// The visible files of a folder whose names end so, those that come later included.
    pub(crate) fn of_folder(folder: PathBuf, extension: &'static str) -> Self {
        Self { folder: Some((folder, extension)), ..Self::default() }.with_current_files()
    }

    fn with_current_files(mut self) -> Self {
        self.look_again();
        self
    }

    /// Takes them as they are now, about to be read again.
    pub(crate) fn look_again(&mut self) {
        self.looks = self.looks();
    }

    /// Whether one of them looks other than before, has come or has gone.
    pub(crate) fn have_changed(&self) -> bool {
        self.looks() != self.looks
    }

    fn looks(&self) -> Vec<(PathBuf, Option<Stamp>)> {
        let mut files = self.files.clone();
        if let Some((folder, extension)) = &self.folder {
            // A folder that is not there has none.
            files.extend(visible_files(folder, extension).unwrap_or_default());
        }
        files.into_iter().map(|file| (file.clone(), stamp(&file))).collect()
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

/// The files of a folder whose names have this extension and do not begin with a dot, in the order of their names.
///
/// # Errors
///
/// When the folder cannot be read.
pub(crate) fn visible_files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = PathBuf::from(entry?.file_name());
        let is_hidden = name.as_os_str().as_encoded_bytes().starts_with(b".");
        if !is_hidden && name.extension().is_some_and(|found| found == extension) {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
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
    fn the_files_of_a_folder_are_watched_as_they_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut watched = WatchedFiles::of_folder(folder.path().to_owned(), "toml");
        let mut check = |is_change: bool, what: &str| {
            assert_eq!(watched.have_changed(), is_change, "{what}");
            watched.look_again();
        };
        fs::write(path("b.toml"), "1").unwrap();
        check(true, "came");
        for name in ["b.txt", ".c.toml", ".toml", "toml", "b.toml~", "b.toml.new"] {
            fs::write(path(name), "1").unwrap();
        }
        check(false, "other files");
        fs::write(path("b.toml"), "22").unwrap();
        check(true, "changed");
        fs::rename(path("b.toml"), path("a.toml")).unwrap();
        check(true, "has another name");
        fs::write(path("b.toml"), "1").unwrap();
        check(true, "came again");
        assert_eq!(visible_files(folder.path(), "toml").unwrap(), [path("a.toml"), path("b.toml")]);
        fs::remove_file(path("a.toml")).unwrap();
        check(true, "went");
        fs::remove_dir_all(folder.path()).unwrap();
        check(true, "the folder went");
        assert!(visible_files(folder.path(), "toml").is_err());
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
