//! Makes the values of a record those that the mapping takes: what files hold is not what a service sends.
//!
//! Every record of a file passes through here, so that it has to cost next to nothing where nothing is to be done.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::to_raw_value;

use super::{
    address,
    bad_date::BadDate,
    date::{self, Date},
    error::RecordsError,
    members::{Member, Members, Shape},
    status,
};
use crate::{date_order::DateOrder, property::Property};

/// How far a date of receipt may be ahead of now: clocks differ, and so do offsets that were left out.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// Years that no record of this service is from, and that other calendars have now: the Hijri and the Persian one.
const OTHER_CALENDARS: std::ops::RangeInclusive<u32> = 1300..=1600;

/// The length of a date with a time of day to the second.
const SECONDS: usize = "2026-11-20T08:01:02".len();

/// Reads values, and knows what time it is.
pub(super) struct Values {
    /// The only clock in reading files.
    now: fn() -> DateTime<Utc>,
    /// What time it was when it was looked at last, in UTC and to the second: nothing before it is ahead.
    was: String,
    shape: Shape,
    /// Whether dates are taken that no message was received at.
    takes_any_date: bool,
}

/// Why a value cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueTrouble {
    /// Nobody can tell the day from the month.
    Ambiguous,
    /// The date is not one of a receipt.
    Refused(BadDate),
}

impl Values {
    pub(super) fn new(now: fn() -> DateTime<Utc>) -> Self {
        let mut values = Self { now, was: String::new(), shape: Shape::default(), takes_any_date: false };
        values.look();
        values
    }

    fn look(&mut self) -> DateTime<Utc> {
        let now = (self.now)();
        self.was = now.format("%Y-%m-%dT%H:%M:%S").to_string();
        now
    }

    /// A JSON record with values that the mapping takes; `None` when it has them already.
    pub(super) fn record(&mut self, record: &str, order: Option<DateOrder>) -> Result<Option<String>, ValueTrouble> {
        let mut shape = std::mem::take(&mut self.shape);
        let read = self.members(record, Members::of(record, &mut shape), order);
        self.shape = shape;
        read
    }

    /// As [`Self::record`], of a record with a date that no message was received at.
    pub(super) fn record_as_dated(&mut self, record: &str, order: Option<DateOrder>) -> Option<String> {
        self.with_any_date(|values| values.record(record, order).ok().flatten())
    }

    /// Reads something whose date has been refused.
    pub(super) fn with_any_date<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.takes_any_date = true;
        let read = read(self);
        self.takes_any_date = false;
        read
    }

    #[inline]
    fn members(
        &mut self,
        record: &str,
        members: Members<'_, '_>,
        order: Option<DateOrder>,
    ) -> Result<Option<String>, ValueTrouble> {
        let mut rewritten = String::new();
        let mut done = 0;
        for member in members {
            if let Some(new) = self.json(record, &member, order)? {
                rewritten.push_str(record.get(done..member.value.start).unwrap_or_default());
                rewritten.push_str(to_raw_value(&new).unwrap_or_default().get());
                done = member.value.end;
            }
        }
        if done == 0 {
            return Ok(None);
        }
        rewritten.push_str(record.get(done..).unwrap_or_default());
        Ok(Some(rewritten))
    }

    /// What a value should be, if it is not that already.
    #[inline]
    fn json(
        &mut self,
        record: &str,
        member: &Member,
        order: Option<DateOrder>,
    ) -> Result<Option<String>, ValueTrouble> {
        use Property::{EndDate, FromIp, Received, RecipientAddress, SenderAddress, StartDate, Status, ToIp};
        let Some(
            property @ (EndDate | FromIp | Received | RecipientAddress | SenderAddress | StartDate | Status | ToIp),
        ) = member.property
        else {
            return Ok(None);
        };
        let value = record.get(member.value.clone()).unwrap_or_default();
        let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            let may_be_decorated = matches!(property, Received | StartDate | EndDate) && value.starts_with('{');
            return if may_be_decorated { self.decorated(property, value, order) } else { Ok(None) };
        };
        if !member.has_escape {
            return self.text(property, inner, order);
        }
        let Ok(decoded) = serde_json::from_str::<String>(value) else { return Ok(None) };
        self.text(property, &decoded, order)
    }

    /// The same for a text, as a table has it.
    #[inline]
    pub(super) fn text(
        &mut self,
        property: Property,
        text: &str,
        order: Option<DateOrder>,
    ) -> Result<Option<String>, ValueTrouble> {
        Ok(match property {
            Property::Received if self.is_past(text) => None,
            Property::Received => self.received(text, order)?,
            Property::StartDate | Property::EndDate => Self::date(text, order)?,
            Property::FromIp | Property::ToIp => address::ip(text),
            Property::SenderAddress | Property::RecipientAddress => address::mail(text),
            Property::Status => status::word(text),
            _ => None,
        })
    }

    /// Whether a date is as the services write it, and not to come: nearly all are.
    #[inline]
    fn is_past(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        // An offset moves it by less than what is allowed.
        bytes.get(10) == Some(&b'T')
            && bytes.get(..SECONDS).is_some_and(|date| date <= self.was.as_bytes() && date >= b"1600".as_slice())
    }

    fn received(&mut self, text: &str, order: Option<DateOrder>) -> Result<Option<String>, ValueTrouble> {
        let rewritten = Self::date(text, order)?;
        if self.takes_any_date {
            return Ok(rewritten);
        }
        let Some(received) = instant(rewritten.as_deref().unwrap_or(text)) else { return Ok(rewritten) };
        let year = received.format("%Y").to_string().parse().unwrap_or_default();
        if OTHER_CALENDARS.contains(&year) {
            return Err(ValueTrouble::Refused(BadDate::OtherCalendar { year }));
        }
        let now = self.look();
        if received > now + AHEAD {
            return Err(ValueTrouble::Refused(BadDate::Ahead { received, now }));
        }
        Ok(rewritten)
    }

    fn date(text: &str, order: Option<DateOrder>) -> Result<Option<String>, ValueTrouble> {
        match date::read(text, order) {
            Date::AsItIs => Ok(None),
            Date::Rewritten(iso) => Ok(Some(iso)),
            Date::Ambiguous => Err(ValueTrouble::Ambiguous),
        }
    }

    /// A date that carries properties of its own, as `ConvertTo-Json` of Windows PowerShell writes it.
    fn decorated(
        &mut self,
        property: Property,
        value: &str,
        order: Option<DateOrder>,
    ) -> Result<Option<String>, ValueTrouble> {
        #[derive(Deserialize)]
        struct Decorated {
            value: String,
        }
        let Ok(Decorated { value }) = serde_json::from_str(value) else { return Ok(None) };
        Ok(Some(self.text(property, &value, order)?.unwrap_or(value)))
    }
}

/// The instant that a date in ISO 8601 is.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.to_utc());
    }
    // Without an offset, or with one that has no colon: to the second that is near enough.
    let parse = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok();
    let date = text.get(..SECONDS).and_then(parse).or_else(|| parse(&format!("{}T00:00:00", text.get(..10)?)));
    date.or_else(|| parse(&format!("{}-01-01T00:00:00", text.get(..4)?))).map(|date| date.and_utc())
}

/// The order of day and month that the dates of receipt in a text give away, wherever they stand in it.
///
/// # Errors
///
/// When some have the day first and others the month.
pub(super) fn date_order(text: &str) -> Result<Option<DateOrder>, RecordsError> {
    let mut found = None;
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'"', rest.as_bytes()) {
        // Any quote may be the one before a key: in what is broken, nothing says which ones are.
        rest = rest.get(start + 1..).unwrap_or_default();
        let Some((word, after)) = rest.split_once('"') else { break };
        if Property::named(word) != Some(Property::Received) {
            continue;
        }
        rest = after;
        let value = rest.trim_ascii_start().strip_prefix(':').and_then(|it| it.trim_ascii_start().strip_prefix('"'));
        let Some((value, _)) = value.and_then(|value| value.split_once('"')) else { continue };
        // `\/` is how Windows PowerShell may write a slash.
        match (date::order(&value.replace("\\/", "/")), found) {
            (Some(order), Some(other)) if order != other => return Err(RecordsError::MixedDates),
            (Some(order), _) => found = Some(order),
            (None, _) => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
