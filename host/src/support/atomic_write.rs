//! Writes files that are there whole or not at all, for their owner alone.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::support::folder;

/// What the names of unfinished files begin and end with: nobody else's do both.
const BEFORE: &str = ".";
const BEHIND: &str = ".new";

/// Puts a file in place; when it returns, the file is on the disk.
///
/// # Errors
///
/// When it cannot be written. What was there before still is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Under another name first: a crash must not leave half of it.
    let mut file = unfinished(path)?;
    file.write_all(bytes)?;
    put(file, path)
}

/// An empty file for its owner alone, beside the one in whose place it will be put. Its name is nobody's before, so no
/// link is followed. When it is dropped, it is gone.
pub(crate) fn unfinished(path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or(OsStr::new("file")).to_string_lossy();
    tempfile::Builder::new().prefix(&format!("{BEFORE}{name}.")).suffix(BEHIND).tempfile_in(folder::parent(path))
}

/// Puts a finished file in place; when it returns, the file is on the disk.
pub(crate) fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    folder::sync_of(path)
}

/// Puts a finished file where there is none yet; when it returns, the file is on the disk.
///
/// # Errors
///
/// When something is there, of the kind `AlreadyExists`, or when the file cannot be written.
pub(crate) fn put_new(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    folder::sync_of(path)
}

/// Removes what a crash has left unfinished in a folder that no other process writes to.
pub(crate) fn tidy(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(BEFORE) && name.ends_with(BEHIND) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_takes_the_place_of_another_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"one, which is longer").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_new_file_takes_no_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        put_new(unfinished(&path).unwrap(), &path).unwrap();
        fs::write(&path, "precious").unwrap();
        let error = put_new(unfinished(&path).unwrap(), &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn a_link_is_replaced_and_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("file"), folder.path().join("target"));
        fs::write(&target, "precious").unwrap();
        symlink(&target, &path).unwrap();
        // Where an unfinished file was once.
        symlink(&target, folder.path().join("file.new")).unwrap();
        write(&path, b"ours").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours");
    }

    #[test]
    fn what_a_crash_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        unfinished(&path).unwrap().keep().unwrap();
        fs::write(folder.path().join("their.new"), "").unwrap();
        write(&path, b"x").unwrap();
        tidy(folder.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["file", "their.new"]);
    }
}
