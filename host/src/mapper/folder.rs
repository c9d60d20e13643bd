//! The folder in which mappings lie to be named by their version.

use std::path::{Path, PathBuf};

use super::{component_error::ComponentError, component_file::read_component, digest::digest, section::version_of};

/// The component files in a folder, in the order of their names; none when there is no folder.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn component_files(folder: &Path) -> Result<Vec<PathBuf>, ComponentError> {
    let unreadable = |source| ComponentError::Unreadable { path: folder.to_owned(), source };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The file in a folder that says it is this version, with or without the patch number; the versions of all others
/// when there is none.
///
/// # Errors
///
/// When a file cannot be read, or two different ones are of that version.
pub(super) fn find(folder: &Path, version: &str) -> Result<Result<PathBuf, Vec<String>>, ComponentError> {
    let (mut found, mut others): (Option<(PathBuf, String)>, _) = (None, Vec::new());
    for path in component_files(folder)? {
        let bytes = read_component(&path)?;
        // What is not a mapping has no version; `mapping list` says what is wrong with it.
        let Some(of_file) = version_of(&bytes) else { continue };
        if of_file != version && of_file.strip_suffix(".0") != Some(version) {
            others.push(of_file);
            continue;
        }
        let digest = digest(&bytes);
        match &found {
            Some((first, of_first)) if *of_first != digest => {
                let (version, first) = (version.to_owned(), first.clone());
                return Err(ComponentError::Ambiguous { version, first, second: path });
            }
            Some(_) => {}
            None => found = Some((path, digest)),
        }
    }
    Ok(found.map(|(path, _)| path).ok_or(others))
}
