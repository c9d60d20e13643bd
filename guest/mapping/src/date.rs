//! Dates as Elasticsearch's date processor understands them (guest/docs/facts/mapping.md, section 2.3).
//!
//! What the services write is read by hand: `chrono`, which reads the rest, takes 3 times as long in WebAssembly (V8) to
//! read such a date and to write it to the millisecond; `make bench` shows the same natively.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use crate::bytes::copy;

/// An instant in UTC, to the millisecond: what is finer was cut, not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant {
    text: [u8; 24],
    milliseconds: i64,
}

impl Instant {
    /// Understands `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, and after a day `THH`, `THH:mm`, `THH:mm:ss` with up to nine digits
    /// of fraction, then nothing (UTC), `Z`, `±HH`, `±HHmm` or `±HH:mm`. Region names are not taken.
    #[inline]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_exact(text.as_bytes()).or_else(|| Self::parse_any(text))
    }

    /// Understands what the services write: UTC, to the millisecond or finer. Such a date is cut, not written again.
    fn parse_exact(text: &[u8]) -> Option<Self> {
        let (exact, finer) = text.split_first_chunk::<{ PATTERN.len() }>()?;
        let finer = finer.strip_suffix(b"Z").unwrap_or(finer);
        let mut padded = [b'0'; 6];
        copy(finer, padded.get_mut(..finer.len())?);
        let is_finer = padded.iter().fold(true, |is_finer, byte| is_finer & byte.is_ascii_digit());
        let pairs = exact.iter().zip(PATTERN);
        let fits = pairs.fold(true, |fits, (byte, pattern)| match pattern {
            b'0' => fits & byte.is_ascii_digit(),
            _ => fits & (*byte == pattern),
        });
        if !(is_finer && fits) {
            return None;
        }
        let digit = |at: usize| u32::from(exact[at] - b'0');
        let pair = |at: usize| digit(at) * 10 + digit(at + 1);
        let (year, month, day) = (pair(0) * 100 + pair(2), pair(5), pair(8));
        let (hour, minute, second) = (pair(11), pair(14), pair(17));
        let is_date = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        if !is_date || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = (hour * 60 + minute) * 60 + second;
        let milliseconds = i64::from(seconds * 1000 + digit(20) * 100 + pair(21));
        let mut text = *b"0000-00-00T00:00:00.000Z";
        *text.first_chunk_mut()? = *exact;
        Some(Self { text, milliseconds: days_since_1970(year, month, day) * DAY_MILLISECONDS + milliseconds })
    }

    #[inline(never)]
    fn parse_any(text: &str) -> Option<Self> {
        let mut rest = DateScanner(text.as_bytes());
        let year = rest.digits(4)?;
        let month = if rest.take(b'-') { rest.digits(2)? } else { 1 };
        let day = if text.len() > 7 && rest.take(b'-') { rest.digits(2)? } else { 1 };
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        if rest.0.is_empty() {
            return Self::new(date.and_time(NaiveTime::MIN));
        }
        if text.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        rest.take(b'T');
        let time = rest.time()?;
        let east = rest.offset()?;
        rest.0.is_empty().then_some(())?;
        Self::new(date.and_time(time).checked_sub_signed(TimeDelta::minutes(east))?)
    }

    /// An instant whose year has four digits: Elasticsearch takes no other in a date.
    fn new(instant: NaiveDateTime) -> Option<Self> {
        if !(0..10_000).contains(&instant.year()) {
            return None;
        }
        let mut text = *b"0000-00-00T00:00:00.000Z";
        write_digits(&mut text[..4], instant.year().unsigned_abs());
        write_digits(&mut text[5..7], instant.month());
        write_digits(&mut text[8..10], instant.day());
        write_digits(&mut text[11..13], instant.hour());
        write_digits(&mut text[14..16], instant.minute());
        write_digits(&mut text[17..19], instant.second());
        write_digits(&mut text[20..23], instant.nanosecond() / 1_000_000);
        Some(Self { text, milliseconds: instant.and_utc().timestamp_millis() })
    }

    /// The instant that is `milliseconds` after 1970-01-01T00:00:00Z.
    pub(crate) fn from_milliseconds(milliseconds: i64) -> Option<Self> {
        Self::new(chrono::DateTime::from_timestamp_millis(milliseconds)?.naive_utc())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn milliseconds(self) -> i64 {
        self.milliseconds
    }

    /// `YYYY-MM-DDTHH:mm:ss.SSSZ`.
    #[inline]
    pub(crate) fn text(&self) -> &[u8; 24] {
        &self.text
    }
}

/// What the services write up to the milliseconds; a `0` stands for any digit.
const PATTERN: [u8; 23] = *b"0000-00-00T00:00:00.000";

const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

fn days_of(year: u32, month: u32) -> u32 {
    let is_leap_year = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(is_leap_year),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts from the first of March of 400 years before the year 0, so that a leap day is the last of its year.
fn days_since_1970(year: u32, month: u32, day: u32) -> i64 {
    let months = (month + 9) % 12;
    let years = year + 400 - months / 10;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 306 + 5) / 10 + day - 1;
    i64::from(days) - (719_468 + 146_097)
}

/// Writes a number into its place, with leading zeros.
fn write_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// What is left to read.
struct DateScanner<'a>(&'a [u8]);

impl DateScanner<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut number = 0;
        for digit in digits {
            number = number * 10 + char::from(*digit).to_digit(10)?;
        }
        self.0 = rest;
        Some(number)
    }

    fn time(&mut self) -> Option<NaiveTime> {
        let hour = self.digits(2)?;
        let minute = if self.take(b':') { self.digits(2)? } else { return NaiveTime::from_hms_opt(hour, 0, 0) };
        let second = if self.take(b':') { self.digits(2)? } else { return NaiveTime::from_hms_opt(hour, minute, 0) };
        let fraction = if self.take(b'.') || self.take(b',') { self.fraction()? } else { 0 };
        NaiveTime::from_hms_milli_opt(hour, minute, second, fraction)
    }

    /// Up to nine digits, of which the first three count.
    fn fraction(&mut self) -> Option<u32> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let kept = count.min(3);
        let milliseconds = self.digits(kept)? * [100, 10, 1][kept - 1];
        self.digits(count - kept)?;
        Some(milliseconds)
    }

    /// Minutes east of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.take(b'Z') {
            return Some(0);
        }
        let sign = if self.take(b'+') { 1 } else { self.take(b'-').then_some(-1)? };
        let hours = self.digits(2)?;
        let minutes = if self.take(b':') || !self.0.is_empty() { self.digits(2)? } else { 0 };
        // Java's limit for an offset.
        (minutes < 60 && hours * 60 + minutes <= 18 * 60).then(|| sign * i64::from(hours * 60 + minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        if let Some(instant) = Instant::parse(text) {
            out = String::from_utf8(instant.text().to_vec()).unwrap();
            assert_eq!(Instant::parse_any(text), Some(instant));
            assert_eq!(Instant::from_milliseconds(instant.milliseconds()), Some(instant));
        }
        assert_eq!(out, expected, "{text}");
    }

    #[test]
    fn dates_of_every_interface_are_understood() {
        check("2022-09-05T18:10:13.4907658", "2022-09-05T18:10:13.490Z");
        check("2022-10-21T17:25:36.969376Z", "2022-10-21T17:25:36.969Z");
        check("2026-02-10T11:15:58.842Z", "2026-02-10T11:15:58.842Z");
        check("2026-02-10T11:15:58Z", "2026-02-10T11:15:58.000Z");
        check("2022-09-05T18:10:13.4907658+0200", "2022-09-05T16:10:13.490Z");
        check("2022-09-05T00:10:13,5+05:30", "2022-09-04T18:40:13.500Z");
    }

    #[test]
    fn what_the_services_write_means_the_same_the_short_way() {
        for year in (0..10_000).filter(|year| year % 37 < 2 || year % 100 == 0) {
            for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
                let text = format!("{year:04}-{month:02}-{day:02}T23:59:07.0421234Z");
                assert_eq!(Instant::parse_exact(text.as_bytes()), Instant::parse_any(&text), "{text}");
            }
        }
        for text in ["2026-02-03T24:00:00.000", "2026-02-03T23:60:00.000Z", "2026-02-03T23:00:60.0000Z"] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn digits_beyond_milliseconds_are_cut() {
        check("2022-09-05T18:10:13.490999999Z", "2022-09-05T18:10:13.490Z");
    }

    #[test]
    fn missing_parts_are_the_first_ones() {
        check("2022", "2022-01-01T00:00:00.000Z");
        check("2022-09", "2022-09-01T00:00:00.000Z");
        check("2022-09-05", "2022-09-05T00:00:00.000Z");
        check("2022-09-05T18", "2022-09-05T18:00:00.000Z");
        check("2022-09-05T18:10-01", "2022-09-05T19:10:00.000Z");
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            " ",
            "22",
            "2022-",
            "2022-9-5",
            "2022-09-05 18:10:13",
            "2022-09-05t18:10:13",
            "2022-02-30",
            "2022-09-05T24:00:00",
            "2022-09-05T18:10:60",
            "2022-09-05T18:10:13.",
            "2022-09-05T18:10:13.1234567890",
            "2022-09-05T18:10:13+19:00",
            "2022-09-05T18:10:13Zx",
            "2022-09T18",
            "/Date(1658751973240)/",
            "2022-09-05Z",
            "2022-09-05T18:10:13+1",
            "2022-09-05T18:10:13+1:00",
            "2022T10",
            "9999-12-31T23:00:00-18:00",
            "0000-01-01T00:00:00+18:00",
            "２０２２",
        ] {
            check(text, "");
        }
    }
}
