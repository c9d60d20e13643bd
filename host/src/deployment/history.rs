//! Who replaced which mapping, when and why: a line of JSON for each event, for people and for audits.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use tracing::error;

/// How many events are kept to be shown; the file has them all.
const MAX_SHOWN: usize = 100;

/// A file longer than this, in bytes, is put aside as `.1`, over one that was put aside before.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The program started with this mapping.
    Started,
    /// This mapping maps from now on.
    Replaced,
    /// This mapping was found no candidate.
    Refused,
    /// This mapping was put on trial beside the current one.
    TrialBegan,
    /// The trial of this mapping ended.
    TrialEnded,
    /// This mapping maps again, in place of the one after it.
    RolledBack,
    /// This mapping was watched long enough.
    Settled,
    /// This mapping is kept.
    Pinned,
    /// This mapping may be replaced again.
    Unpinned,
}

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: DateTime<Utc>,
    /// What.
    pub event: EventKind,
    /// The version of the mapping that it is about.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Who wanted it.
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

impl Event {
    /// One line for people.
    pub fn explain(&self) -> String {
        let time = self.time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let event = serde_json::to_value(self.event).unwrap_or_default();
        let event = event.as_str().unwrap_or_default().replace('_', " ");
        let short: String = self.digest.chars().take(12).collect();
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{time}  {event:<12} {} ({short}) by {}{reason}", self.mapping, self.by)
    }
}

/// The file in `state_dir` that tells what happened.
pub(super) const HISTORY_FILE: &str = "mapping-history.ndjson";

/// The last events of the processes that had this `state_dir`, oldest first; none when nothing happened there.
pub fn history_in(state_dir: &Path) -> Vec<Event> {
    History::open(state_dir.join(HISTORY_FILE)).events()
}

/// The events of this process, and the file for those of all.
#[derive(Default)]
pub(super) struct History {
    path: Option<PathBuf>,
    events: VecDeque<Event>,
}

impl History {
    /// Goes on in a file; the last events in it can be shown again.
    pub(super) fn open(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let mut history = Self { path: Some(path), events: VecDeque::new() };
        for event in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            history.keep(event);
        }
        history
    }

    /// Notes an event. That it cannot be written keeps no mail waiting, but a person has to know.
    pub(super) fn note(&mut self, event: Event) {
        if let Err(error) = self.write(&event) {
            error!(error = %error, "could not write the history of mappings");
        }
        self.keep(event);
    }

    /// The last events, oldest first.
    pub(super) fn events(&self) -> Vec<Event> {
        self.events.iter().cloned().collect()
    }

    fn keep(&mut self, event: Event) {
        self.events.push_back(event);
        if self.events.len() > MAX_SHOWN {
            self.events.pop_front();
        }
    }

    fn write(&self, event: &Event) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if fs::metadata(path).is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
            fs::rename(path, path.with_extension("ndjson.1"))?;
        }
        let mut file: File = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        file.write_all(format!("{}\n", serde_json::to_string(event)?).as_bytes())?;
        file.sync_data()
    }
}
