//! A row under the names of the report.

use chrono::{DateTime, Utc};

use super::status::status;
use crate::{Row, traces::tick_text};

/// A row as names and values, for every shape.
pub(super) type Record = Vec<(&'static str, LegacyValue)>;

/// The value of a property.
pub(super) enum LegacyValue {
    Text(Option<String>),
    Number(u64),
    /// A time of the message: written in UTC without saying so.
    Time(DateTime<Utc>),
    /// A time of the query: written with a `Z`.
    QueryTime(DateTime<Utc>),
}

impl LegacyValue {
    /// Returns a time as text with seven digits after the second.
    pub(super) fn time_text(&self) -> Option<String> {
        match self {
            Self::Time(time) => Some(tick_text(*time).trim_end_matches('Z').to_owned()),
            Self::QueryTime(time) => Some(tick_text(*time)),
            Self::Text(_) | Self::Number(_) => None,
        }
    }
}

/// Returns a row that is the one at `index` in the answer to a query for a range of time.
pub(super) fn record(row: &Row, index: usize, [start, end]: [DateTime<Utc>; 2], domain: &str) -> Record {
    let text = |text: &str| LegacyValue::Text(Some(text.to_owned()));
    let label = domain.split('.').next().unwrap_or_default();
    vec![
        ("Organization", LegacyValue::Text(Some(format!("{label}.onmicrosoft.com")))),
        ("MessageId", LegacyValue::Text(row.message_id.clone())),
        ("Received", LegacyValue::Time(row.received)),
        ("SenderAddress", text(&row.sender)),
        ("RecipientAddress", text(&row.recipient)),
        ("Subject", LegacyValue::Text(row.subject.clone())),
        ("Status", LegacyValue::Text(Some(status(row.status)))),
        // Graph has an empty text for inbound mail, the report has nothing.
        ("ToIP", LegacyValue::Text(row.to_ip.clone().filter(|address| !address.is_empty()))),
        ("FromIP", LegacyValue::Text(row.from_ip.clone())),
        ("Size", LegacyValue::Number(row.size.into())),
        ("MessageTraceId", text(&row.id)),
        ("StartDate", LegacyValue::QueryTime(start)),
        ("EndDate", LegacyValue::QueryTime(end)),
        ("Index", LegacyValue::Number(index as u64)),
    ]
}
