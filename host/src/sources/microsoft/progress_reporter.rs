//! Reports how far a poll has come, for those who watch. Nothing depends on it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{poll_plan::PollPlan, window_cursor::WindowCursor};
use crate::pipeline::{PollProgress, RequestLimit};

/// Reports how far a poll has come.
pub(super) struct ProgressReporter {
    sender: watch::Sender<Option<PollProgress>>,
    limit: RequestLimit,
}

impl ProgressReporter {
    pub(super) fn new(limit: RequestLimit) -> Self {
        Self { sender: watch::Sender::new(None), limit }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Option<PollProgress>> {
        self.sender.subscribe()
    }

    /// A window of a pass is read from its end down to `cursor.reached()`.
    pub(super) fn report_place(&self, plan: &PollPlan, cursor: Option<&WindowCursor>) {
        let window = cursor.map(WindowCursor::window);
        let of_window = cursor.map_or_else(chrono::Duration::zero, |cursor| cursor.window().end - cursor.reached());
        let total = span(plan.start, plan.target);
        let done = (span(plan.start, plan.position) + of_window.to_std().unwrap_or_default()).min(total);
        self.sender.send_modify(|progress| match progress {
            Some(progress) => (progress.window, progress.done) = (window, done.max(progress.done)),
            None => {
                let (began, limit) = (Instant::now(), self.limit);
                *progress = Some(PollProgress { window, rows: 0, done, total, before: done, pages: 0, began, limit });
            }
        });
    }

    /// A page with this many rows is delivered.
    pub(super) fn count(&self, rows: u64) {
        self.sender.send_modify(|progress| {
            if let Some(progress) = progress {
                progress.rows += rows;
                progress.pages += 1;
            }
        });
    }

    /// The pass is over.
    pub(super) fn end(&self) {
        self.sender.send_replace(None);
    }
}

fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{InProgress, Window},
        sources::microsoft::budget::BUDGET_WINDOW,
    };

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_poll_is_reported_from_its_first_window_to_its_end() {
        let start: DateTime<Utc> = "2026-03-04T00:00:00Z".parse().unwrap();
        let target = start + 10 * HOUR;
        let mut plan = PollPlan { start, position: start, target, known_until: None, lost: None };
        let reporter = ProgressReporter::new(RequestLimit { requests: 90, window: BUDGET_WINDOW });
        let watched = reporter.watch();
        let fraction = || watched.borrow().as_ref().map(PollProgress::fraction);
        assert_eq!(fraction(), None);
        reporter.report_place(&plan, None);
        assert_eq!(fraction(), Some(0.0));
        let window = Window { start, end: start + 4 * HOUR };
        let cursor = WindowCursor::of(InProgress { window, reached: Some(start + 2 * HOUR), next_link: None });
        reporter.report_place(&plan, Some(&cursor));
        assert_eq!(fraction(), Some(0.2));
        reporter.count(7);
        plan.advance(window);
        reporter.report_place(&plan, None);
        assert_eq!(fraction(), Some(0.4));
        assert_eq!(watched.borrow().as_ref().unwrap().rows, 7);
        reporter.end();
        assert_eq!(fraction(), None);
    }
}
