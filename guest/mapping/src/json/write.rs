//! Puts JSON together as text. Every member is written with a comma after it; closing an object takes the last one away.

use super::block::{BLOCK_BYTES, Specials};
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
        while let Some(window) = rest.first_chunk::<{ 2 * BLOCK_BYTES }>() {
            self.push_block(window);
            rest = rest.get(BLOCK_BYTES..).unwrap_or_default();
        }
        // What is left is followed by spaces, which nothing is added to: they can be taken away again.
        let mut padded = [b' '; 3 * BLOCK_BYTES];
        copy(rest, padded.get_mut(..rest.len()).unwrap_or_default());
        let mut padding = 0;
        for window in padded.windows(2 * BLOCK_BYTES).step_by(BLOCK_BYTES).take(rest.len().div_ceil(BLOCK_BYTES)) {
            padding += BLOCK_BYTES;
            window.as_array().into_iter().for_each(|window| self.push_block(window));
        }
        self.bytes.truncate(self.bytes.len() + rest.len() - padding);
    }

    /// Adds the first half of a window, escaped.
    ///
    /// The half is copied whole. At each quote and backslash in it, a backslash and all that follows are copied over
    /// what was there: that takes fewer steps than copying the pieces between them.
    #[inline]
    fn push_block(&mut self, window: &[u8; 2 * BLOCK_BYTES]) {
        let Some(block) = window.first_chunk::<BLOCK_BYTES>() else { return };
        let Specials { mut escaped, has_control } = Specials::of(*block);
        if has_control {
            block.iter().for_each(|byte| self.push_character(*byte));
            return;
        }
        let start = self.bytes.len();
        let mut end = BLOCK_BYTES;
        if let Some(room) = self.bytes.room(3 * BLOCK_BYTES).as_mut_array::<{ 3 * BLOCK_BYTES }>() {
            copy_block(window, 0, room, 0);
            while escaped != 0 {
                let at = escaped.trailing_zeros() as usize;
                let place = end - BLOCK_BYTES + at;
                room[place] = b'\\';
                copy_block(window, at, room, place + 1);
                end += 1;
                escaped &= escaped - 1;
            }
        }
        self.bytes.truncate(start + end);
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

    /// Whether nothing was added after the colon of a key.
    #[inline]
    pub(crate) fn ends_with_key(&self) -> bool {
        self.bytes.last() == Some(b':')
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

#[inline]
fn copy_block(from: &[u8], at: usize, to: &mut [u8], place: usize) {
    let from = from.get(at..).and_then(<[u8]>::first_chunk::<BLOCK_BYTES>);
    let to = to.get_mut(place..).and_then(<[u8]>::first_chunk_mut::<BLOCK_BYTES>);
    if let (Some(from), Some(to)) = (from, to) {
        *to = *from;
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
