//! All that the status page shows. `host/docs/status-page.md` describes it, and a test compares the two.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::span::Span;
use crate::{
    ledger::{Gap, HistoryBucket, HistoryCounts, LastRun},
    observe::health::{Part, State},
    pipeline::dead_letter::{DeadLetterCount, Stage},
    support::ranges::ranges,
};

/// All that the status page shows.
#[derive(Serialize)]
pub(super) struct PageReport {
    pub(super) at: DateTime<Utc>,
    pub(super) version: &'static str,
    /// The worst state of all parts.
    pub(super) state: State,
    pub(super) run: Option<LastRun>,
    /// Whether texts of services and outputs are in it: only who has the token gets them.
    pub(super) has_reasons: bool,
    pub(super) is_ledger_readable: bool,
    /// What a person has to do something about.
    pub(super) trouble: Vec<String>,
    pub(super) parts: Vec<PartReport>,
    /// What the process has of a cluster.
    pub(super) cluster: Option<ClusterSection>,
    pub(super) span: SpanReport,
    pub(super) sources: Vec<SourceSection>,
    /// What was delivered of all sources.
    pub(super) history: Vec<HistoryBucket>,
    pub(super) outputs: Vec<OutputSection>,
    pub(super) dead_letters: DeadLetterReport,
    pub(super) mapping: MappingReport,
}

/// The time that the history is of.
#[derive(Serialize)]
pub(super) struct SpanReport {
    pub(super) name: Span,
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) step_seconds: i64,
}

/// What a process has of a cluster.
#[derive(Serialize)]
pub(super) struct ClusterSection {
    pub(super) group: String,
    pub(super) partitions: Vec<i32>,
    pub(super) sources_elsewhere: usize,
}

impl ClusterSection {
    /// For people; `here` sources are on the page.
    pub(super) fn text(&self, here: usize) -> String {
        let Self { group, partitions, sources_elsewhere } = self;
        let held = if partitions.is_empty() { "none".to_owned() } else { ranges(partitions) };
        let all = here + sources_elsewhere;
        format!(
            "A process of cluster {group}, with partitions: {held}. It collects {here} of {all} sources; exotrace \
             cluster status shows who collects the others."
        )
    }
}

/// How a part is doing that there is one of.
#[derive(Serialize)]
pub(super) struct PartReport {
    pub(super) part: Part,
    pub(super) state: State,
    pub(super) since: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// What is known of one source.
#[derive(Serialize)]
pub(super) struct SourceSection {
    pub(super) name: String,
    pub(super) r#type: &'static str,
    pub(super) state: Option<State>,
    pub(super) since: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Whether what it has covered can be told: of files it cannot.
    pub(super) has_coverage: bool,
    pub(super) covered_from: Option<DateTime<Utc>>,
    pub(super) covered_until: Option<DateTime<Utc>>,
    pub(super) reading: Option<ReadingReport>,
    /// The latest gaps.
    pub(super) gaps: Vec<Gap>,
    pub(super) gap_count: usize,
    /// Rows that were ever delivered.
    pub(super) rows: u64,
    pub(super) changed: u64,
    pub(super) late: u64,
    pub(super) polled_at: Option<DateTime<Utc>>,
    pub(super) failed_at: Option<DateTime<Utc>>,
    pub(super) token_until: Option<DateTime<Utc>>,
    /// The age of the newest row that this process has delivered.
    pub(super) lag_seconds: Option<i64>,
    pub(super) requests: Option<RequestReport>,
    pub(super) backfill: Option<BackfillReport>,
    pub(super) files_in_trouble: Vec<FileReport>,
    /// What was delivered in the time of the charts.
    pub(super) delivered: HistoryCounts,
    /// When late rows were found, and how many.
    pub(super) late_rows: Vec<LateReport>,
}

/// The window that is being read.
#[derive(Serialize)]
pub(super) struct ReadingReport {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    /// What was received later is delivered.
    pub(super) reached: Option<DateTime<Utc>>,
}

/// How many requests a tenant was sent.
#[derive(Serialize)]
pub(super) struct RequestReport {
    pub(super) sent: u32,
    pub(super) budget: u32,
    pub(super) window_seconds: u64,
}

/// A time that is read again.
#[derive(Serialize)]
pub(super) struct BackfillReport {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) fraction: f64,
}

/// A file in trouble.
#[derive(Serialize)]
pub(super) struct FileReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) since: DateTime<Utc>,
    pub(super) needs_person: bool,
}

/// Late rows that were found at a time.
#[derive(Serialize)]
pub(super) struct LateReport {
    pub(super) at: DateTime<Utc>,
    pub(super) rows: u64,
}

/// What is known of one output.
#[derive(Serialize)]
pub(super) struct OutputSection {
    pub(super) name: String,
    pub(super) r#type: &'static str,
    pub(super) state: Option<State>,
    pub(super) since: Option<DateTime<Utc>>,
    /// Since when it waits for something, and whether that passes by itself.
    pub(super) waits_since: Option<DateTime<Utc>>,
    pub(super) needs_person: bool,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// What this process has done with it.
    pub(super) delivered: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    pub(super) retries: u64,
}

/// What waits to be replayed.
#[derive(Serialize)]
pub(super) struct DeadLetterReport {
    #[serde(flatten)]
    pub(super) count: Option<DeadLetterCount>,
    /// The most frequent first.
    pub(super) reasons: Vec<ReasonReport>,
}

/// Dead letters that are there for one reason.
#[derive(Serialize)]
pub(super) struct ReasonReport {
    pub(super) letters: u64,
    pub(super) stage: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<String>,
    pub(super) source: String,
    pub(super) mapping: String,
    pub(super) first: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// What maps, and what happened to it.
#[derive(Serialize)]
pub(super) struct MappingReport {
    /// As `exotrace mapping status --json` has it.
    pub(super) status: Value,
    pub(super) in_use: Vec<InUseReport>,
    /// The latest first.
    pub(super) history: Vec<EventReport>,
}

/// A mapping that maps, is kept or is tried.
#[derive(Serialize, PartialEq, Eq)]
pub(super) struct InUseReport {
    pub(super) role: &'static str,
    pub(super) mapping: String,
    pub(super) digest: String,
    pub(super) instances: u64,
    pub(super) memory_bytes: u64,
}

/// What happened to a mapping.
#[derive(Serialize)]
pub(super) struct EventReport {
    pub(super) time: DateTime<Utc>,
    pub(super) event: Value,
    pub(super) mapping: String,
    pub(super) digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
