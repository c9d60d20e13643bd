//! A record of message trace by its properties, whichever service it is from.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::contract::exports::exotrace::mapping::mapper::{Failed, FailureReason, Mapped, Outcome};

/// The names of Graph, and those of the Reporting Web Service and PowerShell where they are other words.
const OTHER_NAMES: [(&str, &str); 2] = [("id", "MessageTraceId"), ("receivedDateTime", "Received")];

/// A record, and what is wrong with it.
pub struct Record<'r> {
    line: &'r str,
    members: Map<String, Value>,
    received: Result<DateTime<Utc>, FailureReason>,
    delivery_id: Option<String>,
    id: String,
}

impl<'r> Record<'r> {
    pub fn read(line: &'r str, tenant: &str) -> Self {
        let mut record = Self {
            line,
            members: Map::new(),
            received: Err(FailureReason::MissingDate),
            delivery_id: None,
            id: hash(&[tenant, line]),
        };
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) => record.members = members,
            Ok(_) => record.received = Err(FailureReason::NotAnObject),
            Err(_) => record.received = Err(FailureReason::NotJson),
        }
        let (id, recipient) = (
            record.text("id").to_lowercase(),
            record.text("recipientAddress").to_lowercase(),
        );
        if !id.is_empty() && !recipient.is_empty() {
            // One message to one recipient is a delivery, and its status makes it a document.
            record.delivery_id = Some(hash(&[tenant, &id, &recipient]));
            record.id = hash(&[
                tenant,
                &id,
                &recipient,
                &record.text("status").to_lowercase(),
            ]);
        }
        let date = record.text("receivedDateTime");
        if !date.is_empty() {
            record.received = instant(date).ok_or(FailureReason::InvalidDate);
        }
        record
    }

    /// The text of a property, by its name in Graph; empty when it is not a text.
    pub fn text(&self, name: &str) -> &str {
        let other = OTHER_NAMES
            .iter()
            .find(|(graph, _)| *graph == name)
            .map_or(name, |(_, other)| other);
        let is_it = |key: &str| key.eq_ignore_ascii_case(name) || key.eq_ignore_ascii_case(other);
        self.members
            .iter()
            .find(|(key, _)| is_it(key))
            .and_then(|(_, value)| value.as_str())
            .unwrap_or_default()
    }

    /// When the message was received, as documents have it.
    pub fn received(&self) -> Option<String> {
        self.received
            .ok()
            .map(|date| date.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub fn line(&self) -> &str {
        self.line
    }

    pub fn failure(&self) -> Option<FailureReason> {
        self.received.err()
    }

    pub fn outcome(&self, length: u32) -> Outcome {
        let (id, delivery_id) = (self.id.clone(), self.delivery_id.clone());
        match self.received {
            Ok(date) => {
                let delivery_id = delivery_id.unwrap_or_else(|| id.clone());
                Outcome::Mapped(Mapped {
                    id,
                    delivery_id,
                    timestamp: date.timestamp_millis(),
                    length,
                })
            }
            Err(reason) => Outcome::Failed(Failed {
                id,
                delivery_id,
                timestamp: None,
                reason,
                length,
            }),
        }
    }
}

/// A date with a zone, or without one in UTC.
fn instant(date: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(date)
        .ok()
        .map(|date| date.to_utc());
    zoned.or_else(|| {
        date.parse::<NaiveDateTime>()
            .ok()
            .map(|date| date.and_utc())
    })
}

/// 40 hexadecimal digits that these parts alone have.
fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether a line is not a record.
pub fn is_blank(line: &str) -> bool {
    line.chars()
        .all(|it| it.is_whitespace() || it.is_control() || it == '\u{feff}')
}

/// Removes empty texts, arrays of them and objects of them.
pub fn remove_empty(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(values) => values.retain(|value| !is_empty(value)),
        Value::Object(members) => {
            members.values_mut().for_each(remove_empty);
            members.retain(|_, value| !is_empty(value));
        }
        _ => {}
    }
}

/// Puts fields into a document, object by object. What the mapping writes itself stays.
pub fn merge(document: &mut Value, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match (&mut document[name], value) {
            (present @ Value::Object(_), Value::Object(fields)) => merge(present, fields),
            (present @ Value::Null, value) => *present = value.clone(),
            _ => {}
        }
    }
}
