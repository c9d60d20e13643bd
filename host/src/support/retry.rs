//! When to ask again. Computes; does not wait.

use std::time::Duration;

use http::StatusCode;

/// How often and how long to wait before an attempt that failed is made again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
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
    pub fn delay(&self, attempt: u32, retry_after: Option<Duration>, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.shortest.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let jittered = doubled.min(self.longest).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0);
        Some(retry_after.map_or(jittered, |asked| asked.clamp(self.shortest, self.longest)))
    }
}

/// Whether the same request may succeed later (ms-api.md, section 1.9).
pub fn is_transient(status: StatusCode) -> bool {
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

    #[test]
    fn only_some_statuses_are_worth_another_attempt() {
        let transient: Vec<_> = (100..600).filter(|code| is_transient(StatusCode::from_u16(*code).unwrap())).collect();
        assert_eq!(transient, [408, 429, 500, 502, 503, 504]);
    }
}
