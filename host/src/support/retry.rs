//! Doing again what failed: when, how often, and the one loop that does it.

use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use tokio::time::sleep;

/// How often and how long to wait before an attempt that failed is made again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// Before the first retry, jitter apart.
    pub shortest: Duration,
    /// Before any retry.
    pub longest: Duration,
    /// All attempts, the first one included.
    pub attempts: u32,
}

impl Backoff {
    /// How long to wait after the attempt of this number, counted from 1; `None` when it was the last one.
    ///
    /// Doubles from attempt to attempt. `jitter`, from 0 to 1, takes up to half of it away, so that many who failed
    /// together do not come back together. What the service asked for in `retry_after` is kept to, within the limits.
    pub(crate) fn delay(&self, attempt: u32, retry_after: Option<Duration>, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.shortest.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let jittered = doubled.min(self.longest).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0);
        Some(retry_after.map_or(jittered, |asked| asked.clamp(self.shortest, self.longest)))
    }
}

/// Something that may fail, and is done again then.
#[async_trait]
pub(crate) trait Attempt: Send {
    /// What it comes to.
    type Output: Send;
    /// Why it fails.
    type Error: Send + Sync;

    /// Does it once.
    async fn attempt(&mut self) -> Result<Self::Output, Self::Error>;

    /// How long to wait after the attempt of this number, counted from 1, failed; `None` when a retry cannot succeed.
    fn delay(&self, error: &Self::Error, attempt: u32) -> Option<Duration>;

    /// Says that an attempt failed; it is the last one when there is no delay.
    async fn failed(&mut self, error: &Self::Error, attempt: u32, delay: Option<Duration>);

    /// Waits for so long; whether to go on then.
    async fn wait(&mut self, delay: Duration) -> bool {
        sleep(delay).await;
        true
    }
}

/// What something has come to, and how many attempts that took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Success<T> {
    /// What it has come to.
    pub output: T,
    /// The one that succeeded included.
    pub attempts: u32,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryError<E> {
    /// It failed, and a retry cannot succeed.
    Final(E),
    /// It failed, and while it waited it was told to stop.
    Stopped(E),
}

/// Repeats something until it succeeds, fails permanently, or is told to stop.
///
/// # Errors
///
/// With the error of the last attempt.
pub(crate) async fn retry<A: Attempt>(what: &mut A) -> Result<Success<A::Output>, RetryError<A::Error>> {
    let mut attempts = 1;
    loop {
        let error = match what.attempt().await {
            Ok(output) => return Ok(Success { output, attempts }),
            Err(error) => error,
        };
        let delay = what.delay(&error, attempts);
        what.failed(&error, attempts, delay).await;
        let Some(delay) = delay else { return Err(RetryError::Final(error)) };
        if !what.wait(delay).await {
            return Err(RetryError::Stopped(error));
        }
        attempts += 1;
    }
}

/// Whether the same request may succeed later (host/docs/facts/ms-api.md, section 1.9).
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff =
        Backoff { shortest: Duration::from_secs(1), longest: Duration::from_secs(10), attempts: 6 };

    #[test]
    fn waits_double_up_to_the_longest() {
        let delays: Vec<_> = (1..=6).map(|attempt| BACKOFF.delay(attempt, None, 0.0).map(|it| it.as_secs())).collect();
        assert_eq!(delays, [Some(1), Some(2), Some(4), Some(8), Some(10), None]);
    }

    #[test]
    fn jitter_takes_up_to_half_away() {
        assert_eq!(BACKOFF.delay(3, None, 1.0), Some(Duration::from_secs(2)));
        assert_eq!(BACKOFF.delay(3, None, 0.5), Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_the_service_asks_for_is_kept_within_limits() {
        let asked = |seconds| BACKOFF.delay(1, Some(Duration::from_secs(seconds)), 0.7).map(|it| it.as_secs());
        assert_eq!([asked(0), asked(5), asked(3600)], [Some(1), Some(5), Some(10)]);
    }

    /// Fails so often, and is told to stop while it waits for so long.
    struct Fails {
        left: u32,
        stopped_at: Option<Duration>,
        said: Vec<(u32, Option<u64>)>,
    }

    #[async_trait]
    impl Attempt for Fails {
        type Output = ();
        type Error = u32;

        async fn attempt(&mut self) -> Result<(), u32> {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 { Ok(()) } else { Err(self.left) }
        }

        fn delay(&self, _: &u32, attempt: u32) -> Option<Duration> {
            BACKOFF.delay(attempt, None, 0.0)
        }

        async fn failed(&mut self, _: &u32, attempt: u32, delay: Option<Duration>) {
            self.said.push((attempt, delay.map(|it| it.as_secs())));
        }

        async fn wait(&mut self, delay: Duration) -> bool {
            self.stopped_at != Some(delay)
        }
    }

    #[tokio::test]
    async fn what_fails_is_done_again_until_that_is_no_use() {
        let fails = |left, stopped_at: Option<u64>| Fails {
            left,
            stopped_at: stopped_at.map(Duration::from_secs),
            said: Vec::new(),
        };
        let mut what = fails(3, None);
        assert_eq!(retry(&mut what).await, Ok(Success { output: (), attempts: 3 }));
        assert_eq!(what.said, [(1, Some(1)), (2, Some(2))]);
        let mut what = fails(100, None);
        assert_eq!(retry(&mut what).await, Err(RetryError::Final(94)));
        assert_eq!(what.said.last(), Some(&(6, None)));
        assert_eq!(retry(&mut fails(100, Some(4))).await, Err(RetryError::Stopped(97)));
    }

    #[test]
    fn only_some_statuses_are_worth_another_attempt() {
        let transient: Vec<_> = (100..600).filter(|code| is_transient(StatusCode::from_u16(*code).unwrap())).collect();
        assert_eq!(transient, [408, 429, 500, 502, 503, 504]);
    }
}
