//! The time of a service, as its answers tell it.

use chrono::{DateTime, Duration, Utc};
use http::header::DATE;
use reqwest::Response;

/// The header has whole seconds, and an answer takes its time: a smaller difference says nothing.
const NOTICED: Duration = Duration::seconds(3);

/// How far the clock of a service is ahead of ours.
#[derive(Debug, Default)]
pub(super) struct ServiceClock {
    ahead: Duration,
}

impl ServiceClock {
    /// Compares the clocks.
    pub(super) fn observe(&mut self, answer: &Response) {
        let date = answer.headers().get(DATE).and_then(|value| value.to_str().ok());
        if let Some(date) = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok()) {
            self.compare(date.to_utc(), Utc::now());
        }
    }

    /// The time of the service; ours as long as nothing else is known.
    pub(super) fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    fn compare(&mut self, theirs: DateTime<Utc>, ours: DateTime<Utc>) {
        let ahead = theirs - ours;
        self.ahead = if ahead.abs() < NOTICED { Duration::zero() } else { ahead };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_header_can_tell_is_a_difference() {
        let mut clock = ServiceClock::default();
        let ours = DateTime::UNIX_EPOCH;
        for (seconds, ahead) in [(1, 0), (-2, 0), (3, 3), (-600, -600), (0, 0)] {
            clock.compare(ours + Duration::seconds(seconds), ours);
            assert_eq!(clock.ahead.num_seconds(), ahead);
        }
    }
}
