//! The document's `_id`, byte for byte that of Elasticsearch's fingerprint processor (guest/docs/facts/mapping.md,
//! section 2.8).

use crate::{
    bytes::copy,
    hash_inputs::{Digest, HashInputs},
    json::{Kind, Raw, Scanner, decode, last_of_each},
    sha1::digests,
};

/// Collects what the ids of several documents are made of: the values in the order of their fields' names, each after
/// a zero byte.
#[derive(Default)]
pub(crate) struct Fingerprints(HashInputs);

impl Fingerprints {
    /// Adds the value of a field. A null is not a value.
    #[inline]
    pub(crate) fn add(&mut self, value: &Raw<'_>) {
        match value.kind {
            Kind::Null => {}
            Kind::Plain => self.add_text(value.inner()),
            _ => self.value(value),
        }
    }

    /// Adds the text of a field.
    #[inline(never)]
    pub(crate) fn add_text(&mut self, text: &str) {
        if let Some((zero, place)) = self.0.bytes.room(1 + text.len()).split_first_mut() {
            *zero = 0;
            copy(text.as_bytes(), place);
        }
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
                Scanner::new(value.text).members(0, |member| members.push(member)).expect("scanned before");
                let mut members: Vec<_> = last_of_each(&members, |member| decode(&member.key)).collect();
                // Java compares strings by their UTF-16.
                members.sort_by(|a, b| decode(&a.key).encode_utf16().cmp(decode(&b.key).encode_utf16()));
                for member in members {
                    self.add_text(&decode(&member.key));
                    self.value(&member.value);
                }
            }
            Kind::Plain | Kind::Escaped | Kind::Surrogate => self.add_text(&decode(value)),
            Kind::Null => self.0.bytes.push(0),
            Kind::Bool => self.0.bytes.extend(&[0, if value.text == "true" { 1 } else { 2 }]),
            Kind::Number => self.number(value.text),
        }
    }

    /// Integers as little-endian two's complement of four or eight bytes, others as an IEEE double.
    /// One too large for eight bytes, for which Elasticsearch has no answer, counts as its text.
    fn number(&mut self, text: &str) {
        self.0.bytes.push(0);
        let is_integer = !text.contains(['.', 'e', 'E']);
        if let Ok(number) = text.parse::<i32>() {
            self.0.bytes.extend(&number.to_le_bytes());
        } else if let Ok(number) = text.parse::<i64>() {
            self.0.bytes.extend(&number.to_le_bytes());
        } else if let (false, Ok(number)) = (is_integer, text.parse::<f64>()) {
            self.0.bytes.extend(&number.to_le_bytes());
        } else {
            self.0.bytes.extend(text.as_bytes());
        }
    }

    /// Ends the document whose values were added. If none were, `line` counts, so that there is always the same id.
    pub(crate) fn end(&mut self, line: &str) {
        if self.0.is_new() {
            self.0.bytes.extend(line.as_bytes());
        }
        self.0.end();
    }

    /// Takes the hashes of all documents that were ended, in order.
    pub(crate) fn take(&mut self) -> Vec<Digest> {
        self.0.take(digests)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    /// The example of Elasticsearch's own documentation of the processor is three fields; ours adds kinds of values.
    #[track_caller]
    fn check(json: &str, expected: &[u8]) {
        let raw = Scanner::new(json).value(0).unwrap();
        let mut fingerprint = Fingerprints::default();
        fingerprint.add(&raw);
        assert_eq!(fingerprint.0.bytes.as_ref(), expected, "{json}");
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
        check(r#"{"a":"x","\u0061":"y"}"#, b"\0a\0y");
    }

    #[test]
    fn ids_come_in_the_order_of_their_documents() {
        let mut fingerprints = Fingerprints::default();
        for line in ["a", "b", "c", "d", "e"] {
            fingerprints.end(line);
        }
        fingerprints.add_text("bc");
        fingerprints.end("f");
        let ids: Vec<String> = fingerprints.take().iter().map(|digest| STANDARD.encode(digest)).collect();
        // printf a | openssl sha1 -binary | base64
        assert_eq!(ids[0], "hvfkN/qlp/zhXR3cuerq6jd2Z7g=");
        assert_eq!(ids[4], "WOazpBSh4JDfxgKa3Q81Vcy6En8=");
        assert_eq!(ids.len(), 6);
        assert_eq!(fingerprints.take().len(), 0);
    }
}
