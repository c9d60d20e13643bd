//! The limit on page requests in a running window of five minutes.

use std::collections::VecDeque;

use chrono::{DateTime, Duration, Utc};

/// The window that the service counts requests in.
pub(crate) const WINDOW: Duration = Duration::seconds(300);

/// The times of the requests in a running window.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunningWindow {
    times: VecDeque<DateTime<Utc>>,
}

impl RunningWindow {
    /// Counts a request; returns how many the window has with it.
    pub(crate) fn count(&mut self, now: DateTime<Utc>) -> usize {
        self.forget(now);
        self.times.push_back(now);
        self.times.len()
    }

    /// Counts a request if there is room for it; otherwise returns how long there will be none.
    ///
    /// What is refused does not count: whether it does at the service is not known.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>, limit: usize) -> Result<(), Duration> {
        self.forget(now);
        if self.times.len() >= limit {
            let oldest = self.times.front().copied().unwrap_or(now);
            return Err(oldest + WINDOW - now);
        }
        self.times.push_back(now);
        Ok(())
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        while self.times.front().is_some_and(|time| *time + WINDOW <= now) {
            self.times.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    fn at(seconds: i64) -> DateTime<Utc> {
        noon() + Duration::seconds(seconds)
    }

    #[test]
    fn there_is_room_again_when_the_oldest_request_is_five_minutes_old() {
        let mut window = RunningWindow::default();
        assert_eq!(window.admit(at(0), 2), Ok(()));
        assert_eq!(window.admit(at(100), 2), Ok(()));
        assert_eq!(window.admit(at(200), 2), Err(Duration::seconds(100)));
        assert_eq!(window.admit(at(300), 2), Ok(()));
        assert_eq!(window.admit(at(300), 2), Err(Duration::seconds(100)));
    }

    #[test]
    fn the_window_runs_with_the_requests() {
        let mut window = RunningWindow::default();
        let counts = [0, 299, 300, 598, 599].map(|seconds| window.count(at(seconds)));
        assert_eq!(counts, [1, 2, 2, 3, 3]);
    }
}
