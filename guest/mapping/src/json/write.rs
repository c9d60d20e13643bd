//! Puts JSON together as text. Every member is written with a comma after it; closing an object takes the last one away.

use super::scan::first_special;

/// JSON under construction. Always UTF-8, since only whole `str`s are added and only ASCII is taken away.
///
/// Short pieces are copied sixteen bytes at a time: in WebAssembly a call of `memory.copy` costs more than the copying.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
}

/// Longer pieces are worth a call of `memory.copy`.
const SHORT_BYTES: usize = 192;

impl Buffer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

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
        self.push_bytes(text.as_bytes());
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        if bytes.len() > SHORT_BYTES {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        let (sixteens, rest) = bytes.as_chunks::<16>();
        for sixteen in sixteens {
            self.bytes.extend_from_slice(sixteen);
        }
        let (eights, rest) = rest.as_chunks::<8>();
        for eight in eights {
            self.bytes.extend_from_slice(eight);
        }
        let (fours, rest) = rest.as_chunks::<4>();
        for four in fours {
            self.bytes.extend_from_slice(four);
        }
        for byte in rest {
            self.bytes.push(*byte);
        }
    }

    /// Adds `text` as it has to stand between the quotes of a string.
    pub(crate) fn push_escaped(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            // All eight are copied, and those from the first special one on taken back: cheaper than to copy some.
            self.bytes.extend_from_slice(word);
            let Some(at) = first_special(*word) else {
                rest = after;
                continue;
            };
            self.bytes.truncate(self.bytes.len() - (8 - at));
            let Some((special, after)) = rest.get(at..).and_then(<[u8]>::split_first) else { return };
            self.push_special(*special);
            rest = after;
        }
        for byte in rest {
            match byte {
                b'"' | b'\\' | 0..0x20 => self.push_special(*byte),
                _ => self.bytes.push(*byte),
            }
        }
    }

    #[inline]
    fn push_special(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let [high, low] = [byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]);
                self.bytes.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                return;
            }
        };
        self.bytes.extend_from_slice(&[b'\\', short]);
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
    pub(crate) fn close(&mut self, start: usize, end: &str) -> bool {
        if self.bytes.last() == Some(&b',') {
            self.bytes.pop();
            self.push_str(end);
            self.push(b',');
            return true;
        }
        self.truncate(start);
        false
    }

    /// Whether nothing was added after the colon of a key.
    #[inline]
    pub(crate) fn ends_with_key(&self) -> bool {
        self.bytes.last() == Some(&b':')
    }

    /// Takes the last character, a comma, away.
    #[inline]
    pub(crate) fn pop(&mut self) {
        self.bytes.pop();
    }

    /// Adds ASCII text whose length is known when this is compiled, so that no call is left of it.
    #[inline]
    pub(crate) fn push_ascii<const N: usize>(&mut self, text: &[u8; N]) {
        debug_assert!(text.is_ascii());
        self.bytes.extend_from_slice(text);
    }

    pub(crate) fn into_text(self) -> String {
        String::from_utf8(self.bytes).expect("made of whole texts")
    }

    /// The bytes, which are UTF-8.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        for text in
            ["", "plain", "\"\\/", "\n\r\t\u{8}\u{c}\u{0}\u{1f}", "é€😀", "1234567\"", "12345678\"é\"12345678€\\"]
        {
            let mut out = Buffer::default();
            out.push_string(text);
            assert_eq!(serde_json::from_slice::<String>(&out.into_bytes()).unwrap(), text);
        }
    }

    #[test]
    fn pieces_of_every_length_are_copied_whole() {
        let text = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(8);
        for length in 0..text.len() {
            let mut out = Buffer::default();
            let piece = text.get(..length).unwrap();
            out.push_str(piece);
            assert_eq!(out.into_bytes(), piece.as_bytes());
        }
    }
}
