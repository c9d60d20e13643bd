//! All that is known.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    app::privacy::PrivacyInUse,
    control::About,
    ledger::{LastRun, SourceStatus, Trouble},
    observe::health::State,
    pipeline::{ArchiveSize, SourceState, dead_letter::Overview},
};

/// All that is known.
#[derive(Serialize)]
pub(super) struct StatusReport {
    pub(super) at: DateTime<Utc>,
    pub(super) is_running: bool,
    /// What is wrong with the files of `sources_dir` as they are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused_settings: Option<String>,
    /// What hides people, as the settings have it now.
    pub(super) privacy: Option<PrivacyInUse>,
    /// What the running process says of itself.
    pub(super) process: Option<About>,
    pub(super) last_run: Option<LastRun>,
    pub(super) needs_person: bool,
    /// What a person has to know, in words.
    pub(super) trouble: Vec<String>,
    pub(super) state_dir: PathBuf,
    pub(super) has_ledger: bool,
    /// What the process has of a cluster; none without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cluster: Option<ClusterReport>,
    /// In a cluster, those that this process collects.
    pub(super) sources: Vec<SourceReport>,
    pub(super) outputs: Vec<OutputReport>,
    /// What waits to be replayed; none when there is no file.
    pub(super) dead_letters: Option<Overview>,
    /// The same in the files of partitions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) partition_dead_letters: Vec<Overview>,
    pub(super) replay: ReplayReport,
    /// None when no raw records are kept.
    pub(super) archive: Option<ArchiveReport>,
}

/// What a process has of a cluster.
#[derive(Serialize)]
pub(super) struct ClusterReport {
    pub(super) group: String,
    /// Those that the process has; none when nothing runs.
    pub(super) partitions: Vec<i32>,
    /// How many sources this process does not collect.
    pub(super) elsewhere: usize,
}

/// Raw records that are kept.
#[derive(Serialize)]
pub(super) struct ArchiveReport {
    pub(super) dir: PathBuf,
    /// None when nothing runs.
    pub(super) state: Option<State>,
    /// What failed.
    pub(super) reason: Option<String>,
    #[serde(flatten)]
    pub(super) size: ArchiveSize,
    /// How much of a remap is done, if one is under way or broke off.
    pub(super) remap: Option<f64>,
}

/// What is known of one output.
#[derive(Serialize)]
pub(super) struct OutputReport {
    pub(super) name: String,
    pub(super) r#type: &'static str,
    /// None when nothing runs.
    pub(super) state: Option<State>,
    pub(super) since: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub(super) trouble: Option<Trouble>,
}

/// Dead letters that are being replayed, or were.
#[derive(Serialize)]
pub(super) struct ReplayReport {
    pub(super) is_under_way: bool,
    /// What a replay that broke off has left.
    pub(super) left: Option<Overview>,
}

/// What is known of one source.
#[derive(Serialize)]
pub(super) struct SourceReport {
    pub(super) r#type: &'static str,
    /// What the settings call it.
    pub(super) name: String,
    /// What the ledger knows it by.
    pub(super) ledger_name: String,
    /// None when nothing runs.
    pub(super) state: Option<State>,
    /// None when it has done nothing yet.
    #[serde(flatten)]
    pub(super) status: Option<SourceStatus>,
    /// What is known of where it reads.
    #[serde(flatten)]
    pub(super) place: SourceState,
}
