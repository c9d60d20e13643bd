//! What was said about files, so that it is not said again with every look.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use crate::ledger::Trouble;

/// What was said about each file.
#[derive(Debug, Default)]
pub(super) struct FileNotes(HashMap<PathBuf, FileNote>);

/// What was said about a file.
#[derive(Debug)]
struct FileNote {
    what: String,
    since: DateTime<Utc>,
    kind: FileNoteKind,
}

/// What it means for the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileNoteKind {
    /// Nothing is wrong with it.
    Notice,
    /// It waits for something that comes by itself.
    Waiting,
    /// A person has to mend it.
    Failed,
}

impl FileNotes {
    /// Remembers the message about a file; returns whether it is new.
    pub(super) fn remember(&mut self, path: &Path, what: &str, kind: FileNoteKind) -> bool {
        if self.0.get(path).is_some_and(|note| note.what == what) {
            return false;
        }
        self.0.insert(path.to_owned(), FileNote { what: what.to_owned(), since: Utc::now(), kind });
        true
    }

    /// Forgets the message about a file that is read again; returns whether there was one.
    pub(super) fn forget(&mut self, path: &Path) -> bool {
        self.0.remove(path).is_some()
    }

    /// The files in trouble that are still there, by name.
    pub(super) fn troubles(&self) -> Vec<Trouble> {
        let is_trouble =
            |path: &Path, note: &FileNote| note.kind != FileNoteKind::Notice && path.symlink_metadata().is_ok();
        let in_trouble = self.0.iter().filter(|(path, note)| is_trouble(path, note));
        let mut troubles: Vec<_> = in_trouble.map(|(path, note)| note.trouble(path)).collect();
        troubles.sort_by(|one, other| one.item.cmp(&other.item));
        troubles
    }
}

impl FileNote {
    fn trouble(&self, path: &Path) -> Trouble {
        Trouble {
            item: path.display().to_string(),
            reason: self.what.clone(),
            since: self.since,
            needs_person: self.kind == FileNoteKind::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_said_once_and_a_file_that_is_gone_is_in_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let (file, gone) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&file, "").unwrap();
        let mut notes = FileNotes::default();
        assert!(notes.remember(&file, "torn", FileNoteKind::Waiting));
        assert!(!notes.remember(&file, "torn", FileNoteKind::Waiting));
        assert!(notes.remember(&file, "damaged", FileNoteKind::Failed));
        assert!(notes.remember(&gone, "damaged", FileNoteKind::Failed));
        let troubles = notes.troubles();
        let [trouble] = &troubles[..] else { panic!("{troubles:?}") };
        assert_eq!((trouble.reason.as_str(), trouble.needs_person), ("damaged", true));
        assert!(notes.remember(&file, "another source reads it", FileNoteKind::Notice));
        assert!(notes.troubles().is_empty());
        assert!(notes.forget(&file) && !notes.forget(&file));
    }
}
