//! The folder of the cache: for its owner alone, with a key, and bounded.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};

use crate::EXTENSION;

/// The name of the key's file.
const KEY: &str = "key";

/// How long the key is, in bytes.
const KEY_BYTES: usize = 32;

/// All that others may do with a file or folder.
const OTHERS: u32 = 0o077;

/// Makes the folder, or takes away what others may do with it.
pub(crate) fn open_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::metadata(folder)?.mode() & OTHERS != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Reads the key. A new one is made when there is none, or when others could have read it: all files are foreign then.
pub(crate) fn open_key(folder: &Path) -> io::Result<hmac::Key> {
    let path = folder.join(KEY);
    let mut key = match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() && metadata.mode() & OTHERS == 0 => fs::read(&path)?,
        Ok(_) => Vec::new(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    if key.len() != KEY_BYTES {
        key = vec![0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("the system has no random numbers"))?;
        // A temporary file is for its owner alone from the beginning.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&key)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

/// Removes the files that were not used for longest, until the rest has no more than `max_bytes`; never `kept`.
pub(crate) fn bound(folder: &Path, kept: &Path, max_bytes: u64) -> io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            // Another process may remove one meanwhile.
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            files.push((metadata.modified()?, metadata.len(), path));
        }
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if total <= max_bytes {
            break;
        }
        if path != kept {
            fs::remove_file(path)?;
            total -= length;
        }
    }
    Ok(())
}
