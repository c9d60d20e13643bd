//! The folder of the cache: for its owner alone, with a key, and bounded.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
    time::SystemTime,
};

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use rustix::{fs::OFlags, io::Errno};

/// What the names of cached files end with.
pub(crate) const EXTENSION: &str = "code";

/// The name of the key's file.
const KEY: &str = "key";

/// How long the key is, in bytes.
const KEY_BYTES: usize = 32;

/// All that others may do with a file or folder.
const OTHERS: u32 = 0o077;

/// Makes the folder, or takes away what others may do with it. One of another user is not used: its owner could change
/// what is in it, and has the key.
pub(crate) fn open_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = open(folder, OFlags::DIRECTORY)?;
    let about = file.metadata()?;
    if about.uid() != user()? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    if about.mode() & OTHERS != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Reads the key. A new one is made when there is none, or when it was not for its owner alone: all files are foreign
/// then.
pub(crate) fn open_key(folder: &Path) -> io::Result<hmac::Key> {
    let path = folder.join(KEY);
    let mut key = match fs::symlink_metadata(&path) {
        Ok(_) => open_own(&path)?.map_or(Ok(Vec::new()), read_key)?,
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

fn read_key(file: File) -> io::Result<Vec<u8>> {
    let mut key = Vec::new();
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
    Ok(key)
}

/// Opens a file that this user made and that nobody else can read or change; `None` when it is anything else, such as a
/// link, a FIFO, or another user's.
pub(crate) fn open_own(path: &Path) -> io::Result<Option<File>> {
    let file = match open(path, OFlags::empty()) {
        Ok(file) => file,
        Err(error) => return if is_link(&error) { Ok(None) } else { Err(error) },
    };
    let about = file.metadata()?;
    let is_own = about.is_file() && about.uid() == user()? && about.mode() & OTHERS == 0;
    Ok(is_own.then_some(file))
}

/// Follows no link, and waits for nobody: a FIFO opens at once.
fn open(path: &Path, more: OFlags) -> io::Result<File> {
    let flags = (more | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Whether a file could not be opened because it is a link, or a socket.
fn is_link(error: &io::Error) -> bool {
    let found = error.raw_os_error();
    [Errno::LOOP, Errno::NXIO].iter().any(|errno| found == Some(errno.raw_os_error()))
}

/// The user whom this process runs as: what it makes is that user's.
fn user() -> io::Result<u32> {
    let (pipe, _) = io::pipe()?;
    Ok(File::from(OwnedFd::from(pipe)).metadata()?.uid())
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
