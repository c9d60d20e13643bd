//! `SHA256SUMS`, as `sha256sum --check` reads it.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use crate::folder;

/// The file of the checksums.
pub(crate) const FILE: &str = "SHA256SUMS";

/// The SHA-256 of bytes, in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the checksums of all other files of a folder.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    for file in others(folder)? {
        text.push_str(&format!("{}  {file}\n", digest(&folder::read(&folder.join(&file))?)));
    }
    folder::write(&folder.join(FILE), text.as_bytes())
}

/// What is wrong with the checksums of a folder.
pub(crate) fn problems(folder: &Path) -> anyhow::Result<Vec<String>> {
    let text = String::from_utf8(folder::read(&folder.join(FILE))?)?;
    let mut known = BTreeMap::new();
    for line in text.lines() {
        let (digest, file) = line.split_once("  ").with_context(|| format!("no line of checksums: `{line}`"))?;
        known.insert(file, digest);
    }
    let mut problems = Vec::new();
    for file in others(folder)? {
        match known.remove(file.as_str()) {
            None => problems.push(format!("`{file}` is not in `{FILE}`")),
            Some(expected) if digest(&folder::read(&folder.join(&file))?) != expected => {
                problems.push(format!("`{file}` is not what `{FILE}` says"));
            }
            Some(_) => {}
        }
    }
    problems.extend(known.keys().map(|file| format!("`{file}` is in `{FILE}` and not in the folder")));
    Ok(problems)
}

fn others(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut files = folder::files(folder)?;
    files.retain(|file| file != FILE);
    Ok(files)
}
