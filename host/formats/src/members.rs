//! Walks the members of a JSON object without building anything: what needs a closer look is rare.

use std::ops::Range;

use memchr::memchr2;

use crate::property::Property;

/// The keys of the record before, in order: the next one has mostly the same, and comparing is quicker than reading.
#[derive(Default)]
pub(super) struct Shape {
    keys: Vec<KnownMember>,
}

/// A key with its quotes and all up to its value, and the property that it names.
struct KnownMember {
    text: String,
    property: Option<Property>,
}

/// Maximum number of keys remembered, none longer than this. No real record has more.
const MAX_KEYS: usize = 64;
const MAX_KEY_BYTES: usize = 64;

/// The members of an object that stands on its own, in order. It ends where the text is not JSON: who needs to know
/// that finds it out.
pub(super) struct Members<'r, 's> {
    text: &'r str,
    at: usize,
    shape: &'s mut Shape,
    count: usize,
}

/// One member.
pub(super) struct Member {
    /// The property that its key names.
    pub(super) property: Option<Property>,
    /// Where the value stands in the text, a string with its quotes.
    pub(super) value: Range<usize>,
    /// Whether there is an escape in it; never for what is not a string.
    pub(super) has_escape: bool,
}

impl<'r, 's> Members<'r, 's> {
    pub(super) fn of(text: &'r str, shape: &'s mut Shape) -> Self {
        let start = text.len() - text.trim_ascii_start().len();
        let is_object = text.as_bytes().get(start) == Some(&b'{');
        Self { text, at: if is_object { start + 1 } else { text.len() }, shape, count: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Passes over a string, and says whether there is an escape in it.
    #[inline]
    fn string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        let mut has_escape = false;
        loop {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Some(has_escape);
            }
            has_escape = true;
            at += 2;
        }
    }

    #[inline]
    fn value(&mut self) -> Option<bool> {
        match self.byte()? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            _ => {
                let rest = self.text.as_bytes().get(self.at..)?;
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
                self.at += rest.iter().position(ends)?;
                Some(false)
            }
        }
    }

    fn nested(&mut self) -> Option<bool> {
        let mut depth = 0_usize;
        loop {
            match self.byte()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(false);
            }
        }
    }

    /// Passes over a key and what stands before its value.
    #[inline]
    fn key(&mut self) -> Option<Option<Property>> {
        if let Some(known) = self.shape.keys.get(self.count)
            && self.text.as_bytes().get(self.at..)?.starts_with(known.text.as_bytes())
        {
            self.at += known.text.len();
            return Some(known.property);
        }
        self.new_key()
    }

    #[inline(never)]
    fn new_key(&mut self) -> Option<Option<Property>> {
        let start = self.at;
        let has_escape = self.string()?;
        let key = self.text.get(start..self.at)?;
        let property = if has_escape {
            serde_json::from_str::<String>(key).ok().and_then(|key| Property::named(&key))
        } else {
            Property::named(key.trim_matches('"'))
        };
        self.skip_blanks();
        if self.byte()? != b':' {
            return None;
        }
        self.at += 1;
        self.skip_blanks();
        let text = self.text.get(start..self.at)?;
        self.shape.keys.truncate(self.count);
        if self.shape.keys.len() == self.count && self.count < MAX_KEYS && text.len() <= MAX_KEY_BYTES {
            self.shape.keys.push(KnownMember { text: text.to_owned(), property });
        }
        Some(property)
    }

    #[inline]
    fn member(&mut self) -> Option<Member> {
        // What stands between members is a comma and blanks, or this is not JSON.
        while self.byte()? != b'"' {
            if !matches!(self.byte()?, b' ' | b'\t' | b'\r' | b'\n' | b',') {
                return None;
            }
            self.at += 1;
        }
        let property = self.key()?;
        self.count += 1;
        let start = self.at;
        let has_escape = self.value()?;
        Some(Member { property, value: start..self.at, has_escape })
    }
}

impl Iterator for Members<'_, '_> {
    type Item = Member;

    #[inline]
    fn next(&mut self) -> Option<Member> {
        let member = self.member();
        if member.is_none() {
            self.at = self.text.len();
        }
        member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(Option<Property>, &str)]) {
        let mut shape = Shape::default();
        for _ in 0..2 {
            let found: Vec<_> = Members::of(text, &mut shape)
                .map(|member| (member.property, text.get(member.value).unwrap()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn every_member_has_its_place() {
        check(
            r#" { "id" : 1 ,"b":"x\"}","SIZE":{"d":["}"]},"St\u0061tus":null} "#,
            &[
                (Some(Property::MessageTraceId), "1"),
                (None, r#""x\"}""#),
                (Some(Property::Size), r#"{"d":["}"]}"#),
                (Some(Property::Status), "null"),
            ],
        );
        check("{}", &[]);
    }

    #[test]
    fn the_record_before_changes_nothing() {
        let records = [
            r#"{"id":1,"size":2}"#,
            r#"{"id" :1,"size":2}"#,
            r#"{"size":2,"id":1,"x":3}"#,
            r#"{"ids":1,"size":2}"#,
            "{}",
            r#"{"id":1,"si"#,
            &format!(r#"{{"{}":1,"id":2}}"#, "k".repeat(100)),
        ];
        let read = |record: &str, shape: &mut Shape| {
            Members::of(record, shape).map(|member| (member.property, member.value)).collect::<Vec<_>>()
        };
        for before in records {
            for record in records {
                let mut shape = Shape::default();
                read(before, &mut shape);
                assert_eq!(read(record, &mut shape), read(record, &mut Shape::default()), "{record} after {before}");
            }
        }
    }

    #[test]
    fn what_is_not_json_has_an_end() {
        check(r#"{"a":1,oops"b":2}"#, &[(None, "1")]);
        for text in [
            "",
            "[1]",
            "7",
            "{",
            r#"{"a"#,
            r#"{"a":"#,
            r#"{"a":"x"#,
            r#"{"a":{"b"#,
            r#"{"a" 1}"#,
            r#"{"a":"\"#,
            r#"{"a":]}"#,
        ] {
            assert!(Members::of(text, &mut Shape::default()).count() < 2, "{text}");
        }
    }
}
