//! Reads the dates that people have in files, in the forms of .NET's cultures, and writes them in ISO 8601.
//!
//! What it does not understand it leaves to the mapping, which says so; what can be read in two ways it does not guess.

use chrono::{DateTime, NaiveDate, SecondsFormat};

mod numbers;
mod parse;
mod tokens;
mod words;

use crate::date_order::DateOrder;
use numbers::Day;
use parse::{Parsed, parse};
use words::First;

/// What a date of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Date {
    /// It is fine, or nothing that is known here: the mapping judges it.
    AsItIs,
    /// It was another form, and this is it in ISO 8601.
    Rewritten(String),
    /// Day and month cannot be told apart.
    Ambiguous,
}

/// Reads a date in any of the forms that `host/docs/dates.md` lists. Without an offset it is in UTC.
pub(super) fn read(text: &str, order: Option<DateOrder>) -> Date {
    if let Some(milliseconds) = milliseconds(text) {
        return Date::Rewritten(milliseconds);
    }
    if is_iso(text) {
        return Date::AsItIs;
    }
    let Some(parsed) = parse(text) else { return Date::AsItIs };
    match day(&parsed, order) {
        Found::Day(date) => written(date, &parsed).map_or(Date::AsItIs, Date::Rewritten),
        Found::Ambiguous => Date::Ambiguous,
        Found::None => Date::AsItIs,
    }
}

/// The order of day and month that a date alone gives away.
pub(super) fn order(text: &str) -> Option<DateOrder> {
    let parsed = parse(text).filter(|_| !is_iso(text))?;
    match parsed.date {
        Day::YearLast { a, b, .. } if a != b => own_order(&parsed),
        Day::YearLast { .. } | Day::Certain(_) | Day::Short { .. } => None,
    }
}

/// Whether a text is in a form that the mapping takes by itself.
fn is_iso(text: &str) -> bool {
    let shape = |at: usize, byte: u8| if byte == b'-' { matches!(at, 4 | 7) } else { byte.is_ascii_digit() };
    let Some((date, rest)) = text.as_bytes().split_first_chunk::<10>() else { return false };
    date.iter().enumerate().all(|(at, byte)| shape(at, *byte)) && (rest.is_empty() || rest.starts_with(b"T"))
}

enum Found {
    Day(NaiveDate),
    /// It could be more than one.
    Ambiguous,
    /// There is no such day.
    None,
}

fn own_order(parsed: &Parsed) -> Option<DateOrder> {
    match parsed.date {
        // Every culture that writes points and the year last has the day first.
        Day::YearLast { has_points: true, .. } => Some(DateOrder::DayFirst),
        Day::YearLast { a, b, .. } if a > 12 || a == b => Some(DateOrder::DayFirst),
        Day::YearLast { b, .. } if b > 12 => Some(DateOrder::MonthFirst),
        Day::YearLast { .. } => (parsed.first == Some(First::Day)).then_some(DateOrder::DayFirst),
        Day::Certain(_) | Day::Short { .. } => None,
    }
}

fn day(parsed: &Parsed, order: Option<DateOrder>) -> Found {
    let of = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    match parsed.date {
        Day::Certain(date) => Found::Day(date),
        Day::YearLast { a, b, year, .. } => match own_order(parsed).or(order) {
            Some(DateOrder::DayFirst) => of(year, b, a).map_or(Found::None, Found::Day),
            Some(DateOrder::MonthFirst) => of(year, a, b).map_or(Found::None, Found::Day),
            None => Found::Ambiguous,
        },
        Day::Short { numbers, mark, is_spaced } => short(numbers, mark, is_spaced, parsed.first, order),
    }
}

/// A date whose year has two digits. `order` says how those are meant that have the year last; with the month first
/// also the year may be.
fn short([a, b, c]: [u32; 3], mark: char, is_spaced: bool, first: Option<First>, order: Option<DateOrder>) -> Found {
    let of = |year: u32, month, day| {
        let year = i32::try_from(2000 + year).ok().filter(|_| year < 100)?;
        NaiveDate::from_ymd_opt(year, month, day)
    };
    let (year_first, day_first, month_first) = (of(a, b, c), of(c, b, a), of(c, a, b));
    let may = match (mark, first) {
        (_, Some(First::Year)) => [year_first, None, None],
        ('/', Some(First::Day)) => [None, day_first, None],
        // With slashes no culture but one has the year first.
        ('/', None) if a <= 31 => [None, day_first, month_first],
        // `26. 11. 20.` of Korean and Hungarian, and `20. 11. 26.` of Croatian.
        ('.', _) if is_spaced => [year_first, day_first, None],
        ('.', _) => [None, day_first, None],
        (_, _) => [year_first, day_first, month_first],
    };
    let meant = match order {
        None => may,
        Some(DateOrder::DayFirst) => [None, may[1], None],
        Some(DateOrder::MonthFirst) => [may[0], None, may[2]],
    };
    // An order that does not fit says nothing.
    let meant = if meant == [None; 3] { may } else { meant };
    let mut found = meant.into_iter().flatten();
    let Some(date) = found.next() else { return Found::None };
    if found.all(|other| other == date) { Found::Day(date) } else { Found::Ambiguous }
}

fn written(date: NaiveDate, parsed: &Parsed) -> Option<String> {
    let instant = date.and_time(parsed.time).checked_sub_signed(parsed.offset)?;
    Some(format!("{}{}Z", instant.format("%Y-%m-%dT%H:%M:%S"), parsed.fraction))
}

/// `/Date(1326441600000)/`: milliseconds since 1970 in UTC, regardless of the offset after them.
fn milliseconds(text: &str) -> Option<String> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inner.get(1..)?.find(['+', '-']).map_or(inner.len(), |end| end + 1);
    let instant = DateTime::from_timestamp_millis(inner.get(..end)?.parse().ok()?)?;
    Some(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests;
