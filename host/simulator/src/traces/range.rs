//! The time range of a query, and the texts in which times come and go.

use chrono::{DateTime, Duration, Utc};

use super::error::TraceError;

/// How far back a query without a range reaches.
const DEFAULT_SPAN: Duration = Duration::hours(48);

/// The longest range of one query.
const LONGEST_SPAN: Duration = Duration::days(10);

/// How old the start of a range may be, counted from midnight of the current day.
const OLDEST_START: Duration = Duration::days(90);

/// How far the end of a range may be ahead: clocks differ a little.
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// A time range that may be asked for. Both ends are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

impl Range {
    /// Returns the range between two bounds, of which both or none must be given.
    pub(super) fn new(
        start: Option<DateTime<Utc>>,
        end: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, TraceError> {
        match (start, end) {
            (Some(start), Some(end)) => Self::between(start, end, now),
            (None, None) => Self::between(now - DEFAULT_SPAN, now, now),
            // The text that was seen names the missing end; whether a missing start has another
            // one is not known.
            _ => Err(TraceError::OneBound),
        }
    }

    /// Returns how long the range is.
    pub(super) fn span(&self) -> Duration {
        self.end - self.start
    }

    fn between(start: DateTime<Utc>, end: DateTime<Utc>, now: DateTime<Utc>) -> Result<Self, TraceError> {
        let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        if start < midnight - OLDEST_START {
            return Err(TraceError::StartTooOld);
        }
        if end - start > LONGEST_SPAN {
            return Err(TraceError::RangeTooLong);
        }
        if end > now + CLOCK_TOLERANCE {
            return Err(TraceError::EndInFuture);
        }
        Ok(Self { start, end })
    }
}

/// Reads a time as clients write it.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

/// Returns a time as the service writes it into a skip token: in steps of 100 ns.
pub(crate) fn tick_text(time: DateTime<Utc>) -> String {
    let ticks = time.timestamp_subsec_nanos() / 100;
    format!("{}.{ticks:07}Z", time.format("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    #[track_caller]
    fn check(start: Option<&str>, end: Option<&str>, expected: Result<(), TraceError>) {
        let start = start.map(|text| parse(text).unwrap());
        let end = end.map(|text| parse(text).unwrap());
        let range = Range::new(start, end, noon());
        assert_eq!(range.map(|_| ()), expected);
    }

    #[test]
    fn no_bounds_mean_the_last_48_hours() {
        let range = Range::new(None, None, noon()).unwrap();
        assert_eq!(range.start, parse("2026-11-21T12:00:00Z").unwrap());
        assert_eq!(range.end, noon());
    }

    #[test]
    fn one_bound_is_not_enough() {
        check(Some("2026-11-23T00:00:00Z"), None, Err(TraceError::OneBound));
        check(None, Some("2026-11-23T00:00:00Z"), Err(TraceError::OneBound));
    }

    #[test]
    fn ten_days_are_allowed_and_not_a_millisecond_more() {
        let end = Some("2026-11-23T00:00:00Z");
        check(Some("2026-11-13T00:00:00Z"), end, Ok(()));
        check(Some("2026-11-12T23:59:59.999Z"), end, Err(TraceError::RangeTooLong));
    }

    #[test]
    fn ninety_days_count_from_midnight() {
        let end = Some("2026-08-26T00:00:00Z");
        check(Some("2026-08-25T00:00:00Z"), end, Ok(()));
        check(Some("2026-08-24T23:59:59.999Z"), end, Err(TraceError::StartTooOld));
    }

    #[test]
    fn the_end_must_not_be_in_the_future() {
        let start = Some("2026-11-23T00:00:00Z");
        check(start, Some("2026-11-23T12:00:05Z"), Ok(()));
        check(start, Some("2026-11-23T12:00:05.001Z"), Err(TraceError::EndInFuture));
    }

    #[test]
    fn a_time_keeps_its_100_ns_steps() {
        let time = parse("2026-03-26T15:43:20.2718704Z").unwrap();
        assert_eq!(tick_text(time), "2026-03-26T15:43:20.2718704Z");
    }
}
