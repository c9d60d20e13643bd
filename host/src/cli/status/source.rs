//! What is known of one source.

use chrono::{DateTime, Utc};
use glob::{MatchOptions, Pattern};
use serde::Serialize;

use crate::{
    config::{FileConfig, ServiceConfig, SourceConfig},
    control::About,
    ledger::{FileState, InProgress, Ledger, LedgerError, SourceStatus, Trouble},
    observe::health::{Part, State},
    sources::{
        file::files_name,
        microsoft::{BUDGET_WINDOW, budget_name, service_name},
    },
};

/// `*` stays within a folder, and `**` does not.
const AS_FILES_ARE_FOUND: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

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
    #[serde(flatten)]
    pub(super) place: Place,
}

/// What is known of where a source reads.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Place {
    Service {
        tenant_id: String,
        /// The window that was begun and not finished.
        reading: Option<Reading>,
        /// Requests for the tenant in the last five minutes.
        requests: u32,
        request_budget: u32,
    },
    Files {
        files: Vec<FileReport>,
        files_in_trouble: Vec<Trouble>,
    },
}

/// How far a file is read.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FileReport {
    pub(super) path: String,
    /// In bytes of its contents.
    pub(super) offset: u64,
    /// The line that comes next, counted from 1.
    pub(super) line: u64,
}

/// How far a window has come: from its end to its start.
#[derive(Serialize)]
pub(super) struct Reading {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) reached: Option<DateTime<Utc>>,
}

impl SourceReport {
    pub(super) fn new(
        config: &SourceConfig,
        ledger: Option<&Ledger>,
        process: Option<&About>,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let ledger_name = config.settings.ledger_name();
        let place = match (config.of_kind(), config.of_kind()) {
            (Some(service), _) => service_place(service, ledger, now)?,
            (None, files) => files_place(files.expect("there is no other kind"), ledger)?,
        };
        let parts = process.iter().flat_map(|process| &process.parts);
        let part = parts.filter(|part| part.part == Part::Source).find(|part| part.name == config.name());
        Ok(Self {
            r#type: config.kind(),
            name: config.name().to_owned(),
            state: part.map(|part| part.state),
            status: ledger.map(|ledger| ledger.status(&ledger_name)).transpose()?.flatten(),
            ledger_name,
            place,
        })
    }
}

fn service_place(config: &ServiceConfig, ledger: Option<&Ledger>, now: DateTime<Utc>) -> Result<Place, LedgerError> {
    let (mut reading, mut requests) = (None, 0);
    if let Some(ledger) = ledger {
        reading = ledger.progress(&service_name(config))?.in_progress.map(Reading::from);
        requests = ledger.requests(&budget_name(config), now, BUDGET_WINDOW)?.count;
    }
    let (tenant_id, request_budget) = (config.tenant_id.clone(), config.request_budget);
    Ok(Place::Service { tenant_id, reading, requests, request_budget })
}

fn files_place(config: &FileConfig, ledger: Option<&Ledger>) -> Result<Place, LedgerError> {
    let (mut files, mut files_in_trouble) = (Vec::new(), Vec::new());
    if let Some(ledger) = ledger {
        let patterns: Vec<_> = config.paths.iter().filter_map(|path| Pattern::new(path).ok()).collect();
        for FileState { path, offset, line, .. } in ledger.files()? {
            if patterns.iter().any(|pattern| pattern.matches_with(&path, AS_FILES_ARE_FOUND)) {
                files.push(FileReport { path, offset, line });
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files_in_trouble = ledger.file_troubles(&files_name(config))?;
    }
    Ok(Place::Files { files, files_in_trouble })
}

impl From<InProgress> for Reading {
    fn from(InProgress { window, reached, .. }: InProgress) -> Self {
        Self { start: window.start, end: window.end, reached }
    }
}
