//! How far a pass has come, for those who watch. Nothing depends on it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{BUDGET_WINDOW, pass::Pass, walk::Walk};
use crate::ledger::Window;

/// A source that can be watched.
#[derive(Clone)]
pub struct Watched {
    /// What the settings call it.
    pub name: String,
    /// How far its pass has come; none between passes.
    pub progress: watch::Receiver<Option<PassProgress>>,
}

/// How far a pass has come.
#[derive(Debug, Clone)]
pub struct PassProgress {
    /// The window that is read.
    pub window: Option<Window>,
    /// Rows read by this process.
    pub rows: u64,
    /// How much of the time of receipt is read, and how much there is.
    done: Duration,
    total: Duration,
    /// How much was read before this process began.
    before: Duration,
    pages: u32,
    began: Instant,
    /// Requests in any five minutes.
    budget: u32,
}

/// How long a pass still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLeft {
    /// How long.
    pub time: Duration,
    /// The request budget allows no faster.
    pub is_by_budget: bool,
}

impl PassProgress {
    /// A tenth of 100 hours, with 90 requests, all that five minutes allow.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        let [start, end] = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"].map(|time| time.parse().unwrap());
        let hour = Duration::from_secs(3600);
        Self {
            window: Some(Window { start, end }),
            rows: 90_000,
            done: 10 * hour,
            total: 100 * hour,
            before: Duration::ZERO,
            pages: 90,
            began: Instant::now(),
            budget: 90,
        }
    }

    #[cfg(test)]
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// How much is read, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        self.done.as_secs_f64() / self.total.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// How long this process has been reading.
    pub fn took(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// How fast rows come.
    pub fn rows_per_second(&self, now: Instant) -> f64 {
        self.rows as f64 / self.took(now).as_secs_f64().max(0.001)
    }

    /// How long it still takes if mail is spread evenly; none as long as nothing is known.
    pub fn left(&self, now: Instant) -> Option<TimeLeft> {
        let read = self.done.checked_sub(self.before).filter(|read| !read.is_zero())?;
        let share = self.total.saturating_sub(self.done).as_secs_f64() / read.as_secs_f64();
        let by_pace = self.took(now).as_secs_f64() * share;
        let by_budget = f64::from(self.pages) * share / f64::from(self.budget.max(1)) * BUDGET_WINDOW.as_secs_f64();
        // What fits into the budget at once is not held up by it.
        let is_by_budget = by_budget > by_pace && f64::from(self.pages) * (1.0 + share) > f64::from(self.budget);
        let time = Duration::try_from_secs_f64(if is_by_budget { by_budget } else { by_pace }).ok()?;
        Some(TimeLeft { time, is_by_budget })
    }
}

/// Tells how far a pass has come.
pub(super) struct Teller {
    sender: watch::Sender<Option<PassProgress>>,
    budget: u32,
}

impl Teller {
    pub(super) fn new(budget: u32) -> Self {
        Self { sender: watch::Sender::new(None), budget }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Option<PassProgress>> {
        self.sender.subscribe()
    }

    /// A window of a pass is read from its end down to `walk.reached()`.
    pub(super) fn tell_place(&self, pass: &Pass, walk: Option<&Walk>) {
        let window = walk.map(Walk::window);
        let of_window = walk.map_or_else(chrono::Duration::zero, |walk| walk.window().end - walk.reached());
        let total = span(pass.start, pass.target);
        let done = (span(pass.start, pass.position) + of_window.to_std().unwrap_or_default()).min(total);
        self.sender.send_modify(|progress| match progress {
            Some(progress) => (progress.window, progress.done) = (window, done.max(progress.done)),
            None => {
                let (began, budget) = (Instant::now(), self.budget);
                let begun = PassProgress { window, rows: 0, done, total, before: done, pages: 0, began, budget };
                *progress = Some(begun);
            }
        });
    }

    /// A page with so many rows is delivered.
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
    use crate::ledger::InProgress;

    const HOUR: Duration = Duration::from_secs(3600);

    #[track_caller]
    fn check(done: u32, pages: u32, budget: u32, expected: Option<(u64, bool)>) {
        let progress = PassProgress { done: done * HOUR, pages, budget, ..PassProgress::example() };
        let left = progress.left(progress.began + Duration::from_secs(60));
        assert_eq!(left.map(|left| (left.time.as_secs(), left.is_by_budget)), expected);
    }

    #[test]
    fn what_is_left_follows_the_pace() {
        check(0, 0, 90, None);
        check(50, 10, 90, Some((60, false)));
        check(25, 10, 90, Some((180, false)));
        check(100, 10, 90, Some((0, false)));
    }

    #[test]
    fn what_is_left_takes_as_long_as_the_budget_wants() {
        // 90 of 900 pages in a minute: the other 810 are nine times five minutes.
        check(10, 90, 90, Some((2700, true)));
        // All of it fits into the budget.
        check(10, 9, 90, Some((540, false)));
    }

    #[test]
    fn a_pass_is_told_from_its_first_window_to_its_end() {
        let start: DateTime<Utc> = "2026-03-04T00:00:00Z".parse().unwrap();
        let target = start + 10 * HOUR;
        let mut pass = Pass { start, position: start, target, known_until: None, lost: None };
        let teller = Teller::new(90);
        let watched = teller.watch();
        let fraction = || watched.borrow().as_ref().map(PassProgress::fraction);
        assert_eq!(fraction(), None);
        teller.tell_place(&pass, None);
        assert_eq!(fraction(), Some(0.0));
        let window = Window { start, end: start + 4 * HOUR };
        let walk = Walk::of(InProgress { window, reached: Some(start + 2 * HOUR), next_link: None });
        teller.tell_place(&pass, Some(&walk));
        assert_eq!(fraction(), Some(0.2));
        teller.count(7);
        pass.advance(window);
        teller.tell_place(&pass, None);
        assert_eq!(fraction(), Some(0.4));
        assert_eq!(watched.borrow().as_ref().unwrap().rows, 7);
        teller.end();
        assert_eq!(fraction(), None);
    }
}
