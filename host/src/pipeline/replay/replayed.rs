//! What came of a replay.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::pipeline::{
    dead_letter::ClaimError,
    error::{RunError, chain},
    summary::Summary,
};

/// What came of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replayed {
    /// DeadLetterReader read.
    pub letters: u64,
    /// What was done with them; rejected are those that went to the dead letter again.
    pub summary: Summary,
    /// The file that was read, under the name that was asked for.
    #[serde(default)]
    pub file: PathBuf,
    /// Lines that are not dead letters.
    pub unreadable: u64,
    /// The first of them, counted from 1, and why they are none.
    pub examples: Vec<(usize, String)>,
    /// Where those lines are, if their file was deleted.
    pub kept: Option<PathBuf>,
    /// What failed again went there.
    pub dead_letter: PathBuf,
}

/// Why letters were not fed through, or not all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// They cannot be read.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// They cannot be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Mapping, delivering or noting failed.
    #[error("replay of `{}` broke off: {reason}", path.display())]
    BrokeOff {
        /// Where the letters are.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The run that was to do it was told to stop.
    #[error("replay of `{}` broke off: the process was told to stop, or to reload", path.display())]
    Stopped {
        /// Where the letters are.
        path: PathBuf,
    },
    /// The run that was to do it has ended.
    #[error("replay of `{}` broke off: the process has ended", .0.display())]
    Ended(PathBuf),
    /// Nobody here can do it, whenever it is asked.
    #[error("could not replay `{}`: {reason}", path.display())]
    NotHere {
        /// Where the letters are.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nobody here can do it now.
    #[error("could not replay `{}`: {reason}", path.display())]
    NotNow {
        /// Where the letters are.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// One at a time.
    #[error("another replay is under way\nhint: wait until it is done")]
    Busy,
}

impl ReplayError {
    /// Whether the question is to blame.
    pub(crate) fn is_of_question(&self) -> bool {
        matches!(self, Self::NotHere { .. })
    }

    /// A replay of this file failed.
    pub(super) fn of(path: &Path, error: RunError) -> Self {
        let path = path.to_owned();
        match error {
            RunError::Abandoned { .. } => Self::Stopped { path },
            RunError::Source { source, .. } => Self::Read { path, source: source.into_cause() },
            error => Self::BrokeOff { path, reason: chain(&error) },
        }
    }
}
