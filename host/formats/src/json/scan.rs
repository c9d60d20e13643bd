//! Finds where a JSON value ends: one pass, no recursion. NUL bytes count as white space, and are left out of texts.

/// How deep values may be nested; a mapping accepts less.
const MAX_DEPTH: usize = 512;

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Scan {
    /// A value of this length.
    Whole(usize),
    /// The beginning of a value.
    Open,
    /// No value: it breaks the rules here.
    Broken(usize),
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScanStep {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// Reads the value that a text begins with.
pub(in super::super) fn scan(bytes: &[u8]) -> Scan {
    let mut open: Vec<u8> = Vec::new();
    let mut next = ScanStep::Value;
    let mut at = 0;
    loop {
        let Some(byte) = bytes.get(at).copied() else { return Scan::Open };
        let is_value = matches!(next, ScanStep::Value | ScanStep::ValueOrEnd);
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0 => {
                at += 1;
                continue;
            }
            b'{' | b'[' if is_value && open.len() < MAX_DEPTH => {
                open.push(byte);
                next = if byte == b'{' { ScanStep::KeyOrEnd } else { ScanStep::ValueOrEnd };
                at += 1;
                continue;
            }
            b'}' if matches!(next, ScanStep::KeyOrEnd | ScanStep::CommaOrEnd) && open.last() == Some(&b'{') => {
                open.pop();
                at += 1;
            }
            b']' if matches!(next, ScanStep::ValueOrEnd | ScanStep::CommaOrEnd) && open.last() == Some(&b'[') => {
                open.pop();
                at += 1;
            }
            b',' if next == ScanStep::CommaOrEnd => {
                next = if open.last() == Some(&b'{') { ScanStep::Key } else { ScanStep::Value };
                at += 1;
                continue;
            }
            b':' if next == ScanStep::Colon => {
                next = ScanStep::Value;
                at += 1;
                continue;
            }
            _ => {
                let token = match byte {
                    b'"' if is_value || matches!(next, ScanStep::Key | ScanStep::KeyOrEnd) => text(bytes, at),
                    b'-' | b'0'..=b'9' if is_value => number(bytes, at),
                    b't' if is_value => word(bytes, at, b"true"),
                    b'f' if is_value => word(bytes, at, b"false"),
                    b'n' if is_value => word(bytes, at, b"null"),
                    _ => Scan::Broken(at),
                };
                let Scan::Whole(end) = token else { return token };
                at = end;
                if !is_value {
                    next = ScanStep::Colon;
                    continue;
                }
            }
        }
        // A value has ended.
        if open.is_empty() {
            return Scan::Whole(at);
        }
        next = ScanStep::CommaOrEnd;
    }
}

fn text(bytes: &[u8], begin: usize) -> Scan {
    let mut at = begin + 1;
    loop {
        match bytes.get(at) {
            None => return Scan::Open,
            Some(b'"') => return Scan::Whole(at + 1),
            Some(b'\\') => match bytes.get(at + 1) {
                None => return Scan::Open,
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') => {
                    let digits = bytes.get(at + 2..).unwrap_or_default();
                    match digits.iter().take(4).position(|byte| !byte.is_ascii_hexdigit()) {
                        Some(place) => return Scan::Broken(at + 2 + place),
                        None if digits.len() < 4 => return Scan::Open,
                        None => at += 6,
                    }
                }
                Some(_) => return Scan::Broken(at),
            },
            Some(1..=0x1f) => return Scan::Broken(at),
            Some(_) => at += 1,
        }
    }
}

fn word(bytes: &[u8], begin: usize, word: &[u8]) -> Scan {
    let rest = bytes.get(begin..).unwrap_or_default();
    match rest.iter().zip(word).position(|(byte, expected)| byte != expected) {
        Some(place) => Scan::Broken(begin + place),
        None if rest.len() < word.len() => Scan::Open,
        None => Scan::Whole(begin + word.len()),
    }
}

fn number(bytes: &[u8], begin: usize) -> Scan {
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = begin + usize::from(bytes.get(begin) == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 {
        return if at < bytes.len() { Scan::Broken(at) } else { Scan::Open };
    }
    // No digit follows a zero at the beginning.
    at += if bytes.get(at) == Some(&b'0') { 1 } else { whole };
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return if at + 1 < bytes.len() { Scan::Broken(at + 1) } else { Scan::Open };
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return if at + 1 + sign < bytes.len() { Scan::Broken(at + 1 + sign) } else { Scan::Open };
        }
        at += 1 + sign + exponent;
    }
    Scan::Whole(at)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    /// What serde_json says of the same text.
    fn expected(text: &str) -> Result<usize, bool> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => Ok(value.get().len()),
            Some(Err(error)) => Err(error.is_eof()),
            None => Err(true),
        }
    }

    #[track_caller]
    fn check(text: &str) {
        let found = match scan(text.as_bytes()) {
            Scan::Whole(length) => Ok(length - (text.len() - text.trim_start().len())),
            Scan::Open => Err(true),
            Scan::Broken(_) => Err(false),
        };
        assert_eq!(found, expected(text), "{text}");
    }

    #[test]
    fn values_end_where_serde_json_says() {
        let texts = [
            r#"{"a":[1,-2.5e+3,true,false,null,"x\"\\\u00e9\n"],"b":{},"c":[]}"#,
            " \r\n\t{\n\"a\" : 1 }x",
            r#"{"a":1}{"b":2}"#,
            r#"[1,[2,[3]]],4"#,
            "01",
            "-",
            "1.",
            "1.x",
            "1e",
            "1e+x",
            "-0.0e-0",
            "tru",
            "trux",
            r#"{"a" 1}"#,
            r#"{"a":1,}"#,
            r#"[1,]"#,
            r#"{1:2}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":\"x\ny\"}",
            r#"{"a":{"b":[{"c":1}]}}"#,
            r#"{]"#,
            r#"[}"#,
            "nonsense",
            "\"日本\"",
        ];
        for text in texts {
            for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                let start = text.get(..end).unwrap();
                // serde_json waits for a number's next digit, as this does not, and not for the one behind a sign.
                if !start.ends_with(|it: char| it.is_ascii_digit() || "-+.e".contains(it)) {
                    check(start);
                }
            }
        }
    }

    #[test]
    fn an_escape_that_is_none_is_broken() {
        check(r#"{"a":"\u12g4"}"#);
        assert_eq!(scan(br#""\u12g"#), Scan::Broken(5));
    }

    #[test]
    fn nesting_has_a_limit() {
        assert_eq!(scan("[".repeat(MAX_DEPTH).as_bytes()), Scan::Open);
        assert_eq!(scan("[".repeat(1_000_000).as_bytes()), Scan::Broken(MAX_DEPTH));
    }

    #[test]
    fn nul_bytes_are_no_part_of_a_value() {
        assert_eq!(scan(b"{\0\0\"a\":\0\"x\0y\"\0}"), Scan::Whole(15));
    }
}
