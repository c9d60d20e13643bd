//! Folders that files are written to: whether they are there, and made when they are not.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access, statvfs};

/// What a folder is to somebody who wants to write into it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    /// It is there, and takes files.
    Writable,
    /// It is not there, and can be made below `above`.
    Missing {
        /// The nearest folder that is there.
        above: PathBuf,
    },
    /// It cannot be used, for this reason.
    Unusable(String),
}

impl Folder {
    /// Looks at a folder; changes nothing.
    pub(crate) fn find(path: &Path) -> Self {
        let mut place = or_here(path);
        loop {
            match fs::metadata(place) {
                Ok(found) if !found.is_dir() => {
                    return Self::Unusable(format!("`{}` is a file, not a folder", place.display()));
                }
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => match place.parent() {
                    Some(parent) => place = or_here(parent),
                    None => return Self::Unusable(format!("`{}`: {error}", place.display())),
                },
                Err(error) => return Self::Unusable(format!("`{}`: {}", place.display(), plain(&error))),
            }
        }
        if let Err(error) = access(place, Access::WRITE_OK | Access::EXEC_OK) {
            return Self::Unusable(format!("`{}`: {}", place.display(), plain(&error.into())));
        }
        if place == or_here(path) { Self::Writable } else { Self::Missing { above: place.to_owned() } }
    }
}

/// What is wrong with a folder that is written to, for people: it has to be there, or to be made by a run.
pub(crate) fn problem(path: &Path) -> Option<String> {
    let Folder::Unusable(problem) = Folder::find(path) else { return None };
    let hint = "hint: name a folder that belongs to the user that runs exotrace; it is made when it is not there";
    Some(format!("could not use `{}`: {problem}\n{hint}", path.display()))
}

/// The folder of a file.
pub(crate) fn parent(file: &Path) -> &Path {
    or_here(file.parent().unwrap_or(Path::new("")))
}

/// Makes the folder of a file if it is not there, for its owner and group.
///
/// # Errors
///
/// When it cannot be made.
pub(crate) fn make_for(file: &Path) -> io::Result<()> {
    let folder = parent(file);
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o750).create(folder).map_err(|error| match error.kind() {
        // What exists is not a folder.
        io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })
}

/// Makes the names in the folder of a file last.
pub(crate) fn sync_of(file: &Path) -> io::Result<()> {
    fs::File::open(parent(file))?.sync_all()
}

/// How many bytes can be written to the file system of a folder, which need not be there yet.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let place = match Folder::find(folder) {
        Folder::Missing { above } => above,
        Folder::Writable | Folder::Unusable(_) => or_here(folder).to_owned(),
    };
    let found = statvfs(&place)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// An error of the system in plain words.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "this user may not write there".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::NotADirectory => "a part of it is a file, not a folder".to_owned(),
        _ => error.to_string(),
    }
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn folders_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(Folder::find(folder.path()), Folder::Writable);
        assert_eq!(Folder::find(Path::new("")), Folder::Writable);
        let missing = Folder::find(&folder.path().join("a/b"));
        assert_eq!(missing, Folder::Missing { above: folder.path().to_owned() });
        for path in [file.clone(), file.join("a"), file.join("a/b")] {
            let found = Folder::find(&path);
            assert!(matches!(&found, Folder::Unusable(problem) if problem.contains("file, not a folder")), "{found:?}");
        }
        assert!(free_bytes(&folder.path().join("a/b")).unwrap() > 0);
    }

    #[test]
    fn the_folder_of_a_file_is_made_and_not_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b/file");
        make_for(&file).unwrap();
        make_for(&file).unwrap();
        assert_eq!(fs::metadata(folder.path().join("a/b")).unwrap().permissions().mode() & 0o007, 0);
    }
}
