//! What can be wrong with the settings.

use std::{io, path::PathBuf};

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that a setting names cannot be read.
    #[error("{}:{line}: `{key}`: could not read `{}`", path.display(), file.display())]
    UnreadableFile {
        /// The settings file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The setting.
        key: String,
        /// The file that it names, as written in the settings.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A setting is wrong.
    #[error("{}:{line}: {problem}{}", path.display(), hint.as_ref().map_or_else(String::new, |hint| format!("\nhint: {hint}")))]
    Invalid {
        /// The settings file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong; names the key.
        problem: String,
        /// The way out, when there is one to name.
        hint: Option<String>,
    },
}

impl ConfigError {
    /// Whether this settings file is not there.
    pub(crate) fn is_missing(&self, settings: &std::path::Path) -> bool {
        matches!(self, Self::Unreadable { path, source } if path == settings && source.kind() == io::ErrorKind::NotFound)
    }
}
