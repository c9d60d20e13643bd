//! Dates as Elasticsearch's date processor understands them (mapping-spec.md, section 2.3).

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

/// An instant in UTC, to the millisecond: what is finer was cut, not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant(NaiveDateTime);

impl Instant {
    /// Understands `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, and after a day `THH`, `THH:mm`, `THH:mm:ss` with up to nine digits
    /// of fraction, then nothing (UTC), `Z`, `±HH`, `±HHmm` or `±HH:mm`. Region names are not taken.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text.as_bytes());
        let year = rest.digits(4)?;
        let month = if rest.take(b'-') { rest.digits(2)? } else { 1 };
        let day = if text.len() > 7 && rest.take(b'-') { rest.digits(2)? } else { 1 };
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        if rest.0.is_empty() {
            return Some(Self(date.and_time(NaiveTime::MIN)));
        }
        if text.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        rest.take(b'T');
        let time = rest.time()?;
        let east = rest.offset()?;
        rest.0.is_empty().then_some(())?;
        Self::within(date.and_time(time).checked_sub_signed(TimeDelta::minutes(east))?)
    }

    /// An instant whose year has four digits: Elasticsearch takes no other in a date.
    fn within(instant: NaiveDateTime) -> Option<Self> {
        (0..10_000).contains(&instant.year()).then_some(Self(instant))
    }

    /// The instant that is `milliseconds` after 1970-01-01T00:00:00Z.
    pub(crate) fn from_milliseconds(milliseconds: i64) -> Option<Self> {
        Self::within(chrono::DateTime::from_timestamp_millis(milliseconds)?.naive_utc())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn milliseconds(self) -> i64 {
        self.0.and_utc().timestamp_millis()
    }

    /// `YYYY-MM-DDTHH:mm:ss.SSSZ`.
    pub(crate) fn text(self) -> [u8; 24] {
        let Self(instant) = self;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        write_digits(&mut text[..4], instant.year().unsigned_abs());
        write_digits(&mut text[5..7], instant.month());
        write_digits(&mut text[8..10], instant.day());
        write_digits(&mut text[11..13], instant.hour());
        write_digits(&mut text[14..16], instant.minute());
        write_digits(&mut text[17..19], instant.second());
        write_digits(&mut text[20..23], instant.nanosecond() / 1_000_000);
        text
    }
}

/// Writes a number into its place, with leading zeros.
fn write_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
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
