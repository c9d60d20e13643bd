//! Whether documents can be written to the file, and how much room there is.

use std::{fs::OpenOptions, path::Path};

use indicatif::DecimalBytes;

use super::FileOutput;
use crate::support::{
    finding::Finding,
    folder::{Folder, free_bytes, parent},
};

const FILE: &str = "file";
const SPACE: &str = "space";

/// With less room a file does not live long.
const LITTLE: u64 = 1_000_000_000;

impl FileOutput {
    /// Sees whether the file can be written; writes nothing.
    pub(crate) fn examine(&self) -> Vec<Finding> {
        let path = self.path.display();
        let folder = parent(&self.path);
        let file = if self.path.exists() {
            match OpenOptions::new().append(true).open(&self.path) {
                Ok(_) => Finding::ok(FILE, &format!("`{path}` can be written")),
                Err(error) => Finding::failed(FILE, &format!("could not write to `{path}`: {error}{OWNER}")),
            }
        } else {
            match Folder::find(folder) {
                Folder::Writable => Finding::ok(FILE, &format!("`{path}` can be made")),
                Folder::Missing { .. } => Finding::ok(FILE, &format!("`{path}` can be made, with its folder")),
                Folder::Unusable(problem) => {
                    Finding::failed(FILE, &format!("could not make `{path}`: {problem}{OWNER}"))
                }
            }
        };
        vec![file, self.space(folder)]
    }

    fn space(&self, folder: &Path) -> Finding {
        let least = LITTLE.max(self.rotate_bytes.saturating_mul(2));
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
}

const OWNER: &str = "\nhint: the folder has to be there or be made, and belong to the user that runs exotrace";
