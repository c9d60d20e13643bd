//! Dates that PowerShell writes and no mapping takes, made into ISO 8601 (ms-api.md, sections 4.3 and 4.4).

use std::ops::Range;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::DateOrder;

/// What a date in a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Date {
    /// It is fine, or nothing that is known here: the mapping judges it.
    AsItIs,
    /// It was another form, and this is it in ISO 8601.
    Rewritten(String),
    /// Nobody can tell the day from the month.
    Ambiguous,
}

/// Reads a date of a table, which is in UTC and in the form of somebody's culture.
pub(super) fn read(text: &str, order: Option<DateOrder>) -> Date {
    if let Some(milliseconds) = milliseconds(text) {
        return Date::Rewritten(milliseconds);
    }
    let Some(parts) = Parts::read(text) else { return Date::AsItIs };
    let Some(order) = parts.own_order().or(order) else { return Date::Ambiguous };
    parts.iso(order).map_or(Date::AsItIs, Date::Rewritten)
}

/// The order of day and month that a date alone gives away.
pub(super) fn order(text: &str) -> Option<DateOrder> {
    let parts = Parts::read(text).filter(|parts| parts.form != Form::YearFirst && parts.first != parts.second)?;
    parts.own_order()
}

/// What stands where in a date such as `20.11.2026 08:01:02`.
struct Parts {
    form: Form,
    first: u32,
    second: u32,
    year: i32,
    time: NaiveTime,
    /// The digits of the fraction with their point.
    fraction: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    YearFirst,
    /// `20.11.2026`: every culture that writes points and the year last has the day first.
    Points,
    Other,
}

impl Parts {
    fn read(text: &str) -> Option<Self> {
        // Newer versions of .NET put a narrow space before `AM`.
        let text = text.trim().replace(['\u{202f}', '\u{a0}'], " ");
        let mut rest = text.as_str();
        let (first, first_digits) = number(&mut rest)?;
        let separator = rest.chars().next().filter(|it| ['/', '.', '-'].contains(it))?;
        let next = |rest: &mut &str| {
            *rest = rest.strip_prefix(separator)?.trim_start();
            number(rest)
        };
        let (second, _) = next(&mut rest)?;
        let (third, third_digits) = next(&mut rest)?;
        // `2026. 11. 20. 8:01:02`
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let (form, first, second, year) = match (first_digits, third_digits) {
            // What the mapping takes.
            (4, _) if separator == '-' && rest.starts_with('T') => return None,
            (4, 1 | 2) => (Form::YearFirst, second, third, first),
            (1 | 2, 4) if separator == '.' => (Form::Points, first, second, third),
            (1 | 2, 4) => (Form::Other, first, second, third),
            _ => return None,
        };
        let (time, fraction) = time(rest.trim_start_matches([',', ' ']))?;
        Some(Self { form, first, second, year: i32::try_from(year).ok()?, time, fraction })
    }

    fn own_order(&self) -> Option<DateOrder> {
        match self.form {
            Form::YearFirst => Some(DateOrder::MonthFirst),
            Form::Points => Some(DateOrder::DayFirst),
            Form::Other if self.first > 12 || self.first == self.second => Some(DateOrder::DayFirst),
            Form::Other if self.second > 12 => Some(DateOrder::MonthFirst),
            Form::Other => None,
        }
    }

    fn iso(&self, order: DateOrder) -> Option<String> {
        let (month, day) = match order {
            DateOrder::MonthFirst => (self.first, self.second),
            DateOrder::DayFirst => (self.second, self.first),
        };
        let date = NaiveDate::from_ymd_opt(self.year, month, day)?;
        Some(format!("{}{}Z", date.and_time(self.time).format("%Y-%m-%dT%H:%M:%S"), self.fraction))
    }
}

/// Takes the digits at the beginning; gives the number and how many they were.
fn number(rest: &mut &str) -> Option<(u32, usize)> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some((digits.parse().ok()?, count))
}

/// A time of day, and its fraction.
fn time(text: &str) -> Option<(NaiveTime, String)> {
    if text.is_empty() {
        return Some((NaiveTime::MIN, String::new()));
    }
    let mut rest = text;
    let (mut hour, _) = number(&mut rest)?;
    let next = |rest: &mut &str| {
        *rest = rest.strip_prefix([':', '.'])?;
        number(rest)
    };
    let (minute, _) = next(&mut rest)?;
    let (second, _) = next(&mut rest).unwrap_or_default();
    let mut fraction = String::new();
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        rest = after.strip_prefix(digits.as_str())?;
        fraction = format!(".{digits}");
    }
    let half: String = rest.chars().filter(|it| !['.', ' '].contains(it)).collect();
    match half.to_ascii_lowercase().as_str() {
        "" | "z" | "utc" => {}
        "am" if hour <= 12 => hour %= 12,
        "pm" if hour <= 12 => hour = hour % 12 + 12,
        _ => return None,
    }
    Some((NaiveTime::from_hms_opt(hour, minute, second)?, fraction))
}

/// `/Date(1326441600000)/`: milliseconds since 1970 in UTC, whatever offset stands after them.
fn milliseconds(text: &str) -> Option<String> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inner.get(1..)?.find(['+', '-']).map_or(inner.len(), |end| end + 1);
    let instant = DateTime::from_timestamp_millis(inner.get(..end)?.parse().ok()?)?;
    Some(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The dates that a record may have; others are only kept.
#[derive(Deserialize)]
struct Dates<'a> {
    #[serde(rename = "Received", alias = "receivedDateTime", borrow)]
    received: Option<&'a RawValue>,
    #[serde(rename = "StartDate", borrow)]
    start: Option<&'a RawValue>,
    #[serde(rename = "EndDate", borrow)]
    end: Option<&'a RawValue>,
}

/// A date that carries properties of its own.
#[derive(Deserialize)]
struct Decorated {
    value: String,
}

/// A JSON record with the dates of `ConvertTo-Json` in ISO 8601; `None` when it has none to change.
pub(super) fn rewrite(record: &str) -> Option<String> {
    // Looked for first, because nearly every record has other dates.
    if !record.contains("Date(") && !record.contains("\"DateTime\"") {
        return None;
    }
    let dates: Dates<'_> = serde_json::from_str(record).ok()?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for value in [dates.received, dates.start, dates.end].into_iter().flatten() {
        if let Some(iso) = iso(value.get()) {
            let start = value.get().as_ptr().addr() - record.as_ptr().addr();
            changes.push((start..start + value.get().len(), format!("\"{iso}\"")));
        }
    }
    // From the end, so that the places before stay the same.
    changes.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut rewritten = record.to_owned();
    for (place, iso) in &changes {
        rewritten.replace_range(place.clone(), iso);
    }
    (!changes.is_empty()).then_some(rewritten)
}

fn iso(value: &str) -> Option<String> {
    if let Ok(text) = serde_json::from_str::<String>(value) {
        return milliseconds(&text);
    }
    let Decorated { value } = serde_json::from_str(value).ok()?;
    milliseconds(&value).or_else(|| (!value.contains(['"', '\\'])).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, order: Option<DateOrder>, expected: &str) {
        let found = match read(text, order) {
            Date::AsItIs => "as it is".to_owned(),
            Date::Rewritten(iso) => iso,
            Date::Ambiguous => "ambiguous".to_owned(),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn dates_of_many_cultures_are_read() {
        check("11/20/2026 8:01:02 AM", None, "2026-11-20T08:01:02Z");
        check("11/20/2026 12:01:02\u{202f}PM", None, "2026-11-20T12:01:02Z");
        check("11/20/2026 12:00 AM", None, "2026-11-20T00:00:00Z");
        check("20.11.2026 08:01:02", None, "2026-11-20T08:01:02Z");
        check("3.4.2026 8.01.02", None, "2026-04-03T08:01:02Z");
        check("20/11/2026 08:01:02", None, "2026-11-20T08:01:02Z");
        check("20-11-2026 23:01", None, "2026-11-20T23:01:00Z");
        check("2026-11-20 08:01:02", None, "2026-11-20T08:01:02Z");
        check("2026/11/20 8:01:02", None, "2026-11-20T08:01:02Z");
        check("2026. 11. 20. 8:01:02", None, "2026-11-20T08:01:02Z");
        check("2026-11-20 08:01:02.1234567", None, "2026-11-20T08:01:02.1234567Z");
        check("11/11/2026 1:02:03 p.m.", None, "2026-11-11T13:02:03Z");
    }

    #[test]
    fn day_and_month_are_never_guessed() {
        check("3/4/2026 8:01:02 AM", None, "ambiguous");
        check("3/4/2026 8:01:02 AM", Some(DateOrder::MonthFirst), "2026-03-04T08:01:02Z");
        check("03-04-2026 08:01", Some(DateOrder::DayFirst), "2026-04-03T08:01:00Z");
        let orders = ["3/4/2026", "13/4/2026", "3/14/2026", "5/5/2026", "2026-03-04 05:06", "3.4.2026"].map(order);
        let [day, month] = [Some(DateOrder::DayFirst), Some(DateOrder::MonthFirst)];
        assert_eq!(orders, [None, day, month, None, None, day]);
    }

    #[test]
    fn what_the_mapping_takes_or_has_to_judge_stays() {
        for text in ["2026-11-20T08:01:02.1234567", "2026-11-20T08:01:02Z", "", "soon", "31/31/2026", "1/2/3/4", "2026"]
        {
            check(text, None, "as it is");
        }
    }

    #[track_caller]
    fn check_record(record: &str, expected: &str) {
        assert_eq!(rewrite(record).as_deref().unwrap_or(record), expected);
    }

    #[test]
    fn dates_of_convertto_json_are_rewritten_in_their_place() {
        check_record(
            r#"{"a": 1,"Received":"\/Date(1326441600000)\/","x":[ ]}"#,
            r#"{"a": 1,"Received":"2012-01-13T08:00:00Z","x":[ ]}"#,
        );
        check_record(
            r#"{"EndDate":"/Date(1326441600123+0100)/","Received":"/Date(-1)/"}"#,
            r#"{"EndDate":"2012-01-13T08:00:00.123Z","Received":"1969-12-31T23:59:59.999Z"}"#,
        );
        check_record(
            r#"{"Received":{"value":"\/Date(1326441600000)\/","DisplayHint":2,"DateTime":"Friday"}}"#,
            r#"{"Received":"2012-01-13T08:00:00Z"}"#,
        );
        check_record(
            r#"{"Received":{"value":"2026-03-04T05:06:07Z","DateTime":"x"}}"#,
            r#"{"Received":"2026-03-04T05:06:07Z"}"#,
        );
    }

    #[test]
    fn other_text_that_looks_like_a_date_stays() {
        for record in [
            r#"{"Subject":"/Date(1)/"}"#,
            r#"{"Received":"/Date(x)/"}"#,
            r#"{"Received":"/Date()/"}"#,
            r#"{"Received":1"Date("#,
        ] {
            check_record(record, record);
        }
    }
}
