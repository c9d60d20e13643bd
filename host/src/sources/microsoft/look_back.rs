//! How far back a poll reads again.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{ledger::Lateness, support::clock::signed};

/// The least that `auto` reads again, and what it reads as long as nothing is measured.
const FLOOR: Duration = Duration::from_secs(60 * 60);

/// The most that `auto` reads again: rows are a day late at most (host/docs/facts/ms-api.md, section 1.12).
const CEILING: Duration = Duration::from_secs(24 * 60 * 60);

/// How often `auto` reads back further: what nobody looks for is not measured.
const DEEP_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// How far it reads back then: a row that is as late as the ceiling allows shows up after one such poll, and is older
/// by an interval at the next one.
const DEEP: Duration = CEILING.saturating_add(DEEP_INTERVAL);

/// Number of rows in a thousand that every poll is to find.
pub(super) const OF_THOUSAND: u64 = 999;

/// How far back polls read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookBack {
    /// As far as the settings say.
    Fixed(Duration),
    /// As far as nearly all rows are late, by what the ledger has measured.
    Auto,
}

impl LookBack {
    /// How far back a poll reads as a rule.
    pub(super) fn usual(self, lateness: &Lateness) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Auto => {
                let needed = lateness.covers(OF_THOUSAND).and_then(|needed| needed.to_std().ok()).unwrap_or_default();
                needed.clamp(FLOOR, CEILING)
            }
        }
    }

    /// The most that any poll reads back: for so long rows are known.
    pub(super) fn longest(self) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Auto => DEEP,
        }
    }

    /// Whether a poll at `now` reads back as far as any does, to measure.
    pub(super) fn is_deep(self, now: DateTime<Utc>, looked_back_at: Option<DateTime<Utc>>) -> bool {
        self == Self::Auto && looked_back_at.is_none_or(|at| now - at >= signed(DEEP_INTERVAL) || at > now)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[track_caller]
    fn check(late_hours: &[i64], expected_hours: u64) {
        let mut lateness = Lateness::default();
        late_hours.iter().for_each(|hours| lateness.add(TimeDelta::hours(*hours)));
        assert_eq!(LookBack::Auto.usual(&lateness).as_secs() / 3600, expected_hours);
    }

    #[test]
    fn auto_follows_what_is_measured_within_limits() {
        check(&[], 1);
        check(&[0; 1000], 1);
        check(&[3; 1000], 3);
        check(&[5; 1000], 6);
        check(&[100; 1000], 24);
        assert_eq!(LookBack::Fixed(Duration::from_secs(7)).usual(&Lateness::default()).as_secs(), 7);
    }

    #[test]
    fn auto_looks_back_further_once_a_day() {
        assert_eq!(LookBack::Auto.longest().as_secs(), 48 * 3600);
        let now: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
        let is_deep = |look_back: LookBack, hours| look_back.is_deep(now, Some(now - TimeDelta::hours(hours)));
        assert!(LookBack::Auto.is_deep(now, None) && is_deep(LookBack::Auto, 24) && is_deep(LookBack::Auto, -1));
        assert!(!is_deep(LookBack::Auto, 23) && !is_deep(LookBack::Fixed(FLOOR), 99));
    }
}
