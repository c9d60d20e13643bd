//! The state folder: whose it is, and what others may do with it.
//!
//! What lies in it is believed: compiled code is run, decisions are followed, files are cut. So it has to belong to the
//! user whom the program runs as, and nobody else may write to it; otherwise it is not used.

use std::{
    fmt, fs,
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io,
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use tracing::{info, warn};

/// Files that this program makes in it, and the folders; what else is there is not its own.
const FILES: &[&str] = &[
    "agent-id",
    "cache/key",
    "dead-letter.ndjson",
    "ledger.sqlite3",
    "ledger.sqlite3-journal",
    "ledger.sqlite3-shm",
    "ledger.sqlite3-wal",
    "lock",
    "mapping-history.ndjson",
    "mapping-history.ndjson.1",
    "mapping.json",
    "privacy-log.ndjson",
];
const FOLDERS: &[&str] = &["cache", "mappings/kept"];

/// All that others may do with a file; and writing alone.
const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;

/// What may do with a folder in which nobody can rename the files of others.
const STICKY: u32 = 0o1000;

/// Why a state folder is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateFolderError {
    /// It cannot be made or looked at.
    #[error("could not use state folder `{}`", path.display())]
    Unusable {
        /// Which folder, or file in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It belongs to somebody else.
    #[error("`{}` belongs to user {owner}, and exotrace runs as user {user}\nhint: {}", path.display(), way_out(path, folder, *owner, *user))]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// It, or what in it is somebody else's.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Something in it leads elsewhere, or is something else than it was made.
    #[error("`{}` is {found}, where exotrace has {expected} of its own\nhint: move it away", path.display())]
    Other {
        /// What.
        path: PathBuf,
        /// What it is.
        found: FileKind,
        /// What it should be.
        expected: FileKind,
    },
}

/// What can stand in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A FIFO, a socket or a device.
    Special,
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a link",
            Self::Special => "a FIFO, socket or device",
        })
    }
}

fn way_out(path: &Path, folder: &Path, owner: u32, user: u32) -> String {
    match (user, owner) {
        (0, _) => format!("run it as that user: `sudo -u '#{owner}' exotrace ...`"),
        (_, 0) if path == folder => {
            format!("name a folder in it, which exotrace makes: `{}`", folder.join("exotrace").display())
        }
        _ => format!("give it to the user of exotrace: `chown -R {user} '{}'`", folder.display()),
    }
}

/// Makes the folder when it is not there, and sees that it may be used; nothing else is written before.
///
/// What others may do with it is taken away: earlier versions left files that everybody could read.
///
/// # Errors
///
/// When it belongs to somebody else, or cannot be used.
pub(crate) fn prepare(path: &Path) -> Result<(), StateFolderError> {
    make(path)?;
    let tightened = prepare_for(path, user(path)?)?;
    if !tightened.is_empty() {
        info!(folder = %path.display(), files = tightened.join(", "), "removed access of other users to the state folder");
    }
    Ok(())
}

/// The same for another folder that is for its owner alone; what is in it is not looked at.
///
/// # Errors
///
/// As [`prepare`].
pub(crate) fn prepare_private(path: &Path) -> Result<(), StateFolderError> {
    make(path)?;
    let folder = StateFolder::open(path, user(path)?)?;
    if folder.tighten()? {
        info!(folder = %path.display(), "removed access of other users to a folder");
    }
    folder.look_up();
    Ok(())
}

fn make(path: &Path) -> Result<(), StateFolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| match error.kind() {
        // What exists is not a folder.
        io::ErrorKind::AlreadyExists => unusable(path, io::ErrorKind::NotADirectory.into()),
        _ => unusable(path, error),
    })
}

fn unusable(path: &Path, source: io::Error) -> StateFolderError {
    StateFolderError::Unusable { path: path.to_owned(), source }
}

fn user(path: &Path) -> Result<u32, StateFolderError> {
    effective_user().map_err(|error| unusable(path, error))
}

/// The same without making or changing anything; what is not there can be used.
///
/// # Errors
///
/// As [`prepare`].
pub(crate) fn check(path: &Path) -> Result<(), StateFolderError> {
    look_at(path)?.map_or(Ok(()), |folder| folder.parts().map(drop))
}

/// The same for another folder that is for its owner alone; what is in it is not looked at.
///
/// # Errors
///
/// As [`prepare`].
pub(crate) fn check_private(path: &Path) -> Result<(), StateFolderError> {
    look_at(path).map(drop)
}

/// The folder, if it is there.
fn look_at(path: &Path) -> Result<Option<StateFolder>, StateFolderError> {
    match fs::symlink_metadata(path) {
        Ok(_) => StateFolder::open(path, user(path)?).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, error)),
    }
}

/// Gives the names of what was tightened.
fn prepare_for(path: &Path, user: u32) -> Result<Vec<String>, StateFolderError> {
    let folder = StateFolder::open(path, user)?;
    let mut tightened = Vec::new();
    if folder.tighten()? {
        tightened.push(".".to_owned());
    }
    for (name, kind, mode) in folder.parts()? {
        if mode & OTHERS != 0 {
            let path = folder.path.join(name);
            let mode = if kind == FileKind::Folder { 0o700 } else { 0o600 };
            fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(|error| unusable(&path, error))?;
            tightened.push(name.to_owned());
        }
    }
    folder.look_up();
    Ok(tightened)
}

/// The folder, without links on the way to it.
struct StateFolder {
    path: PathBuf,
    file: File,
    user: u32,
}

impl StateFolder {
    fn open(path: &Path, user: u32) -> Result<Self, StateFolderError> {
        let unusable = |source| unusable(path, source);
        let canonical = fs::canonicalize(path).map_err(unusable)?;
        let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        // One that we may not read is not ours, mostly, and that says more.
        let owner = fs::symlink_metadata(&canonical).map_err(unusable)?.uid();
        if owner != user {
            return Err(StateFolderError::Foreign { folder: path.to_owned(), path: path.to_owned(), owner, user });
        }
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&canonical).map_err(unusable)?;
        let owner = file.metadata().map_err(unusable)?.uid();
        if owner != user {
            return Err(StateFolderError::Foreign { folder: path.to_owned(), path: path.to_owned(), owner, user });
        }
        Ok(Self { path: canonical, file, user })
    }

    /// Takes away that others may write to it; says whether they might.
    fn tighten(&self) -> Result<bool, StateFolderError> {
        let mode = self.file.metadata().map_err(|error| unusable(&self.path, error))?.mode();
        if mode & OTHERS_WRITE == 0 {
            return Ok(false);
        }
        let tightened = Permissions::from_mode(mode & 0o7777 & !OTHERS_WRITE);
        self.file.set_permissions(tightened).map_err(|error| unusable(&self.path, error))?;
        Ok(true)
    }

    /// What of ours is there, with its mode; all of it belongs to us.
    fn parts(&self) -> Result<Vec<(&'static str, FileKind, u32)>, StateFolderError> {
        let files = FILES.iter().map(|name| (*name, FileKind::File));
        let mut parts = Vec::new();
        // Folders first: no file is looked for behind a link.
        for (name, expected) in FOLDERS.iter().map(|name| (*name, FileKind::Folder)).chain(files) {
            let path = self.path.join(name);
            let about = match fs::symlink_metadata(&path) {
                Ok(about) => about,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(StateFolderError::Unusable { path, source }),
            };
            let found = match about.file_type() {
                kind if kind.is_symlink() => FileKind::Link,
                kind if kind.is_dir() => FileKind::Folder,
                kind if kind.is_file() => FileKind::File,
                _ => FileKind::Special,
            };
            if found != expected {
                return Err(StateFolderError::Other { path, found, expected });
            }
            let (owner, user) = (about.uid(), self.user);
            if owner != user {
                return Err(StateFolderError::Foreign { folder: self.path.clone(), path, owner, user });
            }
            parts.push((name, expected, about.mode()));
        }
        Ok(parts)
    }

    /// A user who may write to a folder above it may put another one in its place.
    fn look_up(&self) {
        for folder in self.path.ancestors().skip(1) {
            let Ok(about) = fs::symlink_metadata(folder) else { continue };
            if about.mode() & 0o002 != 0 && about.mode() & STICKY == 0 {
                warn!(
                    folder = %folder.display(),
                    "state folder can be replaced by anybody: all users can write to a folder above it"
                );
            }
        }
    }
}

/// The user whom this process runs as: what it makes is that user's.
fn effective_user() -> io::Result<u32> {
    let (pipe, _) = io::pipe()?;
    Ok(File::from(OwnedFd::from(pipe)).metadata()?.uid())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_earlier_versions_left_open_is_tightened_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::create_dir_all(state.join("cache")).unwrap();
        fs::set_permissions(&state, Permissions::from_mode(0o777)).unwrap();
        for (name, mode) in [("lock", 0o666), ("ledger.sqlite3", 0o644), ("mapping.json", 0o600), ("mine", 0o644)] {
            fs::write(state.join(name), "").unwrap();
            fs::set_permissions(state.join(name), Permissions::from_mode(mode)).unwrap();
        }
        let user = effective_user().unwrap();
        assert_eq!(prepare_for(&state, user).unwrap(), [".", "cache", "ledger.sqlite3", "lock"]);
        assert_eq!(prepare_for(&state, user).unwrap(), [""; 0]);
        // Others may still look at what somebody else keeps there.
        assert_eq!((mode(&state), mode(&state.join("mine"))), (0o755, 0o644));
        assert!(["cache", "ledger.sqlite3", "lock"].iter().all(|name| mode(&state.join(name)) & OTHERS == 0));
    }

    #[test]
    fn a_new_one_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("a/b");
        prepare(&state).unwrap();
        assert_eq!((mode(&state), mode(&folder.path().join("a"))), (0o700, 0o700));
        prepare(&state).unwrap();
    }

    #[test]
    fn what_belongs_to_somebody_else_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let user = effective_user().unwrap();
        let error = prepare_for(folder.path(), user + 1).unwrap_err();
        assert!(matches!(error, StateFolderError::Foreign { owner, .. } if owner == user), "{error}");
        let said = |owner, user| {
            let path = PathBuf::from("state");
            StateFolderError::Foreign { folder: path.clone(), path, owner, user }.to_string()
        };
        assert_eq!(
            said(12, 0),
            "`state` belongs to user 12, and exotrace runs as user 0\n\
             hint: run it as that user: `sudo -u '#12' exotrace ...`"
        );
        assert!(said(0, 12).ends_with("hint: name a folder in it, which exotrace makes: `state/exotrace`"));
        assert!(said(11, 12).ends_with("hint: give it to the user of exotrace: `chown -R 12 'state'`"));
    }

    #[test]
    fn links_and_other_things_are_not_followed() {
        for (name, expected) in [("lock", "a file"), ("cache", "a folder"), ("mapping.json", "a file")] {
            let folder = tempfile::tempdir().unwrap();
            let (state, target) = (folder.path().join("state"), folder.path().join("target"));
            fs::create_dir(&state).unwrap();
            fs::create_dir(&target).unwrap();
            symlink(&target, state.join(name)).unwrap();
            let before = mode(&target);
            let error = prepare(&state).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{name}` is a link, where exotrace has {expected} of its own\n")),
                "{error}"
            );
            assert_eq!(mode(&target), before);
            assert!(check(&state).is_err());
        }
    }

    #[test]
    fn what_is_in_another_private_folder_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("a/b");
        prepare_private(&private).unwrap();
        assert_eq!(mode(&private), 0o700);
        fs::create_dir(private.join("lock")).unwrap();
        fs::set_permissions(&private, Permissions::from_mode(0o777)).unwrap();
        check_private(&private).unwrap();
        prepare_private(&private).unwrap();
        assert_eq!(mode(&private), 0o755);
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(prepare_private(&folder.path().join("file")).is_err());
        assert!(check_private(&folder.path().join("file")).is_err());
    }

    #[test]
    fn a_check_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        check(&folder.path().join("not/there")).unwrap();
        check_private(&folder.path().join("not/there")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
