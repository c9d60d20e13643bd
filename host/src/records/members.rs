//! Walks the members of a JSON object without building anything: what needs a closer look is rare.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// The members of an object that stands on its own, in order. It ends where the text is not JSON: who needs to know
/// that finds it out.
pub(super) struct Members<'r> {
    text: &'r str,
    at: usize,
}

/// One member.
pub(super) struct Member<'r> {
    /// The key without its quotes, as it is written.
    pub(super) key: &'r str,
    /// Where the value stands in the text, a string with its quotes.
    pub(super) value: Range<usize>,
}

impl<'r> Members<'r> {
    pub(super) fn of(text: &'r str) -> Self {
        let start = text.len() - text.trim_ascii_start().len();
        let is_object = text.as_bytes().get(start) == Some(&b'{');
        Self { text, at: if is_object { start + 1 } else { text.len() } }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Passes over a string, and gives where it stands without its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        loop {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Some(start..at);
            }
            at += 2;
        }
    }

    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        match self.byte()? {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => self.nested()?,
            _ => {
                let rest = self.text.as_bytes().get(start..)?;
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
                self.at += rest.iter().position(ends)?;
            }
        }
        Some(start..self.at)
    }

    fn nested(&mut self) -> Option<()> {
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
                return Some(());
            }
        }
    }

    fn member(&mut self) -> Option<Member<'r>> {
        // What stands between members is a comma and blanks, or this is not JSON.
        let key = loop {
            match self.byte()? {
                b'"' => break self.string()?,
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.at += 1,
                _ => return None,
            }
        };
        self.skip_blanks();
        if self.byte()? != b':' {
            return None;
        }
        self.at += 1;
        self.skip_blanks();
        let value = self.value()?;
        Some(Member { key: self.text.get(key)?, value })
    }
}

impl<'r> Iterator for Members<'r> {
    type Item = Member<'r>;

    fn next(&mut self) -> Option<Member<'r>> {
        let member = self.member();
        if member.is_none() {
            self.at = self.text.len();
        }
        member
    }
}

/// Whether a string has no escape in it.
pub(super) fn is_plain(inner: &str) -> bool {
    memchr(b'\\', inner.as_bytes()).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = Members::of(text).map(|member| (member.key, text.get(member.value).unwrap())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_member_has_its_place() {
        check(
            r#" { "a" : 1 ,"b":"x\"}","c":{"d":["}"]},"e":null} "#,
            &[("a", "1"), ("b", r#""x\"}""#), ("c", r#"{"d":["}"]}"#), ("e", "null")],
        );
        check("{}", &[]);
    }

    #[test]
    fn what_is_not_json_has_an_end() {
        check(r#"{"a":1,oops"b":2}"#, &[("a", "1")]);
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
            assert!(Members::of(text).count() < 2, "{text}");
        }
    }
}
