//! How far a service has been read.

use chrono::{DateTime, Utc};
use indicatif::HumanCount;
use serde_json::{Map, Value, json};

use super::{
    budget::limit_of_past,
    look_back::{LookBack, OF_THOUSAND},
};
use crate::{
    ledger::{BACKFILL, DetailsCounts, InProgress, Lateness, Ledger, LedgerError, PastReading, SourceStatus},
    pipeline::{Line, RequestBudget, SourceState, failure_lines, is_future},
    support::{
        clock::signed,
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
    /// The range of the past that is delivered again.
    pub(crate) backfill: Option<PastReading>,
    /// How late rows are.
    pub(crate) lateness: Lateness,
    /// How far back polls read again.
    pub(crate) look_back: Option<LookBack>,
    /// How many details are read; none when nobody wants them.
    pub(crate) details: Option<DetailsCounts>,
}

impl ServiceProgress {
    pub(super) fn read(
        ledger: &Ledger,
        name: &str,
        budget: &RequestBudget,
        look_back: LookBack,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let (reading, backfill) = (ledger.progress(name)?.in_progress, ledger.past(BACKFILL)?);
        let sent = ledger.requests(&budget.ledger_name, now, budget.window)?.count;
        let backfill = backfill.filter(|backfill| backfill.source == name);
        let (lateness, _) = ledger.lateness(name)?;
        Ok(Self { reading, sent, backfill, lateness, look_back: Some(look_back), details: None })
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
            ("lateness", json!(self.lateness)),
            ("look_back_seconds", json!(self.look_back.map(|it| it.usual(&self.lateness).as_secs()))),
            ("backfill", json!(self.backfill.as_ref().map(|backfill| of_backfill(backfill, budget, self.sent)))),
            ("details", json!(self.details)),
            ("requests", json!(self.sent)),
            ("request_budget", json!(budget.requests)),
        ];
        let fields: Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let lines = status.map_or_else(Vec::new, |status| self.lines(budget, status, now));
        let always = self.backfill.iter().map(|backfill| line_of_backfill(backfill, budget, self.sent)).collect();
        SourceState { fields, always, lines, ..SourceState::default() }
    }

    /// How late rows are, once that is known.
    fn late_line(&self) -> Option<Line> {
        let look_back = self.look_back?;
        let needed = self.lateness.covers(OF_THOUSAND)?;
        let auto = if look_back == LookBack::Auto { " (auto; once a day 48h)" } else { "" };
        let usual = span(signed(look_back.usual(&self.lateness)));
        let late =
            if needed.is_zero() { "come in time".to_owned() } else { format!("are at most {} late", span(needed)) };
        Some(("lateness", format!("99.9 % of rows {late}; polls read {usual} again{auto}")))
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
        lines.extend(self.late_line());
        if let Some(DetailsCounts { waiting, done }) = self.details {
            lines.push(("details", format!("{} wait to be read, {} are done", HumanCount(waiting), HumanCount(done))));
        }
        lines.push(("last page", ago(status.polled_at, now)));
        lines.extend(failure_lines(status, now));
        let left = budget.requests.saturating_sub(self.sent);
        let all = counted(budget.requests.into(), "request", "requests");
        lines.push(("budget", format!("{left} of {all} left")));
        lines.push(("token", token(status, now)));
        lines
    }
}

/// What programs see of a range that is delivered again.
fn of_backfill(backfill: &PastReading, budget: &RequestBudget, sent: u32) -> Value {
    let PastReading { from, to, began_at, read_until, counts, .. } = backfill;
    json!({
        "from": from, "to": to, "began_at": began_at, "read_until": read_until, "fraction": backfill.fraction(),
        "rows": counts.rows(), "new": counts.new, "known": counts.known, "changed": counts.changed,
        "pages": counts.pages, "seconds_left": left(backfill, budget, sent).map(|left| left.num_seconds()),
    })
}

fn line_of_backfill(backfill: &PastReading, budget: &RequestBudget, sent: u32) -> Line {
    let PastReading { from, to, counts, .. } = backfill;
    let left = match left(backfill, budget, sent) {
        None => "nothing known of the time left".to_owned(),
        Some(left) if left.is_zero() => "as fast as the service answers".to_owned(),
        Some(left) => format!("{} left by the request budget", span(left)),
    };
    let (percent, rows) = ((backfill.fraction() * 100.0) as u32, counted(counts.rows(), "row", "rows"));
    ("backfill", format!("{} to {}: {percent} % read, {rows}, {left}", time(*from), time(*to)))
}

/// How long the rest takes by the request budget, if mail is spread evenly; none as long as nothing is known.
fn left(backfill: &PastReading, budget: &RequestBudget, sent: u32) -> Option<chrono::Duration> {
    let (done, limit) = (backfill.fraction(), limit_of_past(budget.requests));
    if done <= 0.0 || backfill.counts.pages == 0 {
        return None;
    }
    let pages = backfill.counts.pages as f64 * (1.0 - done) / done;
    let held_up = (pages - f64::from(limit.saturating_sub(sent))).max(0.0);
    let seconds = held_up / f64::from(limit) * budget.window.as_secs_f64();
    Some(chrono::Duration::seconds(seconds.ceil() as i64))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ledger::PastCounts;

    #[track_caller]
    fn check(hours_read: i64, pages: u64, sent: u32, expected: &str) {
        let at = |hours| DateTime::<Utc>::UNIX_EPOCH + chrono::Duration::hours(hours);
        let budget = RequestBudget { ledger_name: String::new(), requests: 90, window: Duration::from_secs(300) };
        let backfill = PastReading {
            source: String::new(),
            from: at(0),
            to: at(100),
            began_at: at(200),
            read_until: Some(at(hours_read)),
            counts: PastCounts { pages, new: pages * 1000, ..PastCounts::default() },
        };
        let (_, line) = line_of_backfill(&backfill, &budget, sent);
        assert!(line.ends_with(expected), "{line}");
    }

    #[test]
    fn what_is_left_of_a_backfill_takes_as_long_as_its_share_of_the_budget_wants() {
        check(0, 0, 0, "0 % read, 0 rows, nothing known of the time left");
        // 81 requests of any 90 are for the past.
        check(10, 81, 81, "10 % read, 81,000 rows, 45m left by the request budget");
        check(50, 81, 0, "50 % read, 81,000 rows, as fast as the service answers");
    }
}
