//! What is in the folder, by name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use wasm_metadata::{Metadata, Payload};

/// The mapping components of a folder, each with its version.
pub(crate) fn mappings(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for name in files(folder)? {
        if let Some(version) = name.strip_prefix("mapping-").and_then(|rest| rest.strip_suffix(".wasm")) {
            found.push((version.to_owned(), folder.join(&name)));
        }
    }
    if found.is_empty() {
        bail!("no `mapping-*.wasm` in `{}`\nhint: `make components` puts them there", folder.display());
    }
    Ok(found)
}

/// The files of a folder and of the folders in it, by their paths from it, in order.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("could not read folder `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name =
            name.to_str().with_context(|| format!("`{}` has a name that is not UTF-8", entry.path().display()))?;
        if entry.file_type()?.is_dir() {
            let inner = files(&entry.path())?;
            found.extend(inner.into_iter().map(|file| format!("{name}/{file}")));
        } else {
            found.push(name.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// The bytes of a file.
pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("could not read `{}`", file.display()))
}

/// Writes a file, and the folder that it is in.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not make folder `{}`", folder.display()))?;
    }
    fs::write(file, bytes).with_context(|| format!("could not write `{}`", file.display()))
}

/// What a component or core module says about itself.
pub(crate) fn metadata(bytes: &[u8]) -> anyhow::Result<Metadata> {
    match Payload::from_binary(bytes)? {
        Payload::Component { metadata, .. } | Payload::Module(metadata) => Ok(metadata),
    }
}
