//! All that is found wrong with the settings, so that people hear of everything at once.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{error::ConfigError, fault::Fault};

/// What was found so far.
#[derive(Default)]
pub(crate) struct Faults {
    errors: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<Fault>>,
    /// What only `check` takes for errors.
    strict: RefCell<Vec<Fault>>,
    /// By section: which ones are right, and how many there are.
    sections: RefCell<BTreeMap<&'static str, (Vec<usize>, usize)>>,
    /// Keys that are present but wrong: they must not be reported as missing too.
    spoiled: RefCell<BTreeSet<String>>,
    /// Whether the file is broken TOML, of which only a part can be read.
    is_broken: Cell<bool>,
    /// Whether a secret stands in the settings themselves.
    has_secrets: Cell<bool>,
    /// Files with secrets, and the settings that name them.
    secret_files: RefCell<Vec<(String, PathBuf)>>,
    /// Keys that have another name by now, and that name.
    old_names: RefCell<Vec<(String, &'static str)>>,
    /// Files besides the first, with their texts and what was found in each.
    other_files: RefCell<Vec<(PathBuf, String, Self)>>,
}

impl Faults {
    pub(crate) fn error(&self, fault: Fault) {
        self.errors.borrow_mut().push(fault);
    }

    pub(crate) fn warning(&self, fault: Fault) {
        self.warnings.borrow_mut().push(fault);
    }

    /// Takes over what was found in a file besides the first.
    pub(crate) fn take_over(&self, file: Self, text: &str, path: &Path) {
        self.errors.borrow_mut().extend(file.errors.take());
        self.warnings.borrow_mut().extend(file.warnings.take());
        self.strict.borrow_mut().extend(file.strict.take());
        let old_names = file.old_names.take().into_iter();
        let with_file = |(old, new): (String, _)| (format!("{}: {old}", path.display()), new);
        self.old_names.borrow_mut().extend(old_names.map(with_file));
        self.other_files.borrow_mut().push((path.to_owned(), text.to_owned(), file));
    }

    pub(crate) fn take_other_files(&self) -> Vec<(PathBuf, String, Self)> {
        self.other_files.take()
    }

    pub(crate) fn strict(&self, fault: Fault) {
        self.strict.borrow_mut().push(fault);
    }

    pub(crate) fn take_strict(&self) -> Vec<Fault> {
        self.strict.take()
    }

    pub(crate) fn note_sections(&self, section: &'static str, kept: Vec<usize>, count: usize) {
        self.sections.borrow_mut().insert(section, (kept, count));
    }

    pub(crate) fn take_sections(&self) -> BTreeMap<&'static str, (Vec<usize>, usize)> {
        self.sections.take()
    }

    pub(crate) fn spoil(&self, key: String) {
        self.spoiled.borrow_mut().insert(key);
    }

    pub(crate) fn is_spoiled(&self, key: &str) -> bool {
        self.spoiled.borrow().contains(key)
    }

    pub(crate) fn note_broken(&self) {
        self.is_broken.set(true);
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    pub(crate) fn note_secret(&self) {
        self.has_secrets.set(true);
    }

    pub(crate) fn has_secrets(&self) -> bool {
        self.has_secrets.get()
    }

    pub(crate) fn note_secret_file(&self, key: String, file: PathBuf) {
        self.secret_files.borrow_mut().push((key, file));
    }

    pub(crate) fn take_secret_files(&self) -> Vec<(String, PathBuf)> {
        self.secret_files.take()
    }

    pub(crate) fn note_old_name(&self, key: String, name: &'static str) {
        self.old_names.borrow_mut().push((key, name));
    }

    pub(crate) fn take_old_names(&self) -> Vec<(String, &'static str)> {
        self.old_names.take()
    }

    /// The warnings, in the order of the files.
    pub(crate) fn take_warnings(&self) -> Vec<Fault> {
        let mut warnings = self.warnings.take();
        warnings.sort();
        warnings.dedup();
        warnings
    }

    /// All errors, in the order of the files; none when there is none.
    pub(crate) fn take_error(&self) -> Option<ConfigError> {
        let mut errors = self.errors.take();
        errors.sort();
        errors.dedup();
        match errors.len() {
            0 => None,
            1 => errors.pop().map(ConfigError::Invalid),
            _ => Some(ConfigError::Several(errors)),
        }
    }
}
