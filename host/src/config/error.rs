//! What can be wrong with the settings.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::fault::Fault;
use crate::support::shown;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("could not read `{}`", shown::path(path))]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A setting is wrong.
    #[error("{0}")]
    Invalid(Fault),
    /// Several settings are wrong; in the order of the files.
    #[error("{}", together(.0))]
    Several(Vec<Fault>),
}

impl ConfigError {
    /// Whether this settings file is not there.
    pub(crate) fn is_missing(&self, settings: &Path) -> bool {
        matches!(self, Self::Unreadable { path, source } if path == settings && source.kind() == io::ErrorKind::NotFound)
    }

    /// As [`Self::faults`].
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        match self {
            Self::Unreadable { .. } => Vec::new(),
            Self::Invalid(fault) => vec![fault],
            Self::Several(faults) => faults,
        }
    }

    /// The single settings that are wrong; none when the file cannot be read at all.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid(fault) => std::slice::from_ref(fault),
            Self::Several(faults) => faults,
        }
    }
}

/// Several faults in one line, and their hints in lines of their own.
fn together(faults: &[Fault]) -> String {
    let problem = |fault: &Fault| format!("{}:{}: {}", shown::path(&fault.path), fault.line, fault.problem);
    let mut text = faults.iter().map(problem).collect::<Vec<_>>().join("; ");
    let is_one_file = faults.iter().all(|fault| Some(&fault.path) == faults.first().map(|first| &first.path));
    for fault in faults {
        if let Some(hint) = &fault.hint {
            let place = match is_one_file {
                true => format!("line {}", fault.line),
                false => format!("{}:{}", shown::path(&fault.path), fault.line),
            };
            text.push_str(&format!("\nhint: {place}: {hint}"));
        }
    }
    text
}
