//! Puts JSON together as text. Every member is written with a comma after it; closing an object takes the last one away.

use super::block::{BLOCK_BYTES, WINDOW_BYTES, escape};
use crate::bytes::{Bytes, copy};

/// JSON under construction. Always UTF-8, since only whole `str`s are added and only ASCII is taken away.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Bytes,
}

impl Buffer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Bytes::with_capacity(capacity) }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes everything after `length` away again.
    #[inline]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Adds one ASCII character.
    #[inline]
    pub(crate) fn push(&mut self, character: u8) {
        debug_assert!(character.is_ascii());
        self.bytes.push(character);
    }

    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        self.bytes.extend(text.as_bytes());
    }

    /// Adds ASCII text whose length is known when this is compiled, so that no call is left of it.
    #[inline]
    pub(crate) fn push_ascii<const N: usize>(&mut self, text: &[u8; N]) {
        debug_assert!(text.is_ascii());
        self.bytes.extend_array(text);
    }

    /// Adds `text` as it has to stand between the quotes of a string.
    pub(crate) fn push_escaped(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        loop {
            let taken = self.push_blocks(rest);
            rest = rest.get(taken..).unwrap_or_default();
            if rest.len() < WINDOW_BYTES {
                break;
            }
            let (with_control, after) = rest.split_at(BLOCK_BYTES);
            with_control.iter().for_each(|byte| self.push_character(*byte));
            rest = after;
        }
        // The end is followed by spaces, which are taken away again.
        let mut padded = [b' '; 2 * WINDOW_BYTES];
        copy(rest, padded.get_mut(..rest.len()).unwrap_or_default());
        let padding = rest.len().next_multiple_of(BLOCK_BYTES) - rest.len();
        let taken = self.push_blocks(padded.get(..rest.len() + padding + BLOCK_BYTES).unwrap_or_default());
        match rest.get(taken..) {
            Some(rest) => rest.iter().for_each(|byte| self.push_character(*byte)),
            None => self.bytes.truncate(self.bytes.len() - padding),
        }
    }

    /// Adds blocks of `text`, escaped, and returns how many bytes of it they are.
    fn push_blocks(&mut self, text: &[u8]) -> usize {
        let start = self.bytes.len();
        let (taken, length) = escape(text, self.bytes.room(2 * text.len() + WINDOW_BYTES));
        self.bytes.truncate(start + length);
        taken
    }

    fn push_character(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        match byte {
            b'"' | b'\\' => self.push_ascii(&[b'\\', byte]),
            b'\n' => self.push_ascii(br"\n"),
            b'\r' => self.push_ascii(br"\r"),
            b'\t' => self.push_ascii(br"\t"),
            0..0x20 => {
                let [high, low] = [byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]);
                self.push_ascii(&[b'\\', b'u', b'0', b'0', high, low]);
            }
            _ => self.bytes.push(byte),
        }
    }

    /// Adds `text` as a JSON string, quotes and all.
    pub(crate) fn push_string(&mut self, text: &str) {
        self.push(b'"');
        self.push_escaped(text);
        self.push(b'"');
    }

    /// Ends an object or array that was begun at `start` with its key: with `end` and a comma, or, if nothing is in
    /// it, by taking it away again. Returns whether it is there.
    #[inline]
    pub(crate) fn close<const N: usize>(&mut self, start: usize, end: &[u8; N]) -> bool {
        if self.bytes.last() == Some(b',') {
            self.pop();
            self.push_ascii(end);
            self.push(b',');
            return true;
        }
        self.truncate(start);
        false
    }

    /// Takes the last character, a comma, away.
    #[inline]
    pub(crate) fn pop(&mut self) {
        self.truncate(self.len() - 1);
    }

    pub(crate) fn into_text(self) -> String {
        String::from_utf8(self.into_bytes()).expect("made of whole texts")
    }

    /// The bytes, which are UTF-8.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        for text in
            ["", "plain", "\"\\/", "\n\r\t\u{8}\u{c}\u{0}\u{1f}", "é€😀", "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", "1234567890123456€"]
        {
            for before in 0..40 {
                let text = format!("{}{text}{}", "x".repeat(before), "y".repeat(40 - before));
                let mut out = Buffer::default();
                out.push_string(&text);
                assert_eq!(serde_json::from_slice::<String>(&out.into_bytes()).unwrap(), text);
            }
        }
    }
}
