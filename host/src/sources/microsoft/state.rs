//! How far a service has been read.

use chrono::{DateTime, Utc};
use indicatif::HumanCount;
use serde_json::{Map, Value, json};

use crate::{
    ledger::{InProgress, Ledger, LedgerError, SourceStatus},
    pipeline::{Line, RequestBudget, SourceState, failure_lines, is_future},
    support::{
        counted::counted,
        time_text::{ago, span, time},
    },
};

/// The most gaps that are listed; the others are counted.
const LISTED_GAPS: usize = 10;

/// What the ledger knows of a service besides what it knows of every source.
#[derive(Debug, Default)]
pub(crate) struct ServiceProgress {
    /// The window that was begun and not finished.
    pub(crate) reading: Option<InProgress>,
    /// Requests for the tenant in the time of its budget.
    pub(crate) sent: u32,
}

impl ServiceProgress {
    pub(super) fn read(
        ledger: &Ledger,
        name: &str,
        budget: &RequestBudget,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let reading = ledger.progress(name)?.in_progress;
        Ok(Self { reading, sent: ledger.requests(&budget.ledger_name, now, budget.window)?.count })
    }

    /// The same with what is known of every source, for people and for programs.
    pub(crate) fn state(
        &self,
        tenant_id: &str,
        budget: &RequestBudget,
        status: Option<&SourceStatus>,
        now: DateTime<Utc>,
    ) -> SourceState {
        let reading = self.reading.as_ref().map(
            |InProgress { window, reached, .. }| json!({ "start": window.start, "end": window.end, "reached": reached }),
        );
        let fields = [
            ("tenant_id", json!(tenant_id)),
            ("reading", json!(reading)),
            ("requests", json!(self.sent)),
            ("request_budget", json!(budget.requests)),
        ];
        let fields: Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let lines = status.map_or_else(Vec::new, |status| self.lines(budget, status, now));
        SourceState { fields, lines, ..SourceState::default() }
    }

    fn lines(&self, budget: &RequestBudget, status: &SourceStatus, now: DateTime<Utc>) -> Vec<Line> {
        let mut lines = vec![("covered", covered(status, now))];
        if let Some(InProgress { window, reached, .. }) = &self.reading {
            let reached = reached.map_or_else(String::new, |reached| format!(", has come down to {}", time(reached)));
            lines.push(("reading", format!("{} to {}{reached}", time(window.start), time(window.end))));
        }
        lines.extend(gaps(status));
        let [changed, late] = [status.changed, status.late].map(HumanCount);
        lines.push(("rows", format!("{}; {changed} of them changed, {late} late", HumanCount(status.rows))));
        lines.push(("last page", ago(status.polled_at, now)));
        lines.extend(failure_lines(status, now));
        let left = budget.requests.saturating_sub(self.sent);
        let all = counted(budget.requests.into(), "request", "requests");
        lines.push(("budget", format!("{left} of {all} left")));
        lines.push(("token", token(status, now)));
        lines
    }
}

fn covered(status: &SourceStatus, now: DateTime<Utc>) -> String {
    match (status.covered_from, status.covered_until) {
        (Some(from), Some(until)) if is_future(until, now) => {
            format!("{} to {}: trouble, {} in the future", time(from), time(until), span(until - now))
        }
        (Some(from), Some(until)) => {
            let (length, behind) = (span(until - from), span(now - until));
            format!("{} to {}: {length}, {behind} behind now", time(from), time(until))
        }
        _ => "nothing yet".to_owned(),
    }
}

fn gaps(status: &SourceStatus) -> Vec<Line> {
    let mut lines = vec![match status.gaps.len() {
        0 => ("gaps", "none".to_owned()),
        count => ("gaps", format!("{count}; rows of these times may be missing")),
    }];
    for gap in status.gaps.iter().take(LISTED_GAPS) {
        lines.push(("", format!("{} to {}: {}", time(gap.start), time(gap.end), gap.reason)));
    }
    if status.gaps.len() > LISTED_GAPS {
        lines.push(("", format!("and {} more", status.gaps.len() - LISTED_GAPS)));
    }
    lines
}

fn token(status: &SourceStatus, now: DateTime<Utc>) -> String {
    match status.token_until {
        Some(until) if until > now => format!("good until {}: {} left", time(until), span(until - now)),
        Some(until) => format!("ended {}", ago(Some(until), now)),
        None => "none yet".to_owned(),
    }
}
