//! What the running process says of itself.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{ControlError, ControlReply, Request, ask};
use crate::app::{privacy::PrivacyInUse, start::RunQuestions};
use crate::observe::health::{Condition, Health, Part, State};

/// What the running process says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Its number.
    pub pid: u32,
    /// When it started.
    pub since: DateTime<Utc>,
    /// Its version.
    pub version: String,
    /// The version of the mapping in use.
    pub mapping: String,
    /// What hides people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacyInUse>,
    /// How its parts are doing.
    pub parts: Vec<PartState>,
    /// Whether dead letters are being replayed.
    pub is_replaying: bool,
    /// The partitions that it has, in a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Vec<i32>>,
}

/// How one part is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartState {
    /// What it is.
    pub part: Part,
    /// What the settings call it; empty for what there is one of.
    pub name: String,
    /// How it is doing.
    pub state: State,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a process knows of itself.
#[derive(Clone)]
pub(crate) struct Process {
    /// When it started.
    pub since: DateTime<Utc>,
    /// How its parts are doing.
    pub health: Arc<Health>,
}

impl Process {
    /// What it says now, with this mapping and what hides people, and what it is asked.
    pub(super) fn about(&self, mapping: String, privacy: Option<PrivacyInUse>, questions: &RunQuestions) -> About {
        About {
            pid: std::process::id(),
            since: self.since,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mapping,
            privacy,
            parts: self.health.conditions().into_iter().map(PartState::from).collect(),
            is_replaying: questions.is_replaying(),
            partitions: questions.partitions(),
        }
    }
}

impl About {
    /// When it started, for people.
    pub(crate) fn since_text(&self) -> String {
        self.since.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

impl From<Condition> for PartState {
    fn from(Condition { part, name, state, since, reason, .. }: Condition) -> Self {
        Self { part, name, state, since, reason }
    }
}

/// What the process that has this `state_dir` says of itself; `None` when it is of a version that does not.
///
/// # Errors
///
/// When there is none, or it does not answer.
pub(crate) fn about(state_dir: &Path) -> Result<Option<About>, ControlError> {
    match ask(state_dir, &Request::About)? {
        ControlReply::About(about) => Ok(Some(*about)),
        _ => Ok(None),
    }
}
