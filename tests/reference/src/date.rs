//! Reading and writing dates.

use chrono::{DateTime, Datelike, NaiveDate};

/// Reads an ISO 8601 date as milliseconds since 1970, and `None` for what is not a date.
///
/// What is missing at the end is the first month, the first day, midnight and UTC. What is finer than a millisecond
/// is cut off. Names of regions are not known here.
pub fn parse_date(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let year = digits(fields.next()?, 4)?;
    let month = fields.next().map_or(Some(1), |month| digits(month, 2))?;
    let day = fields.next().map_or(Some(1), |day| digits(day, 2))?;
    // A time needs a whole date before it.
    if fields.next().is_some() || (time.is_some() && date.len() != "2026-01-02".len()) {
        return None;
    }
    let days = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let midnight = days.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    let milliseconds = midnight + time.map_or(Some(0), parse_time)?;
    has_four_digit_year(milliseconds).then_some(milliseconds)
}

/// Whether Elasticsearch takes it in a date field.
fn has_four_digit_year(milliseconds: i64) -> bool {
    DateTime::from_timestamp_millis(milliseconds).is_some_and(|date| (0..=9999).contains(&date.year()))
}

/// The time of day in milliseconds, in UTC; it may thus lie outside of the day.
fn parse_time(text: &str) -> Option<i64> {
    let zone = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone);
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut fields = clock.split(':');
    let hours = below(digits(fields.next()?, 2)?, 24)?;
    let minutes = fields.next().map_or(Some(0), |minutes| below(digits(minutes, 2)?, 60))?;
    let seconds = fields.next().map_or(Some(0), |seconds| below(digits(seconds, 2)?, 60))?;
    // A fraction is one of seconds, never of minutes.
    if fields.next().is_some() || (fraction.is_some() && clock.len() != "03:04:05".len()) {
        return None;
    }
    let milliseconds = fraction.map_or(Some(0), parse_fraction)?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds - parse_zone(zone)?)
}

fn parse_fraction(text: &str) -> Option<i64> {
    if !(1..=9).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{text}00").get(..3)?.parse().ok()
}

/// How far a zone is ahead of UTC, in milliseconds.
fn parse_zone(text: &str) -> Option<i64> {
    if text.is_empty() || text == "Z" {
        return Some(0);
    }
    let (sign, offset) = match text.split_at_checked(1)? {
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let (hours, minutes) = offset.split_at_checked(2)?;
    let minutes = match minutes.strip_prefix(':').unwrap_or(minutes) {
        "" if minutes.is_empty() => 0,
        minutes => below(digits(minutes, 2)?, 60)?,
    };
    let total = i64::from(digits(hours, 2)?) * 60 + minutes;
    // No zone of Java is further from UTC than 18 hours.
    (total <= 18 * 60).then_some(sign * total * 60_000)
}

/// A number of exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    if text.len() != count || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn below(number: u32, limit: u32) -> Option<i64> {
    (number < limit).then_some(i64::from(number))
}

/// A date as documents have it, in UTC with three digits after the second; `None` if there is no such year.
pub(crate) fn format_date(milliseconds: i64) -> Option<String> {
    let date = DateTime::from_timestamp_millis(milliseconds).filter(|_| has_four_digit_year(milliseconds))?;
    Some(date.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse_date(text).and_then(format_date).as_deref(), expected, "{text}");
    }

    #[test]
    fn dates_are_cut_to_milliseconds() {
        check("2022-09-05T18:10:13.4907658", Some("2022-09-05T18:10:13.490Z"));
        check("2022-09-05T18:10:13.490999999Z", Some("2022-09-05T18:10:13.490Z"));
        check("2022-10-21T17:25:36,9Z", Some("2022-10-21T17:25:36.900Z"));
    }

    #[test]
    fn parts_may_be_missing() {
        check("2022", Some("2022-01-01T00:00:00.000Z"));
        check("2022-09", Some("2022-09-01T00:00:00.000Z"));
        check("2022-09-05T18", Some("2022-09-05T18:00:00.000Z"));
        check("2022-09-05T18:10Z", Some("2022-09-05T18:10:00.000Z"));
    }

    #[test]
    fn zones_are_converted() {
        check("2022-09-05T18:10:13.4907658+0200", Some("2022-09-05T16:10:13.490Z"));
        check("2022-01-01T00:30:00+01:00", Some("2021-12-31T23:30:00.000Z"));
        check("2022-09-05T18-02", Some("2022-09-05T20:00:00.000Z"));
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            " ",
            "/Date(1658751973240)/",
            "2022-09-05 18:10:13",
            "2022-09-05t18:10:13",
            "2022-09-05T",
            "2022-09-05Z",
            "2022-09T18",
            "2022-02-30",
            "2022-09-05T24:00:00Z",
            "2022-09-05T18:10:60Z",
            "2022-09-05T18:10.5Z",
            "2022-09-05T18:10:13.Z",
            "2022-09-05T18:10:13.1234567890Z",
            "2022-09-05T18:10:13+02:",
            "2022-09-05T18:10:13+18:01",
            "2022-09-05T18:10:13 ",
            "2022-9-05",
        ] {
            check(text, None);
        }
    }
}
