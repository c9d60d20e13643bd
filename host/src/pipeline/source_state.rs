//! How far a source has read, as people and programs see it.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    ledger::SourceStatus,
    support::time_text::{ago, time},
};

/// The clocks of a service and of this machine may differ by so much.
const CLOCKS: Duration = Duration::minutes(5);

/// A name, which is empty where it goes on, and a text.
pub(crate) type Line = (&'static str, String);

/// How far a source has read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct SourceState {
    /// For programs.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
    /// For people, also when nothing has been read yet.
    #[serde(skip)]
    pub always: Vec<Line>,
    /// For people, once something has been read.
    #[serde(skip)]
    pub lines: Vec<Line>,
    /// What a person has to do something about.
    #[serde(skip)]
    pub trouble: Option<String>,
}

/// Whether something is said to be covered that has not been yet.
pub(crate) fn is_future(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    until > now + CLOCKS
}

/// What failed last.
pub(crate) fn failure_lines(status: &SourceStatus, now: DateTime<Utc>) -> Vec<Line> {
    let since = status.polled_at.map_or("none".to_owned(), |polled_at| format!("none since {}", time(polled_at)));
    let failed = ("last error", status.failed_at.map_or(since, |_| ago(status.failed_at, now)));
    let parts = status.failure.iter().flat_map(|failure| failure.lines());
    [failed].into_iter().chain(parts.map(|part| ("", part.to_owned()))).collect()
}
