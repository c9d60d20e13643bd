//! Searches the message trace for some mail: the newest first, in as few requests as it takes.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{
    PollError,
    budget::{Budget, Purpose},
    graph::DetailsRequest,
    page::Page,
    poll_plan::LONGEST,
    service::ServiceSource,
    settings::{ServiceConfig, budget_name},
    window_cursor::{Recovery, WindowCursor},
};
use crate::{
    ledger::{Gap, Next, Window},
    pipeline::{Remedy, RunError, Search, SourceError, SourceRun, TraceQuery, TracedDetails, TracedRow},
    sources::microsoft::ServiceKind,
    support::{clock::signed, error_text::chain},
};

/// So often the same page is asked for, before another way to its rows is looked for.
const PAGE_ATTEMPTS: u32 = 3;

/// A search for some mail.
pub(super) struct TraceSearch {
    query: TraceQuery,
    kind: ServiceKind,
    batch_size: u32,
    source: ServiceSource,
    budget: Budget,
    /// The parts of the range that are left to be read, the newest last.
    windows: Vec<Window>,
    cursor: Option<WindowCursor>,
    /// How often in a row there was no page.
    failures: u32,
    requests: u32,
    unread: Vec<Gap>,
}

#[async_trait]
impl Search for TraceSearch {
    async fn next(&mut self, context: &SourceRun) -> Result<Option<Vec<TracedRow>>, RunError> {
        loop {
            let Some(mut cursor) = self.cursor.take().or_else(|| self.windows.pop().map(WindowCursor::new)) else {
                return Ok(None);
            };
            if let Some(recovery) = cursor.leave() {
                self.recover(cursor, recovery, "its pages lead no further");
                continue;
            }
            match self.page(&cursor, context).await? {
                Ok(page) => return Ok(Some(self.take(cursor, &page))),
                Err(error) if is_of_place(&error, &cursor, self.failures) => {
                    let recovery = if error.is_bad_page() { cursor.narrow(self.batch_size) } else { cursor.recover() };
                    self.recover(cursor, recovery, &chain(&error));
                }
                Err(error) => {
                    self.failures += 1;
                    self.cursor = Some(cursor);
                    return Err(failed(context, error));
                }
            }
        }
    }

    async fn details(&mut self, row: &TracedRow, context: &SourceRun) -> Result<TracedDetails, RunError> {
        let (Some(id), Some(recipient)) = (&row.trace_id, &row.recipient) else {
            return Ok(TracedDetails::missing("it has no id or no recipient to ask by".to_owned()));
        };
        if self.kind != ServiceKind::Graph {
            return Ok(TracedDetails::missing("only Graph has details of deliveries".to_owned()));
        }
        self.budget.take(context, &self.source.ours().clone(), Purpose::Reading).await?;
        self.requests += 1;
        match self.source.details(DetailsRequest::First { id, recipient }).await {
            Ok(page) => {
                let steps = page.rows.iter().map(|step| step.text.as_str());
                Ok(TracedDetails::of(row.status.as_deref().unwrap_or_default(), steps))
            }
            Err(error) if error.is_of_one_request() => {
                Ok(TracedDetails::missing(format!("the service has none: {}", chain(&error))))
            }
            Err(error) => Err(failed(context, error)),
        }
    }

    fn requests(&self) -> u32 {
        self.requests
    }

    fn unread(&self) -> &[Gap] {
        &self.unread
    }
}

impl TraceSearch {
    /// Gets ready; nothing is sent yet.
    pub(super) fn new(config: &ServiceConfig, query: TraceQuery) -> Result<Self, PollError> {
        Ok(Self {
            kind: config.kind,
            // Somebody waits, and rows that match are few.
            batch_size: config.kind.most_rows(),
            source: ServiceSource::new(config)?,
            budget: Budget::new(budget_name(config), config.request_budget),
            windows: windows(query.from, query.to),
            query,
            cursor: None,
            failures: 0,
            requests: 0,
            unread: Vec::new(),
        })
    }

    /// Requests a page, with a new token if the first was refused for its token.
    async fn page(&mut self, cursor: &WindowCursor, context: &SourceRun) -> Result<Result<Page, PollError>, RunError> {
        let asked = self.ask(cursor, context).await?;
        if !asked.as_ref().err().is_some_and(PollError::is_refused_token) {
            return Ok(asked);
        }
        self.ask(cursor, context).await
    }

    async fn ask(&mut self, cursor: &WindowCursor, context: &SourceRun) -> Result<Result<Page, PollError>, RunError> {
        if let Err(error) = self.source.sign_in().await {
            return Ok(Err(error));
        }
        // Somebody waits: before the past, and beside polls.
        let purpose = Purpose::new(false, cursor.is_repairing());
        self.budget.take(context, &self.source.ours().clone(), purpose).await?;
        self.requests += 1;
        let request = cursor.request(self.batch_size, self.kind.most_rows(), self.source.now());
        Ok(self.source.page(request.of(&self.query)).await)
    }

    /// Takes what matches of a page, and goes on behind it.
    fn take(&mut self, mut cursor: WindowCursor, page: &Page) -> Vec<TracedRow> {
        self.failures = 0;
        if cursor.accept(page, 0, self.kind == ServiceKind::Graph) != Next::Done {
            self.cursor = Some(cursor);
        }
        let range = self.query.from..=self.query.to;
        let is_in_range = |received: Option<DateTime<Utc>>| received.is_none_or(|received| range.contains(&received));
        let rows = page.rows.iter().filter(|row| is_in_range(row.received));
        rows.map(|row| TracedRow::of(&row.text, row.received)).filter(|row| self.query.matches(row)).collect()
    }

    /// Goes on in another way, or leaves out what the service does not give.
    fn recover(&mut self, cursor: WindowCursor, recovery: Recovery, reason: &str) {
        self.failures = 0;
        let (gap, goes_on) = match recovery {
            Recovery::Again => (None, true),
            Recovery::PassOver(gap) => (Some(gap), true),
            Recovery::GiveUp(gap) => (Some(gap), false),
        };
        let gap = gap.map(|gap| Gap { start: gap.start, end: gap.end, reason: reason.to_owned() });
        self.unread.extend(gap);
        self.cursor = goes_on.then_some(cursor);
    }
}

/// Whether another way to the rows of this place is to be tried, and not the same once more.
fn is_of_place(error: &PollError, cursor: &WindowCursor, failures: u32) -> bool {
    let is_tired = failures + 1 >= PAGE_ATTEMPTS;
    if cursor.is_on_link() {
        return error.is_of_page() && (error.is_bad_link() || !error.is_transient() || is_tired);
    }
    error.is_long_page() || error.is_bad_page() && is_tired
}

/// The range in windows that one query may span, the newest last.
fn windows(from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut end = to;
    while end > from {
        let start = (end - signed(LONGEST)).max(from);
        windows.push(Window { start, end });
        end = start;
    }
    windows.reverse();
    windows
}

fn failed(context: &SourceRun, error: PollError) -> RunError {
    let after: Option<Duration> = error.retry_after();
    let remedy = if error.is_transient() { Remedy::Retry { after } } else { Remedy::Person };
    RunError::Source { name: context.label().to_owned(), source: SourceError::new(error, remedy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_range_is_cut_into_what_one_query_may_span() {
        let to: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
        let days = |from: i64| {
            let windows = windows(to - chrono::Duration::days(from), to);
            let ago = |time: DateTime<Utc>| (to - time).num_days();
            windows.iter().map(|window| (ago(window.start), ago(window.end))).collect::<Vec<_>>()
        };
        assert_eq!(days(2), [(2, 0)]);
        assert_eq!(days(10), [(10, 0)]);
        assert_eq!(days(25), [(25, 20), (20, 10), (10, 0)]);
        assert_eq!(days(90).len(), 9);
    }
}
