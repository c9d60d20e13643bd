//! How far a poll has come, for those who watch. Nothing depends on it.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::ledger::Window;

/// A source that can be watched.
#[derive(Clone)]
pub(crate) struct WatchedSource {
    /// What the settings call it.
    pub name: String,
    /// How far its poll has come; none between polls.
    pub progress: watch::Receiver<Option<PollProgress>>,
}

/// How far a poll has come.
#[derive(Debug, Clone)]
pub(crate) struct PollProgress {
    /// The window that is read.
    pub window: Option<Window>,
    /// Rows read by this process.
    pub rows: u64,
    /// How much of the time of receipt is read.
    pub(crate) done: Duration,
    /// How much there is.
    pub(crate) total: Duration,
    /// How much was read before this process began.
    pub(crate) before: Duration,
    /// Pages read by this process.
    pub(crate) pages: u32,
    /// When this process began.
    pub(crate) began: Instant,
    /// How fast pages may be asked for.
    pub(crate) limit: RequestLimit,
}

/// How many requests may be sent in any time of that length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimit {
    /// How many.
    pub requests: u32,
    /// In which time.
    pub window: Duration,
}

/// How long a poll still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLeft {
    /// How long.
    pub time: Duration,
    /// The request budget allows no faster.
    pub is_by_budget: bool,
}

impl PollProgress {
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
            limit: RequestLimit { requests: 90, window: Duration::from_secs(5 * 60) },
        }
    }

    /// How much is read, from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        self.done.as_secs_f64() / self.total.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// How long this process has been reading.
    pub(crate) fn took(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// How fast rows come.
    pub(crate) fn rows_per_second(&self, now: Instant) -> f64 {
        self.rows as f64 / self.took(now).as_secs_f64().max(0.001)
    }

    /// How long it still takes if mail is spread evenly; none as long as nothing is known.
    pub(crate) fn left(&self, now: Instant) -> Option<TimeLeft> {
        let read = self.done.checked_sub(self.before).filter(|read| !read.is_zero())?;
        let share = self.total.saturating_sub(self.done).as_secs_f64() / read.as_secs_f64();
        let by_pace = self.took(now).as_secs_f64() * share;
        let RequestLimit { requests, window } = self.limit;
        let by_budget = f64::from(self.pages) * share / f64::from(requests.max(1)) * window.as_secs_f64();
        // What fits into the budget at once is not held up by it.
        let is_by_budget = by_budget > by_pace && f64::from(self.pages) * (1.0 + share) > f64::from(requests);
        let time = Duration::try_from_secs_f64(if is_by_budget { by_budget } else { by_pace }).ok()?;
        Some(TimeLeft { time, is_by_budget })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[track_caller]
    fn check(done: u32, pages: u32, budget: u32, expected: Option<(u64, bool)>) {
        let limit = RequestLimit { requests: budget, ..PollProgress::example().limit };
        let progress = PollProgress { done: done * HOUR, pages, limit, ..PollProgress::example() };
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
}
