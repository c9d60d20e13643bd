//! Whether documents can be written to the file, and how much room there is.

use std::{fs::OpenOptions, path::Path};

use indicatif::DecimalBytes;

use crate::support::{
    finding::Finding,
    folder::{Folder, free_bytes, parent},
};

const FILE: &str = "file";
const SPACE: &str = "space";

/// With less room a file does not live long.
const LITTLE: u64 = 1_000_000_000;

/// Sees whether the file can be written; writes nothing.
pub(super) fn examine(path: &Path, rotate_bytes: u64) -> Vec<Finding> {
    let folder = parent(path);
    let shown = path.display();
    let file = if path.exists() {
        match OpenOptions::new().append(true).open(path) {
            Ok(_) => Finding::ok(FILE, &format!("`{shown}` can be written")),
            Err(error) => Finding::failed(FILE, &format!("could not write to `{shown}`: {error}{OWNER}")),
        }
    } else {
        match Folder::find(folder) {
            Folder::Writable => Finding::ok(FILE, &format!("`{shown}` can be made")),
            Folder::Missing { .. } => Finding::ok(FILE, &format!("`{shown}` can be made, with its folder")),
            Folder::Unusable(problem) => Finding::failed(FILE, &format!("could not make `{shown}`: {problem}{OWNER}")),
        }
    };
    vec![file, space(folder, rotate_bytes)]
}

fn space(folder: &Path, rotate_bytes: u64) -> Finding {
    let least = LITTLE.max(rotate_bytes.saturating_mul(2));
    match free_bytes(folder) {
        Ok(free) if free < least => {
            let text = format!("only {} are free in `{}`", DecimalBytes(free), folder.display());
            let hint = "hint: make room, or set `rotate_bytes`, `keep` and `compression`";
            Finding::warning(SPACE, &format!("{text}\n{hint}"))
        }
        Ok(free) => Finding::ok(SPACE, &format!("{} are free in `{}`", DecimalBytes(free), folder.display())),
        Err(error) => Finding::not_asked(SPACE, &format!("`{}` does not say: {error}", folder.display())),
    }
}

const OWNER: &str = "\nhint: the folder has to be there or be made, and belong to the user that runs exotrace";
