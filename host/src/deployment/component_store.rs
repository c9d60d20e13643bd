//! Copies of component files that are in use: they can be loaded again when the files are gone.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    mapper::{Component, ComponentError, ComponentFile, Loader, digest, read_component},
    support::{atomic_write, signature},
};

/// The folder in `state_dir`.
const FOLDER: &str = "mappings/kept";

/// Maximum number of copies that are kept, besides those that are needed.
const MAX_COPIES: usize = 5;

/// The copies of component files in a folder, by their SHA-256.
#[derive(Debug, Clone)]
pub struct ComponentStore {
    folder: PathBuf,
}

impl ComponentStore {
    /// Those in a `state_dir`.
    pub fn of(state_dir: &Path) -> Self {
        Self { folder: state_dir.join(FOLDER) }
    }

    /// Keeps a copy, and lets old ones go, but for those whose digests are `needed`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep(&self, file: &ComponentFile, needed: &[String]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if fs::symlink_metadata(&self.folder)?.is_symlink() {
            // Somebody else's folder may be behind it, and files are removed here.
            return Err(io::Error::other(format!("`{}` is a link", self.folder.display())));
        }
        let digest = digest(&file.bytes);
        let path = self.path(&digest);
        if let Some(signature) = &file.signature {
            atomic_write::write(&signature::path_of(&path), signature)?;
        }
        if !fs::read(&path).is_ok_and(|kept| kept == file.bytes) {
            atomic_write::write(&path, &file.bytes)?;
        }
        self.clear(&digest, needed)
    }

    /// Loads a copy, which has to be what it was, and signed as any other file.
    ///
    /// # Errors
    ///
    /// When there is none, or this host may not run it.
    pub fn load(&self, digest: &str, loader: &Loader) -> Result<Component, ComponentError> {
        let path = self.path(digest);
        let bytes = read_component(&path)?;
        if self::digest(&bytes) != digest {
            return Err(ComponentError::Changed(path));
        }
        loader.check_signature(&path, &bytes)?;
        loader.load(&bytes)
    }

    /// Where the copy with this digest lies, if there is one.
    pub(super) fn find(&self, digest: &str) -> Option<PathBuf> {
        let path = self.path(digest);
        is_copy(&path).then_some(path).filter(|path| path.exists())
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.wasm"))
    }

    fn clear(&self, newest: &str, needed: &[String]) -> io::Result<()> {
        let mut copies: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "new") {
                // Left from a crash: one process has the folder, and writes nothing now.
                drop(fs::remove_file(&path));
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_needed = name == newest || needed.iter().any(|digest| *digest == name);
            if !is_copy(&path) || is_needed {
                continue;
            }
            // What cannot be looked at may be gone.
            if let Ok(modified) = fs::metadata(&path).and_then(|metadata| metadata.modified()) {
                copies.push((modified, path));
            }
        }
        copies.sort();
        for (_, path) in copies.iter().rev().skip(MAX_COPIES) {
            // The next time will do as well.
            drop(fs::remove_file(path));
            drop(fs::remove_file(signature::path_of(path)));
        }
        Ok(())
    }
}

/// Whether a file is called as copies are: nothing else is removed.
fn is_copy(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().as_encoded_bytes();
    path.extension().is_some_and(|extension| extension == "wasm")
        && name.len() == 64
        && name.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::built_in;

    fn file(bytes: &[u8]) -> ComponentFile {
        ComponentFile { bytes: bytes.to_vec(), signature: None }
    }

    #[test]
    fn a_copy_is_what_it_was_or_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, loader) = (ComponentStore::of(folder.path()), Loader::default());
        let file = file(built_in("1.20").unwrap().bytes);
        let digest = digest(&file.bytes);
        assert!(kept.load(&digest, &loader).is_err());
        kept.keep(&file, &[]).unwrap();
        kept.keep(&file, &[]).unwrap();
        assert_eq!(kept.load(&digest, &loader).map_err(|error| error.to_string()).unwrap().digest(), digest);
        let path = kept.path(&digest);
        fs::write(&path, built_in("2.2").unwrap().bytes).unwrap();
        let error = kept.load(&digest, &loader).err().unwrap().to_string();
        assert_eq!(error, format!("`{}` is not the mapping that was kept", path.display()));
    }

    #[test]
    fn old_copies_are_let_go_unless_they_are_needed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = ComponentStore::of(folder.path());
        let needed = [digest(b"0"), digest(b"1")];
        for n in 0..20 {
            kept.keep(&file(n.to_string().as_bytes()), &needed).unwrap();
        }
        assert!(needed.iter().all(|digest| kept.path(digest).exists()));
        assert!(kept.path(&digest(b"19")).exists());
        assert_eq!(fs::read_dir(&kept.folder).unwrap().count(), 2 + 1 + MAX_COPIES);
    }
}
