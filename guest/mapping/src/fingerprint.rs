//! The document's `_id`, byte for byte that of Elasticsearch's fingerprint processor (mapping-spec.md, section 2.8).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

use crate::json::{Kind, Raw, Scanner, decode};

/// Collects values in the order of their fields' names, each after a zero byte, and hashes them.
#[derive(Default)]
pub(crate) struct Fingerprint {
    bytes: Vec<u8>,
}

impl Fingerprint {
    /// Starts over, for the next document.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Adds the value of a field. A null is no value.
    pub(crate) fn add(&mut self, value: &Raw<'_>) {
        if value.kind != Kind::Null {
            self.value(value);
        }
    }

    /// Adds the text of a field.
    pub(crate) fn add_text(&mut self, text: &str) {
        self.bytes.push(0);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: &Raw<'_>) {
        match value.kind {
            Kind::Array => {
                let mut elements = Vec::new();
                Scanner::new(value.text).elements(0, |element| elements.push(element)).expect("scanned before");
                elements.iter().for_each(|element| self.value(element));
            }
            Kind::Object => {
                let mut members = Vec::new();
                Scanner::new(value.text).members(0, |key, member| members.push((key, member))).expect("scanned before");
                members.sort_by(|(a, _), (b, _)| decode(a).cmp(&decode(b)));
                for (key, member) in &members {
                    self.add_text(&decode(key));
                    self.value(member);
                }
            }
            Kind::Plain | Kind::Escaped | Kind::Surrogate => self.add_text(&decode(value)),
            Kind::Null => self.bytes.push(0),
            Kind::Bool => self.bytes.extend_from_slice(&[0, if value.text == "true" { 1 } else { 2 }]),
            Kind::Number => self.number(value.text),
        }
    }

    /// Integers as little-endian two's complement of four or eight bytes, others as an IEEE double.
    /// One too large for eight bytes, for which Elasticsearch has no answer, counts as its text.
    fn number(&mut self, text: &str) {
        self.bytes.push(0);
        let is_integer = !text.contains(['.', 'e', 'E']);
        if let Ok(number) = text.parse::<i32>() {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        } else if let Ok(number) = text.parse::<i64>() {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        } else if let (false, Ok(number)) = (is_integer, text.parse::<f64>()) {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        } else {
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// The hash of all that was added; of `line` when nothing was, so that there is always the same id.
    pub(crate) fn id(&self, line: &str) -> String {
        let digest = Sha1::digest(if self.bytes.is_empty() { line.as_bytes() } else { &self.bytes });
        STANDARD.encode(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Elasticsearch's own documentation of the processor is three fields; ours adds kinds of values.
    #[track_caller]
    fn check(json: &str, expected: &[u8]) {
        let raw = Scanner::new(json).value(0).unwrap();
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(&raw);
        assert_eq!(fingerprint.bytes, expected, "{json}");
    }

    #[test]
    fn every_kind_of_value_has_its_bytes() {
        check("null", b"");
        check(r#""a\u0040""#, b"\0a@");
        check("87891", b"\0\x53\x57\x01\0");
        check("-1", b"\0\xff\xff\xff\xff");
        check("4294967296", b"\0\0\0\0\0\x01\0\0\0");
        check("1.5", b"\0\0\0\0\0\0\0\xf8\x3f");
        check("true", b"\0\x01");
        check("false", b"\0\x02");
        check(r#"["x",null]"#, b"\0x\0");
        check(r#"{"b":1,"a":"x"}"#, b"\0a\0x\0b\0\x01\0\0\0");
    }
}
