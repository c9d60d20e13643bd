//! What a message says about how far a source has read.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use serde_json::Value as Json;

use super::message::CopiedMessage;
use crate::ledger::instant;

/// How far a source has read, as a message says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceRow {
    /// The number of the source in its ledger.
    pub id: i64,
    /// What its ledger knows it by; none when it is forgotten.
    pub name: Option<String>,
    /// When it was read last.
    pub polled_at: Option<DateTime<Utc>>,
    /// When it failed last, if it has not been read since.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why.
    pub failure: Option<String>,
}

impl SourceRow {
    /// What a message says about a source; none when it is about something else.
    pub(crate) fn of(message: &CopiedMessage<'_>) -> Option<Self> {
        // Most messages are about rows, of which there are many.
        if !message.key.starts_with(b"[\"source\",") {
            return None;
        }
        let (_, key) = message.place()?;
        let [Value::Integer(id)] = key[..] else { return None };
        let row = message.value.and_then(CopiedMessage::row).unwrap_or_default();
        let text = |column: &str| row.get(column).and_then(Json::as_str).map(str::to_owned);
        let time = |column: &str| row.get(column).and_then(Json::as_i64).map(instant);
        Some(Self {
            id,
            name: text("name"),
            polled_at: time("polled_at"),
            failed_at: time("failed_at"),
            failure: text("failure"),
        })
    }
}
