//! `$filter` of the report: `eq` everywhere, even for the two ends of the time range.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};

use super::{error::LegacyError, status::status};
use crate::{
    Row,
    traces::tokens::{Token, tokens},
};

/// How far back a query without a range reaches.
const DEFAULT_SPAN: Duration = Duration::hours(48);

/// How old the start of a range may be.
const OLDEST_START: Duration = Duration::days(10);

/// Which rows are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LegacyFilter {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    /// Names of properties and what they have to be, in lower case.
    comparisons: Vec<(String, String)>,
}

impl LegacyFilter {
    /// Parses a `$filter`; an absent one is an empty text.
    pub(super) fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, LegacyError> {
        let tokens = tokens(text).ok_or(LegacyError::BadFilter)?;
        let mut start = None;
        let mut end = None;
        let mut comparisons = Vec::new();
        for term in tokens.split(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("and"))) {
            match term {
                [] if text.is_empty() => {}
                [Token::Word(name), Token::Word(operator), value @ ..] if operator.eq_ignore_ascii_case("eq") => {
                    match (name.to_ascii_lowercase().as_str(), value) {
                        ("startdate", value) => start = Some(time(value)?),
                        ("enddate", value) => end = Some(time(value)?),
                        (name, [Token::Text(text)]) => comparisons.push((name.to_owned(), text.to_lowercase())),
                        (name, [Token::Word(kind), Token::Text(text)]) if kind.eq_ignore_ascii_case("guid") => {
                            comparisons.push((name.to_owned(), text.to_lowercase()));
                        }
                        _ => return Err(LegacyError::BadFilter),
                    }
                }
                _ => return Err(LegacyError::BadFilter),
            }
        }
        let (start, end) = match (start, end) {
            (Some(start), Some(end)) => (start, end),
            (None, None) => (now - DEFAULT_SPAN, now),
            _ => return Err(LegacyError::OneBound),
        };
        if start < now - OLDEST_START {
            return Err(LegacyError::StartTooOld);
        }
        Ok(Self { start, end, comparisons })
    }

    /// Whether a row is asked for. Both ends of the range are inclusive.
    pub(super) fn matches(&self, row: &Row) -> bool {
        let is_in_range = self.start <= row.received && row.received <= self.end;
        is_in_range && self.comparisons.iter().all(|(name, expected)| is_equal(row, name, expected))
    }
}

fn is_equal(row: &Row, name: &str, expected: &str) -> bool {
    let value = match name {
        "recipientaddress" => Some(row.recipient.as_str()),
        "senderaddress" => Some(row.sender.as_str()),
        "messageid" => row.message_id.as_deref(),
        "messagetraceid" => Some(row.id.as_str()),
        "fromip" => row.from_ip.as_deref(),
        "toip" => row.to_ip.as_deref(),
        "status" => return status(row.status).to_lowercase() == expected,
        _ => return false,
    };
    value.is_some_and(|value| value.to_lowercase() == expected)
}

/// Reads `datetime'…'`, which is in UTC with and without a `Z`.
fn time(value: &[Token]) -> Result<DateTime<Utc>, LegacyError> {
    let [Token::Word(kind), Token::Text(text)] = value else {
        return Err(LegacyError::BadFilter);
    };
    if !kind.eq_ignore_ascii_case("datetime") {
        return Err(LegacyError::BadFilter);
    }
    let text = text.trim_end_matches(['Z', 'z']);
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map_err(|_| LegacyError::BadFilter)?;
    Ok(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str), LegacyError>) {
        let expected = expected.map(|(start, end)| (start.parse().unwrap(), end.parse().unwrap()));
        assert_eq!(LegacyFilter::parse(text, noon()).map(|filter| (filter.start, filter.end)), expected);
    }

    #[test]
    fn the_range_is_in_utc_with_and_without_a_z() {
        let expected = Ok(("2026-11-20T00:00:00Z", "2026-11-21T00:00:00.25Z"));
        check(
            "StartDate eq datetime'2026-11-20T00:00:00Z' and EndDate eq datetime'2026-11-21T00:00:00.2500000'",
            expected,
        );
    }

    #[test]
    fn no_filter_means_the_last_48_hours() {
        check("", Ok(("2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z")));
        check("Status eq 'Delivered'", Ok(("2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z")));
    }

    #[test]
    fn both_ends_are_needed_and_the_start_is_at_most_ten_days_old() {
        check("StartDate eq datetime'2026-11-20T00:00:00'", Err(LegacyError::OneBound));
        let old = "StartDate eq datetime'2026-11-13T11:59:59' and EndDate eq datetime'2026-11-14T00:00:00'";
        check(old, Err(LegacyError::StartTooOld));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in
            ["Status eq 'a", "Status ne 'a'", "StartDate eq '2026-11-20T00:00:00'", "StartDate eq datetime'now'", "and"]
        {
            check(text, Err(LegacyError::BadFilter));
        }
    }
}
