//! Whether a text is one JSON object (RFC 8259) in full, with nothing behind it. Outputs put documents into arrays and
//! lines as they are, so nothing else may be called a document.
//!
//! Reads what a component has made, with every byte of every document: several times as fast as a parser, which would
//! take about as long as mapping.

/// How deep arrays and objects may be nested: as deep as parsers of receivers take.
const MAX_DEPTH: usize = 512;

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Whether `text` is one JSON object, and nothing else.
pub(super) fn is_object(text: &str) -> bool {
    let mut reader = ObjectReader { bytes: text.as_bytes(), at: 0 };
    reader.object().is_some() && reader.token().is_none()
}

struct ObjectReader<'t> {
    bytes: &'t [u8],
    at: usize,
}

/// What is open, the innermost last: a bit for each, set for an object.
struct Open {
    bits: [u64; MAX_DEPTH / 64],
    depth: usize,
}

impl Open {
    fn push(&mut self, is_object: bool) -> Option<()> {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        let word = self.bits.get_mut(word)?;
        *word = (*word & !(1 << bit)) | (u64::from(is_object) << bit);
        self.depth += 1;
        Some(())
    }

    /// Whether the innermost is an object.
    fn is_object(&self) -> bool {
        let last = self.depth.saturating_sub(1);
        self.bits.get(last / 64).is_some_and(|word| word >> (last % 64) & 1 == 1)
    }

    fn closing(&self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
    }
}

impl ObjectReader<'_> {
    /// Reads one object; nothing when it is none.
    fn object(&mut self) -> Option<()> {
        let mut open = Open { bits: [0; MAX_DEPTH / 64], depth: 0 };
        if self.token()? != b'{' {
            return None;
        }
        open.push(true)?;
        let mut is_first = true;
        while open.depth > 0 {
            let mut byte = self.token()?;
            if is_first && byte == open.closing() {
                open.depth -= 1;
            } else {
                if open.is_object() {
                    self.key(byte)?;
                    byte = self.token()?;
                }
                is_first = self.begin(byte, &mut open)?;
                if is_first {
                    continue;
                }
            }
            is_first = false;
            // A value has ended, and with it what it was the last of.
            while open.depth > 0 {
                match self.token()? {
                    b',' => break,
                    byte if byte == open.closing() => open.depth -= 1,
                    _ => return None,
                }
            }
        }
        Some(())
    }

    /// Reads a value whose first byte was taken; says whether it is one that has only been opened.
    fn begin(&mut self, byte: u8, open: &mut Open) -> Option<bool> {
        match byte {
            b'"' => self.string()?,
            b'{' | b'[' => {
                open.push(byte == b'{')?;
                return Some(true);
            }
            b't' => self.word(b"rue")?,
            b'f' => self.word(b"alse")?,
            b'n' => self.word(b"ull")?,
            b'-' => {
                let byte = self.next()?;
                self.number(byte)?;
            }
            _ => self.number(byte)?,
        }
        Some(false)
    }

    fn key(&mut self, byte: u8) -> Option<()> {
        if byte != b'"' {
            return None;
        }
        self.string()?;
        (self.token()? == b':').then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// The next byte that is not white space.
    fn token(&mut self) -> Option<u8> {
        loop {
            match self.next()? {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                byte => return Some(byte),
            }
        }
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(rest).then(|| self.at += rest.len())
    }

    /// Reads a number whose first digit was taken.
    fn number(&mut self, byte: u8) -> Option<()> {
        match byte {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Option<()> {
        let before = self.at;
        self.digits();
        (self.at > before).then_some(())
    }

    /// Reads a string whose first quote was taken.
    fn string(&mut self) -> Option<()> {
        loop {
            self.skip_plain();
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    /// Skips eight bytes at a time up to the next quote, backslash or control character; what is left is read by the byte.
    fn skip_plain(&mut self) {
        while let Some(chunk) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*chunk);
            let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
            let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
            let [quotes, backslashes] = [b'"', b'\\'].map(|byte| zeros(word ^ (ONES * u64::from(byte))));
            let special = quotes | backslashes | controls;
            if special != 0 {
                // The lowest mark is always a true one.
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.bytes.get(self.at..)?.first_chunk::<4>()?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
    use serde::de::IgnoredAny;

    use super::*;

    #[track_caller]
    fn check(text: &str) {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(is_object(text), is_json && text.trim_start().starts_with('{'), "{text}");
    }

    const DOCUMENTS: [&str; 6] = [
        r#"{"a":1,"b":[{"c":"d"},[],{}],"e":{"f":null,"g":true,"h":false}}"#,
        r#"{"é\u00e9\"\\\/\b\f\n\r\t":"0123456789 0123456789 ü","x":"","long":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\"b"}"#,
        r#" { "a" : [ 1 , -0.5e+10 , 0 , 1E5 , 10 ] , "b" : "c" } "#,
        r#"{}"#,
        r#"{"smuggled":1},{"smuggled":2}"#,
        r#"{"@timestamp":"2026-01-02T03:04:05.000Z","email":{"subject":"a{}[]:,\"b\""},"n":12345678901234567890}"#,
    ];

    #[test]
    fn it_takes_what_a_parser_takes() {
        for text in DOCUMENTS {
            check(text);
        }
        for text in ["", "{", "}", "[]", "1", "{]", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":1,}", "{\"a\":[1,]}", "{}{}"]
        {
            check(text);
            assert!(!is_object(text), "{text}");
        }
        for value in
            ["01", "-", "1.", ".5", "1e", "+1", "tru", "nul", "\"\u{1}\"", "\"\\x\"", "\"\\u12g4\"", "1 2", "[}"]
        {
            let text = format!("{{\"a\":{value}}}");
            check(&text);
            assert!(!is_object(&text), "{text}");
        }
    }

    #[test]
    fn it_takes_what_a_parser_takes_also_of_what_is_nearly_right() {
        const BYTES: &[u8] = b"{}[]\",:\\ \n\t0123456789-+.eEutrfalsn/\x01\x1f\x7fa";
        let mut random = StdRng::seed_from_u64(14);
        for _ in 0..200_000 {
            let mut bytes = DOCUMENTS[random.random_range(0..DOCUMENTS.len())].as_bytes().to_vec();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                let byte = BYTES[random.random_range(0..BYTES.len())];
                match random.random_range(0..3) {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            if let Ok(text) = str::from_utf8(&bytes) {
                check(text);
            }
        }
    }

    #[test]
    fn it_ends_where_receivers_do() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(is_object(&nested(MAX_DEPTH)));
        assert!(!is_object(&nested(MAX_DEPTH + 1)));
        assert!(!is_object(&"{\"a\":".repeat(1_000_000)));
    }
}
