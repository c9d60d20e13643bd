//! Finds files by patterns.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::OFlags;

use super::{
    candidate::{FileCandidate, FileLook},
    error::{FileError, FileProblem},
    settings::FileConfig,
};
use crate::ledger::FilePlace;

/// What files are looked for.
pub(super) struct FileSearch {
    pub(super) patterns: Vec<String>,
    /// Whether links lead to files; else they are refused.
    pub(super) follow_links: bool,
    pub(super) own: OwnFiles,
    /// Whether a pattern that matches nothing is named.
    pub(super) names_empty: bool,
}

/// Files that the program itself writes: they are passed over, by what they are and not by their names.
#[derive(Clone)]
pub(super) struct OwnFiles {
    /// Gives the files of outputs, and dead letters, that are there now.
    pub list: Arc<dyn Fn() -> Vec<PathBuf> + Send + Sync>,
    /// The state folder: nothing in it is read.
    pub folder: PathBuf,
}

impl OwnFiles {
    fn places(&self) -> HashSet<FilePlace> {
        let metadata = (self.list)().into_iter().filter_map(|path| fs::metadata(path).ok());
        metadata.map(|metadata| FilePlace::of(&metadata)).collect()
    }
}

impl FileSearch {
    /// The files that match, each once, and what could not be looked at.
    pub(super) fn all(&self) -> (Vec<FileCandidate>, Vec<FileError>) {
        let (mut found, mut errors, mut places) = (Vec::new(), Vec::new(), HashSet::new());
        let own = self.own.places();
        let folder = fs::canonicalize(&self.own.folder).ok();
        for pattern in &self.patterns {
            // The settings are checked: a pattern is one.
            let Ok(paths) = glob::glob(pattern) else { continue };
            let mut is_empty = true;
            for path in paths {
                is_empty = false;
                let looked = path.map_err(|error| (error.path().to_owned(), io::Error::from(error).into()));
                match looked.and_then(|path| self.candidate(&path).map_err(|error| (path, error))) {
                    Ok(Some(candidate)) => {
                        let is_in_folder = folder.as_ref().is_some_and(|folder| {
                            fs::canonicalize(&candidate.path).is_ok_and(|path| path.starts_with(folder))
                        });
                        // The same file may have several names.
                        if !is_in_folder && !own.contains(&candidate.place) && places.insert(candidate.place) {
                            found.push(candidate);
                        }
                    }
                    Ok(None) => {}
                    // It has gone in the meantime.
                    Err((_, FileProblem::System(error))) if error.kind() == io::ErrorKind::NotFound => {}
                    Err((path, problem)) => errors.push(FileError { path, problem }),
                }
            }
            if is_empty && self.names_empty {
                errors.push(FileError { path: pattern.into(), problem: FileProblem::NoMatch });
            }
        }
        (found, errors)
    }

    /// Opens a file: nothing that could keep the program waiting, and no link that was put in its place.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        let follow = if self.follow_links { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = (OFlags::NONBLOCK | follow).bits().cast_signed();
        OpenOptions::new().read(true).custom_flags(flags).open(path)
    }

    fn candidate(&self, path: &Path) -> Result<Option<FileCandidate>, FileProblem> {
        let itself = fs::symlink_metadata(path)?;
        let metadata = if itself.is_symlink() { fs::metadata(path)? } else { itself.clone() };
        if metadata.is_dir() {
            return Ok(None);
        }
        if itself.is_symlink() && !self.follow_links {
            return Err(FileProblem::Link);
        }
        if !metadata.is_file() {
            return Err(FileProblem::NotAFile);
        }
        let place = FilePlace::of(&metadata);
        Ok(Some(FileCandidate { path: path.to_owned(), place, look: FileLook::of(&metadata) }))
    }
}

/// How many files match.
pub(super) fn matching(config: &FileConfig) -> usize {
    let own = OwnFiles { list: Arc::new(Vec::new), folder: PathBuf::new() };
    let FileConfig { paths, follow_links, .. } = config;
    FileSearch { patterns: paths.clone(), follow_links: *follow_links, own, names_empty: false }.all().0.len()
}

/// How many files the process may have open.
pub(super) fn most_descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024)
}
