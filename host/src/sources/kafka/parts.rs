//! What is in a message: one record, records in lines, or an array of records.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use crate::support::http_response::without_mark;

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MessagePart {
    /// A record, on one line.
    Record(String),
    /// What is no record.
    Refused {
        /// Where it is in the message, from 1; none when it is all of it.
        place: Option<usize>,
        /// Why.
        reason: &'static str,
        /// Its text, or its bytes in Base64.
        text: String,
    },
}

const NO_TEXT: &str = "is not UTF-8; its bytes follow in Base64";
const NO_JSON: &str = "is not JSON";
const NO_RECORD: &str = "is not a record: a JSON object";

/// The parts of a message; none of an empty one.
pub(super) fn parts(payload: &[u8]) -> Vec<MessagePart> {
    let Ok(text) = str::from_utf8(without_mark(payload)) else {
        return vec![MessagePart::Refused { place: None, reason: NO_TEXT, text: STANDARD.encode(payload) }];
    };
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    if is_object(text) {
        return vec![MessagePart::Record(on_one_line(text))];
    }
    if let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return values.iter().enumerate().map(|(index, value)| part(Some(index + 1), value.get())).collect();
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let is_one = text.lines().count() == 1;
    lines.map(|(index, line)| part((!is_one).then_some(index + 1), line.trim())).collect()
}

fn part(place: Option<usize>, text: &str) -> MessagePart {
    if is_object(text) {
        return MessagePart::Record(on_one_line(text));
    }
    let reason = if serde_json::from_str::<&RawValue>(text).is_ok() { NO_RECORD } else { NO_JSON };
    MessagePart::Refused { place, reason, text: text.to_owned() }
}

fn is_object(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The same JSON on one line: line feeds stand between values alone.
fn on_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> MessagePart {
        MessagePart::Record(text.to_owned())
    }

    fn refused(place: Option<usize>, reason: &'static str, text: &str) -> MessagePart {
        MessagePart::Refused { place, reason, text: text.to_owned() }
    }

    #[test]
    fn a_message_is_a_record_or_several() {
        assert_eq!(parts(b"{\"a\":1}"), [record("{\"a\":1}")]);
        assert_eq!(parts(b"\xef\xbb\xbf{\n \"a\": \"x\\n\"\r\n}\n"), [record("{  \"a\": \"x\\n\"  }")]);
        assert_eq!(parts(b"{\"a\":1}\n\n{\"a\":2}\r\n"), [record("{\"a\":1}"), record("{\"a\":2}")]);
        assert_eq!(parts(b"[{\"a\":1},{\"a\":2}]"), [record("{\"a\":1}"), record("{\"a\":2}")]);
        assert_eq!(parts(b""), []);
        assert_eq!(parts(b" \n"), []);
        assert_eq!(parts(b"[]"), []);
    }

    #[test]
    fn what_is_no_record_is_told_apart_and_keeps_its_text() {
        assert_eq!(parts(b"hello"), [refused(None, NO_JSON, "hello")]);
        assert_eq!(parts(b"7"), [refused(None, NO_RECORD, "7")]);
        assert_eq!(
            parts(b"{\"a\":1}\n{\"a\":\n7"),
            [record("{\"a\":1}"), refused(Some(2), NO_JSON, "{\"a\":"), refused(Some(3), NO_RECORD, "7"),]
        );
        assert_eq!(parts(b"[{\"a\":1},null]"), [record("{\"a\":1}"), refused(Some(2), NO_RECORD, "null")]);
        assert_eq!(parts(b"\xff{}"), [refused(None, NO_TEXT, "/3t9")]);
        let deep = "{\"a\":".repeat(500) + "1" + &"}".repeat(500);
        assert_eq!(parts(deep.as_bytes()), [record(&deep)], "the mapping says what is too deep");
    }
}
