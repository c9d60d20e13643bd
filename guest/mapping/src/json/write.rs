//! Puts JSON together as text. Every member is written with a comma after it; closing an object takes the last one away.

use super::block::{BLOCK_BYTES, WINDOW_BYTES, escape};
use crate::bytes::copy;

/// JSON under construction in a room of fixed size. Always UTF-8, since only whole `str`s are added and only ASCII is
/// taken away.
///
/// The caller that makes the room tries again with a larger one when it turns out to be too small. While it is large
/// enough, a push is a comparison and a copy, with where to go on in a register: a buffer that grows would be in memory,
/// and every push would wait for the one before.
#[derive(Debug)]
pub(crate) struct Buffer<'r> {
    room: &'r mut [u8],
    end: usize,
    is_too_small: bool,
}

/// How much room a text gets to begin with, in bytes.
const FIRST_ROOM: usize = 512;

/// The text that `write` writes; it may be called several times, with more and more room.
pub(crate) fn build(mut write: impl FnMut(&mut Buffer<'_>)) -> String {
    build_in(&mut [0; FIRST_ROOM], &mut write).unwrap_or_else(|| build_long(&mut write))
}

#[cold]
fn build_long(write: &mut dyn FnMut(&mut Buffer<'_>)) -> String {
    let mut room = vec![0; FIRST_ROOM];
    loop {
        room.resize(2 * room.len(), 0);
        if let Some(text) = build_in(&mut room, write) {
            return text;
        }
    }
}

/// The text that `write` writes, unless the room is too small for it.
fn build_in(room: &mut [u8], write: &mut dyn FnMut(&mut Buffer<'_>)) -> Option<String> {
    let mut out = Buffer::new(room);
    write(&mut out);
    let length = out.finished()?;
    Some(str::from_utf8(&room[..length]).expect("made of whole texts").to_owned())
}

impl<'r> Buffer<'r> {
    #[inline(always)]
    pub(crate) fn new(room: &'r mut [u8]) -> Self {
        Self { room, end: 0, is_too_small: false }
    }

    /// How long the text is; `None` when the room was too small for it.
    #[inline(always)]
    pub(crate) fn finished(&self) -> Option<usize> {
        (!self.is_too_small).then_some(self.end)
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// Takes everything after `length` away again.
    #[inline(always)]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.end = length;
    }

    /// Adds one ASCII character.
    #[inline(always)]
    pub(crate) fn push(&mut self, character: u8) {
        debug_assert!(character.is_ascii());
        self.push_ascii(&[character]);
    }

    #[inline(always)]
    pub(crate) fn push_str(&mut self, text: &str) {
        let end = self.end + text.len();
        match self.room.get_mut(self.end..end) {
            Some(place) => {
                copy(text.as_bytes(), place);
                self.end = end;
            }
            None => self.is_too_small = true,
        }
    }

    /// Adds text whose length is known when this is compiled, so that no call is left of it.
    #[inline(always)]
    pub(crate) fn push_ascii<const N: usize>(&mut self, text: &[u8; N]) {
        match self.room.get_mut(self.end..self.end + N).and_then(<[u8]>::as_mut_array) {
            Some(place) => {
                *place = *text;
                self.end += N;
            }
            None => self.is_too_small = true,
        }
    }

    /// Has `write` write what comes next, out of line: then this buffer can stay in registers.
    #[inline(always)]
    pub(crate) fn push_with<T>(&mut self, write: impl FnOnce(&mut Buffer<'_>) -> T) -> T {
        let mut rest = Buffer::new(self.room.get_mut(self.end..).unwrap_or_default());
        let result = write(&mut rest);
        self.end += rest.end;
        self.is_too_small |= rest.is_too_small;
        result
    }

    /// Adds `text` as it has to stand between the quotes of a string.
    #[inline(always)]
    pub(crate) fn push_escaped(&mut self, text: &str) {
        self.push_with(|out| out.escape(text.as_bytes()));
    }

    #[inline(never)]
    fn escape(&mut self, mut rest: &[u8]) {
        loop {
            let taken = self.push_blocks(rest);
            rest = rest.get(taken..).unwrap_or_default();
            if rest.len() < WINDOW_BYTES {
                break;
            }
            // There is a control character in the next block, or no more room.
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
            None => self.end = self.end.saturating_sub(padding),
        }
    }

    /// Adds blocks of `text`, escaped, and returns how many bytes of it they are.
    #[inline(always)]
    fn push_blocks(&mut self, text: &[u8]) -> usize {
        let (taken, length) = escape(text, self.room.get_mut(self.end..).unwrap_or_default());
        self.end += length;
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
            _ => self.push_ascii(&[byte]),
        }
    }

    /// Adds `text` as a JSON string, quotes and all.
    #[inline(always)]
    pub(crate) fn push_string(&mut self, text: &str) {
        self.push(b'"');
        self.push_escaped(text);
        self.push(b'"');
    }

    /// Adds `text`, in which nothing has to be escaped, as a JSON string.
    #[inline(always)]
    pub(crate) fn push_plain_string(&mut self, text: &str) {
        self.push(b'"');
        self.push_str(text);
        self.push(b'"');
    }

    /// Adds a member of an object with a comma after it, unless its text is empty.
    pub(crate) fn push_member(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.push_str(key);
            self.push_string(text);
            self.push(b',');
        }
    }

    /// Ends an object or array that was begun at `start` with its key: with `end` and a comma, or, if nothing is in
    /// it, by taking it away again. Returns whether it is there.
    #[inline(always)]
    pub(crate) fn close<const N: usize>(&mut self, start: usize, end: &[u8; N]) -> bool {
        if self.last() == Some(b',') {
            self.pop();
            self.push_ascii(end);
            self.push(b',');
            return true;
        }
        self.truncate(start);
        false
    }

    /// Takes the last character, a comma, away.
    #[inline(always)]
    pub(crate) fn pop(&mut self) {
        self.end = self.end.saturating_sub(1);
    }

    #[inline(always)]
    fn last(&self) -> Option<u8> {
        self.room.get(self.end.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        for text in [
            "",
            "plain",
            "\"\\/",
            "\n\r\t\u{8}\u{c}\u{0}\u{1f}",
            "é€😀",
            "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"",
            "1234567890123456€",
        ] {
            for before in 0..40 {
                let text = format!("{}{text}{}", "x".repeat(before), "y".repeat(40 - before));
                let json = build(|out| out.push_string(&text));
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            }
        }
    }

    #[test]
    fn too_little_room_is_noticed_wherever_it_ends() {
        let write = |out: &mut Buffer<'_>| {
            let start = out.len();
            out.push_ascii(br#""a":{"#);
            out.push_str("\"b\":[1,2,3],");
            out.push_with(|out| out.push_string(&"\"x\n".repeat(20)));
            out.push(b',');
            out.close(start, b"}");
        };
        let text = build(write);
        for size in 0..text.len() + 10 {
            let mut room = vec![0; size];
            let mut out = Buffer::new(&mut room);
            write(&mut out);
            if let Some(length) = out.finished() {
                assert_eq!(room[..length], *text.as_bytes());
            } else {
                assert!(size < text.len() + WINDOW_BYTES);
            }
        }
    }
}
