//! One trace record under the names of the legacy service.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::json::Json;

const MAXIMUM_LENGTH: usize = 16 * 1024 * 1024;

/// What Graph calls the properties, and what the legacy service calls them; that one's other names as well. Letter case
/// does not count.
const NAMES: [(&str, &str); 23] = [
    ("receivedDateTime", "Received"),
    ("senderAddress", "SenderAddress"),
    ("recipientAddress", "RecipientAddress"),
    ("id", "MessageTraceId"),
    ("messageId", "MessageId"),
    ("subject", "Subject"),
    ("status", "Status"),
    ("fromIP", "FromIP"),
    ("toIP", "ToIP"),
    ("size", "Size"),
    ("Received", "Received"),
    ("SenderAddress", "SenderAddress"),
    ("RecipientAddress", "RecipientAddress"),
    ("MessageTraceId", "MessageTraceId"),
    ("MessageId", "MessageId"),
    ("Subject", "Subject"),
    ("Status", "Status"),
    ("FromIP", "FromIP"),
    ("ToIP", "ToIP"),
    ("Size", "Size"),
    ("StartDate", "StartDate"),
    ("EndDate", "EndDate"),
    ("value", "value"),
];

/// The properties of a record, the last of each name.
pub(crate) struct Record {
    properties: BTreeMap<String, Json>,
    /// What those are called in the record itself.
    written: BTreeMap<String, String>,
}

impl Record {
    /// Reads a record, or says why it is none.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        if line.len() > MAXIMUM_LENGTH {
            return Err(format!("record is longer than {MAXIMUM_LENGTH} bytes"));
        }
        Self::of(Json::parse(line)?)
    }

    /// The record that a value is, if it is one.
    pub(crate) fn of(value: Json) -> Result<Self, String> {
        let Json::Object(members) = value else {
            return Err("record is not an object".to_owned());
        };
        // Only now, renamed, are they put into a map: `size` after `Size` counts, and `Size` after `size`.
        let written = members.iter().map(|(name, _)| (legacy_name(name.clone()), name.clone())).collect();
        let properties = members.into_iter().map(|(name, value)| (legacy_name(name), value)).collect();
        Ok(Self { properties, written })
    }

    /// All of it, as it stands in the document.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.properties.iter().map(|(name, value)| (name.clone(), value.to_value())).collect())
    }

    /// Whether the record has a property, with any value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// A property of any type, unless it is missing, null or an empty text.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.properties.get(name).filter(|value| **value != Json::Null && **value != Json::Text(String::new()))
    }

    /// A property that must be a text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{name}` is not a text")),
        }
    }

    /// A property that is given unless it is missing or null; an empty text counts as given.
    pub(crate) fn given(&self, name: &str) -> Option<&Json> {
        self.properties.get(name).filter(|value| **value != Json::Null)
    }

    /// What a property is called in the record itself.
    pub(crate) fn written(&self, name: &str) -> Option<&str> {
        self.written.get(name).map(String::as_str)
    }

    /// Whether this is a page without records instead of a record.
    pub(crate) fn is_empty_page(&self) -> bool {
        self.properties.get("value") == Some(&Json::Array(Vec::new()))
    }
}

/// What Graph calls a property of the legacy service, or any other.
pub(crate) fn graph_name(name: &str) -> &str {
    NAMES.iter().find(|(_, legacy)| *legacy == name).map_or(name, |(graph, _)| graph)
}

fn legacy_name(name: String) -> String {
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map_or(name, |(_, legacy)| (*legacy).to_owned())
}
