//! Files that a command writes for people: whole or not at all, and never over another one unless that is wanted.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};

use super::exit::Usage;
use crate::support::{atomic_write, folder};

/// For its owner alone: there are secrets in it.
pub(super) const SECRET: u32 = 0o600;

/// For everybody to read.
pub(super) const PUBLIC: u32 = 0o644;

/// What to do when there is a file of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExistingFile {
    /// Keep it, and fail, unless it is the same.
    Keep,
    /// Replace it.
    Replace,
}

impl ExistingFile {
    /// As `--force` says.
    pub(super) fn by_force(is_forced: bool) -> Self {
        if is_forced { Self::Replace } else { Self::Keep }
    }
}

/// Writes a file with these permissions.
pub(super) fn write(path: &Path, contents: &[u8], mode: u32, existing: ExistingFile) -> anyhow::Result<()> {
    check(path, Some(contents), existing)?;
    let write = || {
        let mut file = atomic_write::unfinished(path)?;
        file.write_all(contents)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        match existing {
            ExistingFile::Replace => atomic_write::put(file, path),
            // The same may be there by now, and nothing else.
            ExistingFile::Keep if path.exists() => Ok(()),
            ExistingFile::Keep => atomic_write::put_new(file, path),
        }
    };
    write().with_context(|| format!("could not write `{}`", path.display()))
}

/// Fails if there is no folder for the file, or if a file exists that is kept, and has other contents.
pub(super) fn check(path: &Path, contents: Option<&[u8]>, existing: ExistingFile) -> anyhow::Result<()> {
    let folder = folder::parent(path);
    if !folder.is_dir() {
        bail!("could not write `{}`: there is no folder `{}`", path.display(), folder.display());
    }
    let is_there = match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error).with_context(|| format!("could not write `{}`", path.display())),
    };
    let is_same = || contents.is_some_and(|contents| fs::read(path).is_ok_and(|found| found == contents));
    if !is_there || existing == ExistingFile::Replace || is_same() {
        return Ok(());
    }
    let problem = format!("`{}` exists\nhint: `--force` replaces it; or name another file", path.display());
    Err(Usage(problem).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exotrace.toml");
        write(&path, b"one", PUBLIC, ExistingFile::Keep).unwrap();
        write(&path, b"one", PUBLIC, ExistingFile::Keep).unwrap();
        let error = write(&path, b"two", SECRET, ExistingFile::Keep).unwrap_err().to_string();
        assert!(error.contains("exists\nhint: `--force`"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", SECRET, ExistingFile::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SECRET);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = write(Path::new("/nowhere/exotrace.toml"), b"", PUBLIC, ExistingFile::Keep).unwrap_err();
        assert_eq!(error.to_string(), "could not write `/nowhere/exotrace.toml`: there is no folder `/nowhere`");
    }
}
