//! `[mapping]`: which mapping, how it maps, what it may use, and when another one takes its place.

use std::{path::PathBuf, time::Duration};

use serde_json::Value;

use super::privacy::PrivacyConfig;
use crate::support::signature::TrustedKeys;

/// `[mapping]`
#[derive(Debug, Clone)]
pub(crate) struct MappingConfig {
    /// Which mapping.
    pub choice: MappingChoice,
    /// Keep the bytes of every record in `event.original`.
    pub preserve_original_event: bool,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped.
    pub drop_status: Vec<String>,
    /// The mapping's own settings: a JSON object.
    pub options: Option<Value>,
    /// What hides people.
    pub privacy: Option<PrivacyConfig>,
    /// A public suffix list, in place of the built-in one.
    pub suffix_list: Option<PathBuf>,
    /// The keys that component files have to be signed with; none: they need no signature.
    pub trusted_keys: TrustedKeys,
    /// What the mapping may use.
    pub limits: MappingLimits,
    /// Between two looks at component files; zero: none.
    pub watch_interval: Duration,
    /// What is tried beside the mapping.
    pub candidate: Option<CandidateConfig>,
    /// When a new mapping is taken back.
    pub rollback: RollbackConfig,
}

/// Which mapping to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MappingChoice {
    /// The one that suits the source: 2.2 for Graph, 1.20 otherwise.
    Default,
    /// A built-in version.
    Version(String),
    /// A component file.
    Path(PathBuf),
}

/// What the mapping may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MappingLimits {
    /// The most memory of an instance.
    pub memory_bytes: usize,
    /// The most memory of all instances together.
    pub total_memory_bytes: u64,
    /// The longest that a batch may take.
    pub batch_time: Duration,
    /// The most that is handed over at once.
    pub result_bytes: usize,
    /// The most that is executed at once.
    pub fuel: Option<u64>,
    /// The most memory that compiling a component may take.
    pub compile_memory_bytes: u64,
    /// The most processor time that compiling a component may take.
    pub compile_time: Duration,
}

/// `[mapping.candidate]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CandidateConfig {
    /// Which mapping.
    pub choice: MappingChoice,
    /// What it does.
    pub mode: CandidateMode,
    /// The share of records or deliveries.
    pub percent: u8,
}

/// What a candidate does beside the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CandidateMode {
    /// It is compared, and nothing of it delivered.
    Shadow,
    /// It maps a share of the deliveries.
    Canary,
}

/// `[mapping.rollback]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RollbackConfig {
    /// How often a new mapping may trap or meet a limit.
    pub max_stops: u32,
    /// By how many percent of the records it may fail at more.
    pub max_failed_percent: u32,
    /// How many times as long a record may take.
    pub max_slowdown: u32,
    /// How many percent of the compared records may come out differently.
    pub max_different_percent: u32,
    /// Number of records mapped before rates are judged.
    pub min_records: u32,
    /// How long the mapping before is kept ready.
    pub grace_period: Duration,
}
