//! What a record is known by, and what of it may change, in the words of every service.

use chrono::{DateTime, NaiveDateTime, Utc};
use memchr::memchr;
use serde_json::{Value, value::RawValue};
use sha2::{Digest as _, Sha256};

use super::property::{Property, pick};

/// A value of a record that is longer, in bytes, is compared as it is written.
const LONGEST_VALUE: usize = 1024;

/// The values of a record that its key and its date of receipt are made of.
pub(crate) type PickedKey<'r> = [Option<&'r RawValue>; RecordKey::PROPERTIES.len()];

/// What a record is known by, and what of it may change (host/docs/facts/ms-api.md, section 1.12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct RecordKey {
    /// A hash of its id and its recipient, the latter ignoring case; or of the whole record, when it has no id or no
    /// recipient.
    pub identity: [u8; 16],
    /// A hash of its status, ignoring case, its size and the address that it was sent to.
    pub content: [u8; 8],
}

impl RecordKey {
    /// What a record's key and its date of receipt are made of.
    pub(crate) const PROPERTIES: [Property; 6] = [
        Property::MessageTraceId,
        Property::RecipientAddress,
        Property::Status,
        Property::Size,
        Property::ToIp,
        Property::Received,
    ];

    /// The key of a record.
    pub(crate) fn of(record: &str) -> Self {
        Self::with_received(record).0
    }

    /// The key of a record, and its date of receipt as it is written, read in one pass.
    pub(crate) fn with_received(record: &str) -> (Self, Option<&RawValue>) {
        match pick(record, Self::PROPERTIES) {
            Ok(picked) => Self::picked(record, &picked),
            Err(_) => (Self::hash(&[record], &[]), None),
        }
    }

    /// The same for a record whose values are picked.
    pub(crate) fn picked<'r>(record: &str, values: &PickedKey<'r>) -> (Self, Option<&'r RawValue>) {
        let [id, recipient, status, size, to_ip, received] = *values;
        let key = match (name(id), name(recipient)) {
            (Some(id), Some(recipient)) => {
                let [status, size, to_ip] = [status, size, to_ip].map(comparable);
                Self::hash(&[&id, &recipient], &[&status, &size, &to_ip])
            }
            // Other records would look like repetitions and be left out.
            _ => Self::hash(&[record], &[]),
        };
        (key, received)
    }

    /// The identity of a record by its id and its recipient; nothing when it has not both.
    pub(crate) fn delivery_of(record: &str) -> Option<[u8; 16]> {
        let [id, recipient] = pick(record, [Property::MessageTraceId, Property::RecipientAddress]).ok()?;
        Some(Self::hash(&[&name(id)?, &name(recipient)?], &[]).identity)
    }

    fn hash(identity: &[&str], content: &[&str]) -> Self {
        Self {
            identity: *digest(identity).first_chunk().expect("half of the digest"),
            content: *digest(content).first_chunk().expect("a quarter of the digest"),
        }
    }
}

/// When the message of a record was received; absent when it does not say.
pub(crate) fn received(record: &str) -> Option<DateTime<Utc>> {
    pick(record, [Property::Received]).ok().and_then(|[received]| instant(received?))
}

/// A date of receipt: with a zone, or without one in UTC, or as milliseconds (host/docs/facts/ms-api.md, sections 2.2 and 2.3).
pub(crate) fn instant(value: &RawValue) -> Option<DateTime<Utc>> {
    instant_of(&serde_json::from_str::<String>(value.get()).ok()?)
}

/// The same for a text.
pub(crate) fn instant_of(text: &str) -> Option<DateTime<Utc>> {
    if let Some(milliseconds) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return DateTime::from_timestamp_millis(milliseconds.parse().ok()?);
    }
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|received| received.to_utc());
    zoned.or_else(|| text.parse::<NaiveDateTime>().ok().map(|received| received.and_utc()))
}

/// An id or an address ignoring case; `None` when it is empty, or no string.
fn name(value: Option<&RawValue>) -> Option<String> {
    let value = value?.get();
    let text = match plain_string(value) {
        Some(plain) => plain.to_ascii_lowercase(),
        None => serde_json::from_str::<String>(value).ok()?.to_lowercase(),
    };
    (!text.is_empty()).then_some(text)
}

/// What stands in a string of ASCII that has no escapes, as nearly every one is.
fn plain_string(value: &str) -> Option<&str> {
    let text = value.strip_prefix('"')?.strip_suffix('"')?;
    (text.is_ascii() && memchr(b'\\', text.as_bytes()).is_none()).then_some(text)
}

/// Whether a number is written as every writer of JSON writes it.
fn is_plain_number(value: &str) -> bool {
    // More digits may not fit into an integer.
    value.len() < 18 && value.bytes().all(|byte| byte.is_ascii_digit()) && (value == "0" || !value.starts_with('0'))
}

/// A value as it is compared.
fn comparable(value: Option<&RawValue>) -> String {
    match value.map(RawValue::get) {
        None | Some("null") => String::new(),
        Some(text) if text.starts_with('"') => match plain_string(text) {
            Some(plain) => plain.to_ascii_lowercase(),
            None => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()).to_lowercase(),
        },
        Some(text) if is_plain_number(text) => text.to_owned(),
        // Written out, values of a few bytes have always been compared; of a long one, the text is.
        Some(text) if text.len() < LONGEST_VALUE => {
            serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value: Value| value.to_string())
        }
        Some(text) => text.to_owned(),
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_receipt_have_several_forms() {
        let seconds = |record: &str| received(record).map(|received| received.timestamp());
        assert_eq!(seconds(r#"{"Received":"/Date(1658751973240)/"}"#), Some(1_658_751_973));
        assert_eq!(seconds(r#"{"receivedDateTime":"1970-01-01T01:00:07+01:00"}"#), Some(7));
        assert_eq!(seconds(r#"{"Received":"1970-01-01T00:00:07.123"}"#), Some(7));
        assert_eq!(seconds(r#"{"Received":7}"#), None);
        assert_eq!(seconds("7"), None);
    }

    /// What is read in a shorter way is the same as what a parser makes of it.
    #[test]
    fn values_are_compared_as_a_parser_reads_them() {
        for text in [
            r#""""#,
            r#""Ann@Contoso.COM""#,
            r#""a\u0041\"B""#,
            r#""ÄB\\""#,
            r#""\ud83d""#,
            "0",
            "7",
            "-7",
            "-0",
            "1.50",
            "1E3",
            "99999999999999999",
            "999999999999999999",
            "99999999999999999999",
            "[ 1 ]",
            "{}",
            "true",
            "null",
        ] {
            let value: &RawValue = serde_json::from_str(text).unwrap();
            let parsed: Result<Value, _> = serde_json::from_str(text);
            let expected = match &parsed {
                Ok(Value::Null) => String::new(),
                Ok(Value::String(text)) => text.to_lowercase(),
                Ok(value) => value.to_string(),
                Err(_) => text.to_lowercase(),
            };
            assert_eq!(comparable(Some(value)), expected, "{text}");
            let text_of = parsed.ok().and_then(|value| value.as_str().map(str::to_lowercase));
            assert_eq!(name(Some(value)), text_of.filter(|it| !it.is_empty()), "{text}");
        }
    }
}
