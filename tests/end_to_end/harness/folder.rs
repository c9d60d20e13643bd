//! A folder of its own for a test.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{documents::documents, exotrace::Exotrace};

/// A folder in which the program works: settings, what is read and what is written. It goes with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with these settings.
    pub(crate) fn with_settings(settings: &str) -> Self {
        let folder = Self::new();
        folder.write_settings(settings);
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Every file in it and in its folders, with what is in it.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut files, mut folders) = (Vec::new(), vec![self.root().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                // Sockets are neither.
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let bytes = fs::read(&path).unwrap();
                    files.push((path, bytes));
                }
            }
        }
        files
    }

    /// Writes a file, with its folders; its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Adds to a file, which may not be there yet.
    pub(crate) fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let mut file = File::options().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    /// Writes the settings, which are for nobody else's eyes: there may be secrets in them.
    pub(crate) fn write_settings(&self, settings: &str) -> PathBuf {
        let path = self.write("exotrace.toml", settings);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Changes the settings: some text in them for another one.
    #[track_caller]
    pub(crate) fn change_settings(&self, from: &str, to: &str) {
        let settings = self.read("exotrace.toml");
        assert!(settings.contains(from), "`{from}` is not in the settings: {settings}");
        self.write_settings(&settings.replace(from, to));
    }

    /// The program in this folder, with its settings.
    pub(crate) fn exotrace(&self, arguments: &[&str]) -> Exotrace {
        self.bare(arguments).argument("--config").argument("exotrace.toml")
    }

    /// The program in this folder, which may hear of settings by its arguments.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Exotrace {
        Exotrace::new(self.root(), arguments)
    }

    /// The texts of all files whose names begin so.
    fn texts(&self, prefix: &str) -> String {
        let names = fs::read_dir(self.root()).unwrap().map(|entry| entry.unwrap().path());
        let files = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
        let text = |path: PathBuf| match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            // A file that is finished while the program runs has another name by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => panic!("{}: {error}", path.display()),
        };
        files.map(text).collect()
    }

    /// The documents of all files whose names begin so.
    #[track_caller]
    pub(crate) fn documents(&self, prefix: &str) -> Vec<Value> {
        documents(&self.texts(prefix))
    }

    /// How many documents these are, whole or not.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.texts(prefix).matches('\n').count()
    }
}
