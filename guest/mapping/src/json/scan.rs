//! Finds where JSON values begin and end, and that they are valid (RFC 8259).

use super::{
    block::{BLOCK_BYTES, first_special},
    value::{Kind, Member, Raw},
};
use crate::{
    bytes::{copy, equal},
    limits::MAX_DEPTH,
};

/// Why a text is not JSON, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyntaxError {
    /// Something else was expected.
    Expected(&'static str, usize),
    /// Arrays and objects are nested too deep.
    TooDeep(usize),
}

/// Reads a text value by value.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Skips white space, of which there is seldom any, and returns the byte after it, without taking it.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        match self.byte() {
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.apart(Self::peek_far),
        }
    }

    #[inline(never)]
    fn peek_far(&mut self) -> Option<u8> {
        let bytes = self.bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                _ => return Some(byte),
            }
        }
        None
    }

    /// Takes `byte` if it comes next, after white space or, as mostly, at once.
    #[inline(always)]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte) || self.apart(Self::peek_far) == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expected<T>(&self, what: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError::Expected(what, self.at))
    }

    /// Succeeds when nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), SyntaxError> {
        if self.peek().is_none() { Ok(()) } else { self.expected("the end of the line") }
    }

    /// Takes a string with its quotes.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Raw<'a>, SyntaxError> {
        if self.byte() != Some(b'"') && self.apart(Self::peek_far) != Some(b'"') {
            return self.expected("`\"`");
        }
        let start = self.at;
        self.at += 1;
        self.skip_plain();
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(self.raw(start, Kind::Plain));
        }
        self.apart(|scanner| scanner.escaped_string(start))
    }

    /// Has `read` read what comes next, out of line: then this scanner can stay in registers.
    #[inline(always)]
    fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut scanner = Self { text: self.text, at: self.at };
        let result = read(&mut scanner);
        self.at = scanner.at;
        result
    }

    /// Takes the rest of a string that began at `start`, up to whose first backslash all was taken.
    #[inline(never)]
    fn escaped_string(&mut self, start: usize) -> Result<Raw<'a>, SyntaxError> {
        let mut kind = Kind::Escaped;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let is_surrogate = self.escape()?;
                    if is_surrogate {
                        kind = Kind::Surrogate;
                    }
                }
                Some(_) => return self.expected("an escaped control character"),
                None => return self.expected("`\"`"),
            }
            self.skip_plain();
        }
        self.at += 1;
        Ok(self.raw(start, kind))
    }

    /// Skips to the next quote, backslash or control character, a block at a time.
    #[inline(always)]
    fn skip_plain(&mut self) {
        let bytes = self.bytes();
        while let Some(block) = bytes.get(self.at..).and_then(<[u8]>::first_chunk::<{ 2 * BLOCK_BYTES }>) {
            if let Some(at) = first_special(block) {
                self.at += at;
                return;
            }
            self.at += 2 * BLOCK_BYTES;
        }
        // What is left is followed by zeros, at which it ends as at any control character.
        let rest = bytes.get(self.at..).unwrap_or_default();
        let mut padded = [0; 2 * BLOCK_BYTES];
        copy(rest, padded.get_mut(..rest.len()).unwrap_or_default());
        self.at += first_special(&padded).unwrap_or(rest.len());
    }

    /// Takes an escape sequence, and says whether it is that of a surrogate.
    fn escape(&mut self) -> Result<bool, SyntaxError> {
        self.at += 1;
        match self.bytes().get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                let start = self.at;
                for _ in 0..4 {
                    if !self.bytes().get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                        return self.expected("four hexadecimal digits");
                    }
                    self.at += 1;
                }
                let first = self.bytes().get(start..start + 2);
                return Ok(matches!(first, Some([b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'])));
            }
            _ => return self.expected("an escape sequence"),
        }
        Ok(false)
    }

    /// Takes a value of any type. `depth` is how many arrays and objects it stands in.
    #[inline(always)]
    pub(crate) fn value(&mut self, depth: usize) -> Result<Raw<'a>, SyntaxError> {
        if self.byte() == Some(b'"') { self.string() } else { self.apart(|scanner| scanner.other_value(depth)) }
    }

    /// Takes a value that is not a string, or that has white space before it.
    #[inline(never)]
    fn other_value(&mut self, depth: usize) -> Result<Raw<'a>, SyntaxError> {
        let Some(first) = self.peek() else { return self.expected("a value") };
        let start = self.at;
        match first {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(start),
            b'n' => self.word("null", Kind::Null),
            b't' => self.word("true", Kind::Bool),
            b'f' => self.word("false", Kind::Bool),
            b'[' | b'{' if depth >= MAX_DEPTH => Err(SyntaxError::TooDeep(start)),
            b'[' => {
                self.elements(depth + 1, |_| ())?;
                Ok(self.raw(start, Kind::Array))
            }
            b'{' => {
                self.members(depth + 1, |_| ())?;
                Ok(self.raw(start, Kind::Object))
            }
            _ => self.expected("a value"),
        }
    }

    /// Takes an array, and gives its elements to `visit`.
    pub(crate) fn elements(&mut self, depth: usize, mut visit: impl FnMut(Raw<'a>)) -> Result<(), SyntaxError> {
        if !self.open(b']') {
            return Ok(());
        }
        loop {
            visit(self.value(depth)?);
            if self.take(b',') {
                continue;
            }
            return if self.take(b']') { Ok(()) } else { self.expected("`,` or `]`") };
        }
    }

    /// Takes an object, and gives its members to `visit`.
    pub(crate) fn members(&mut self, depth: usize, mut visit: impl FnMut(Member<'a>)) -> Result<(), SyntaxError> {
        let mut has_more = self.open(b'}');
        while has_more {
            visit(self.member(depth, "")?);
            has_more = self.has_more()?;
        }
        Ok(())
    }

    /// Takes what opens an object or array, and its end if that comes next. Returns whether there is something in it.
    #[inline]
    pub(crate) fn open(&mut self, end: u8) -> bool {
        self.at += 1;
        let is_empty = self.peek() == Some(end);
        self.at += usize::from(is_empty);
        !is_empty
    }

    /// Takes what follows a member, and returns whether another one comes.
    #[inline(always)]
    pub(crate) fn has_more(&mut self) -> Result<bool, SyntaxError> {
        if self.take(b',') {
            return Ok(true);
        }
        if self.take(b'}') { Ok(false) } else { self.expected("`,` or `}`") }
    }

    /// Takes a member. If it begins with `expected`, a plain key with its quotes, that is known without looking at every
    /// character, and the very same text becomes the key.
    #[inline(always)]
    pub(crate) fn member(&mut self, depth: usize, expected: &'a str) -> Result<Member<'a>, SyntaxError> {
        let next = self.bytes().get(self.at..self.at + expected.len()).unwrap_or_default();
        let key = if !expected.is_empty() && equal(next, expected.as_bytes()) {
            self.at += expected.len();
            Raw { text: expected, kind: Kind::Plain }
        } else {
            self.apart(Self::new_key)?
        };
        let start = self.at - key.text.len();
        if !self.take(b':') {
            return self.expected("`:`");
        }
        let value = self.value(depth)?;
        Ok(Member { key, value, place: start..self.at })
    }

    /// Takes a key that was not expected.
    #[inline(never)]
    fn new_key(&mut self) -> Result<Raw<'a>, SyntaxError> {
        self.string()
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<Raw<'a>, SyntaxError> {
        let start = self.at;
        if !self.bytes().get(start..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return self.expected("a value");
        }
        self.at += word.len();
        Ok(self.raw(start, kind))
    }

    fn number(&mut self, start: usize) -> Result<Raw<'a>, SyntaxError> {
        self.at += usize::from(self.byte() == Some(b'-'));
        let leading_zero = self.byte() == Some(b'0');
        let digits = self.digits()?;
        if leading_zero && digits > 1 {
            return self.expected("a number without leading zeros");
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        // Only these can be larger than any double.
        let mut is_large = digits > 300;
        if let Some(b'e' | b'E') = self.byte() {
            is_large = true;
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let number = self.raw(start, Kind::Number);
        // Many readers would refuse a document with such a number in it.
        if is_large && !number.text.parse().is_ok_and(f64::is_finite) {
            self.at = start;
            return self.expected("a number within the range of a double");
        }
        Ok(number)
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn digits(&mut self) -> Result<usize, SyntaxError> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.expected("a digit") } else { Ok(self.at - start) }
    }

    #[inline(always)]
    fn raw(&self, start: usize, kind: Kind) -> Raw<'a> {
        let text = self.text.get(start..self.at).expect("values begin and end at ASCII characters");
        Raw { text, kind }
    }
}
