//! A range of time on the command line.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use clap::Args;

use crate::support::clock::signed;

/// What times look like.
const FORMS: &str = "a time as `2026-03-04T12:00:00Z`, a date as `2026-03-04` (its first instant in UTC), or a length of \
                     time before now, as `2h` or `3days`";

/// A time on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeArgument {
    At(DateTime<Utc>),
    Ago(Duration),
}

/// Since when, or from when to when.
#[derive(Args)]
pub(super) struct TimeRange {
    /// Mail received within this time before now, as `2h` or `3days`. Default: `48h`.
    #[arg(long, value_name = "TIME", value_parser = parse, conflicts_with_all = ["from", "to"])]
    since: Option<TimeArgument>,
    /// Mail received from here on: a time (`2026-03-04T12:00:00Z`), a date (its first instant in UTC), or a length of
    /// time before now.
    #[arg(long, value_name = "TIME", value_parser = parse)]
    from: Option<TimeArgument>,
    /// Mail received up to here. Default: now.
    #[arg(long, value_name = "TIME", value_parser = parse, requires = "from")]
    to: Option<TimeArgument>,
}

/// From when to when, of which source.
#[derive(Args)]
pub(super) struct PastRange {
    /// Mail received from here on: a time (`2026-03-04T12:00:00Z`), a date (its first instant in UTC), or a length of
    /// time before now (`3days`).
    #[arg(long, value_name = "TIME", value_parser = parse, requires = "to")]
    from: TimeArgument,
    /// Mail received up to here.
    #[arg(long, value_name = "TIME", value_parser = parse, requires = "from")]
    to: TimeArgument,
    /// The source, when there are several.
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,
}

impl PastRange {
    /// From when to when, at `now`.
    pub(super) fn at(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.from.at(now), self.to.at(now))
    }
}

impl TimeRange {
    /// From when to when, at `now`; the last two days where nothing is said.
    pub(super) fn at(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let from = self.since.or(self.from).unwrap_or(TimeArgument::Ago(Duration::hours(48)));
        (from.at(now), self.to.map_or(now, |to| to.at(now)))
    }
}

impl TimeArgument {
    /// Which time that is at `now`.
    fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Ago(length) => now.checked_sub_signed(length).unwrap_or(DateTime::<Utc>::MIN_UTC),
        }
    }
}

/// Reads a time.
fn parse(text: &str) -> Result<TimeArgument, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(TimeArgument::Ago(Duration::zero()));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(TimeArgument::At(time.to_utc()));
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(TimeArgument::At(date.and_time(chrono::NaiveTime::MIN).and_utc()));
    }
    let length = humantime::parse_duration(text).map_err(|_| format!("not a time; use {FORMS}"))?;
    Ok(TimeArgument::Ago(signed(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let now = "2026-03-04T12:00:00Z".parse().unwrap();
        let found = parse(text).ok().map(|time| time.at(now).to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_time_may_be_said_in_several_ways() {
        check("2026-03-04T12:30:00+01:00", Some("2026-03-04T11:30:00Z"));
        check("2026-03-04", Some("2026-03-04T00:00:00Z"));
        check("2h", Some("2026-03-04T10:00:00Z"));
        check("3days", Some("2026-03-01T12:00:00Z"));
        check("now", Some("2026-03-04T12:00:00Z"));
        for odd in ["", "yesterday", "2026-13-01", "2", "12:00", "-2h"] {
            check(odd, None);
        }
        // Longer ago than any calendar has.
        assert!(parse("100000000years").unwrap().at(Utc::now()) < Utc::now());
    }
}
