//! One thing that is wrong or odd in the settings.

use std::{fmt, path::PathBuf};

use crate::support::shown;

/// Something that is wrong or odd at one place of the settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The settings file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong; names the key.
    pub problem: String,
    /// The way out, when there is one to name.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, path, problem, hint } = self;
        write!(formatter, "{}:{line}: {problem}", shown::path(path))?;
        match hint {
            Some(hint) => write!(formatter, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
