//! What was decided about the mapping for all processes of a cluster, and what became of it in each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::{Allowed, ConfiguredMapping};

/// What was decided about the mapping for all processes. Fields may be added: a process that does not know them passes
/// over them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClusterDecision {
    /// Tells it from all others.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who decided it.
    pub by: String,
    /// What is to map.
    pub mapping: ExactMapping,
    /// What mapped before; none when that cannot be had again.
    pub before: Option<ExactMapping>,
    /// Whether it takes back what was decided before.
    pub is_rollback: bool,
    /// What is taken of the mapping that would else be refused.
    pub allowed: Allowed,
    /// What the settings named, without the digest of a file: a decision lasts until they name something else.
    pub settings: ConfiguredMapping,
}

/// One mapping and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExactMapping {
    /// Its version.
    pub version: String,
    /// The SHA-256 of its component.
    pub digest: String,
}

/// What became of a decision in a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionReport {
    /// The decision.
    pub decision: String,
    /// What became of it.
    pub state: DecisionState,
    /// Why the mapping is not in use, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The version that maps.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
}

/// What became of a decision in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionState {
    /// The mapping is in use.
    Taken,
    /// The process does not have the mapping, or cannot take it now. It tries again.
    Waiting,
    /// The process refused the mapping.
    Refused,
    /// Another mapping was put in its place since, by the process itself or by somebody who asked it alone.
    Replaced,
    /// The settings of the process name another mapping than they did when it was decided.
    Outdated,
}

impl ExactMapping {
    /// For people.
    pub(crate) fn shown(&self) -> String {
        format!("{} ({})", self.version, self.digest.get(..12).unwrap_or(&self.digest))
    }
}

impl DecisionState {
    /// Whether a person has to do something, so that the mapping is used.
    pub(crate) fn needs_person(self) -> bool {
        matches!(self, Self::Waiting | Self::Refused)
    }

    /// The word for people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Replaced => "replaced",
            Self::Outdated => "outdated",
        }
    }
}
