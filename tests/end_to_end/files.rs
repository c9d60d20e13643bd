//! Files of records: every shape, and files that grow, are rotated and cut off while they are read.

use std::{collections::BTreeMap, ops::Deref, path::PathBuf};

use serde_json::Value;

use crate::harness::{Ended, Folder};

mod ahead;
mod bad_dates;
mod followed;
mod refused;
mod shapes;

/// A folder with settings, a folder of files, and what runs have written to standard output.
struct Inbox {
    folder: Folder,
    printed: Vec<Value>,
}

impl Deref for Inbox {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Inbox {
    fn new() -> Self {
        Self::with_output("type = \"stdout\"")
    }

    fn with_output(output: &str) -> Self {
        let folder = Folder::with_settings(&format!(
            "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"files/*\"]\ninterval = \"20ms\"\n\
             [[output]]\n{output}\n"
        ));
        std::fs::create_dir(folder.path("files")).unwrap();
        Self { folder, printed: Vec::new() }
    }

    /// A file among those that are read.
    fn file(&self, name: &str) -> PathBuf {
        self.path("files").join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.write(&format!("files/{name}"), bytes)
    }

    fn add(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.append(&format!("files/{name}"), bytes);
    }

    fn once(&mut self) -> Ended {
        let ended = self.exotrace(&["run", "--once"]).run();
        self.printed.extend(ended.documents());
        ended
    }

    /// Runs once, and checks how it ends and how many documents there are by then.
    #[track_caller]
    fn check_once(&mut self, code: i32, expected: usize) -> Ended {
        let ended = self.once();
        assert_eq!((ended.code(), self.delivered().len()), (Some(code), expected), "{ended}");
        ended
    }

    /// What was delivered, on standard output and to the file `documents`.
    fn delivered(&self) -> Vec<Value> {
        [self.printed.clone(), self.documents("documents")].concat()
    }

    /// How often every record was delivered, by its number.
    fn counts(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for number in numbers(&self.delivered()) {
            *counts.entry(number).or_default() += 1;
        }
        counts
    }
}

/// The numbers of records, in their order.
fn numbers(documents: &[Value]) -> Vec<u64> {
    documents.iter().map(|it| it["email"]["attachments"]["file"]["size"].as_u64().unwrap_or(u64::MAX)).collect()
}
