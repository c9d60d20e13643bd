//! Marks for components that are being compiled: one that is left over tells that the program ended meanwhile.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::fs::OFlags;

use crate::{CodeCache, folder::open_own, hex_digest};

/// What the names of marks end with, after the SHA-256 of the component.
const EXTENSION: &str = "compiling";

/// The marks that this process has made; none can be made any more once it ends.
static OPEN: Mutex<Option<Vec<PathBuf>>> = Mutex::new(Some(Vec::new()));

/// Says that a component is being compiled, as long as it lives.
pub struct Mark {
    path: PathBuf,
    /// Locked as long as the process lives, so that others see whether it does.
    _file: File,
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Some(open) = open().as_mut() {
            open.retain(|path| *path != self.path);
            // One that stays makes the component refused once: a person can put it in place by hand.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Removes the marks of this process, which ends for another reason than what it compiles, and makes no more.
pub fn end_marks() {
    for path in open().take().unwrap_or_default() {
        drop(fs::remove_file(path));
    }
}

fn open() -> MutexGuard<'static, Option<Vec<PathBuf>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CodeCache {
    /// Marks a component as being compiled; `None` when another process has it marked, or this one is about to end.
    ///
    /// # Errors
    ///
    /// When the mark cannot be written.
    pub fn mark(&self, bytes: &[u8]) -> io::Result<Option<Mark>> {
        let path = self.folder.join(hex_digest(bytes)).with_extension(EXTENSION);
        let mut open = open();
        let Some(marks) = open.as_mut() else { return Ok(None) };
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = File::options().create(true).append(true).mode(0o600).custom_flags(flags).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        marks.push(path.clone());
        Ok(Some(Mark { path, _file: file }))
    }

    /// The SHA-256 of components that were being compiled when a process ended.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn unfinished(&self) -> io::Result<Vec<String>> {
        let mut digests = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION)
                && is_left_over(&path)
                && let Some(digest) = path.file_stem().and_then(|stem| stem.to_str())
            {
                digests.push(digest.to_owned());
            }
        }
        digests.sort();
        Ok(digests)
    }

    /// Removes the mark that was left over of a component.
    pub fn forget(&self, digest: &str) {
        let path = self.folder.join(digest).with_extension(EXTENSION);
        if is_left_over(&path) {
            // The next start says the same again.
            drop(fs::remove_file(path));
        }
    }
}

/// Whether nobody has the mark any more.
fn is_left_over(path: &Path) -> bool {
    open_own(path).is_ok_and(|file| file.is_some_and(|file| file.try_lock().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_nobody_holds_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(&folder.path().join("cache")).unwrap();
        let mark = cache.mark(b"component").unwrap().unwrap();
        assert!(cache.mark(b"component").unwrap().is_none(), "marked already");
        assert_eq!(cache.unfinished().unwrap(), [""; 0], "somebody compiles it");
        let path = mark.path.clone();
        drop(mark);
        assert!(!path.exists(), "it is compiled");
        drop(File::options().create(true).append(true).mode(0o600).open(&path).unwrap());
        assert_eq!(cache.unfinished().unwrap(), [hex_digest(b"component")], "of a process that ended");
        cache.forget(&hex_digest(b"component"));
        assert_eq!(cache.unfinished().unwrap(), [""; 0]);
    }
}
