//! Bytes to text, in whatever encoding PowerShell and the admin centre have written (ms-api.md, section 4.5).
//!
//! Remembers where in the file everything was.

use std::borrow::Cow;

/// How much of a file is looked at to find out its encoding.
const LOOK_BYTES: usize = 1024;

/// How the characters of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8; a line that is not is taken for Windows-1252.
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// The encoding of what begins like this, and the length of its byte order mark.
    pub(super) fn of(start: &[u8]) -> (Self, usize) {
        if start.starts_with(b"\xef\xbb\xbf") {
            return (Self::Utf8, 3);
        }
        if start.starts_with(b"\xff\xfe") {
            return (Self::Utf16Le, 2);
        }
        if start.starts_with(b"\xfe\xff") {
            return (Self::Utf16Be, 2);
        }
        // Without a mark: most characters are ASCII, so every other byte is NUL.
        let look = start.get(..LOOK_BYTES).unwrap_or(start);
        let nuls = |first: usize| look.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, pairs) = (nuls(0), nuls(1), look.len() / 2);
        match (even, odd) {
            (0, odd) if odd * 2 > pairs => (Self::Utf16Le, 0),
            (even, 0) if even * 2 > pairs => (Self::Utf16Be, 0),
            _ => (Self::Utf8, 0),
        }
    }
}

/// A stretch of text that was decoded in one way.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Where it begins in the text.
    at: usize,
    /// Where it begins in the file.
    offset: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Verbatim,
    Windows1252,
    Utf16,
}

impl Kind {
    /// How many bytes of the file a piece of text was.
    fn length(self, text: &str) -> u64 {
        let length = match self {
            Self::Verbatim => text.len(),
            Self::Windows1252 => text.chars().count(),
            Self::Utf16 => 2 * text.encode_utf16().count(),
        };
        length as u64
    }
}

/// The part of a file that is being read, as text.
#[derive(Debug)]
pub(super) struct Window {
    encoding: Encoding,
    /// What was read and cannot be decoded yet, and where in the file it begins.
    raw: Vec<u8>,
    offset: u64,
    text: String,
    /// How much of the text is used up, and where in the file that ends.
    used: usize,
    position: u64,
    stretches: Vec<Stretch>,
    /// Whether a line had to be taken for Windows-1252.
    pub(super) has_other_bytes: bool,
}

impl Window {
    pub(super) fn new(encoding: Encoding, offset: u64) -> Self {
        let stretches = Vec::new();
        Self {
            encoding,
            raw: Vec::new(),
            offset,
            text: String::new(),
            used: 0,
            position: offset,
            stretches,
            has_other_bytes: false,
        }
    }

    /// The text that is not used up.
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.used..).unwrap_or_default()
    }

    /// Uses up so many bytes of the text.
    pub(super) fn advance(&mut self, length: usize) {
        let end = self.used + length;
        while self.used < end {
            let index = self.stretches.partition_point(|it| it.at <= self.used);
            let stop = self.stretches.get(index).map_or(end, |next| next.at.min(end));
            let kind = index.checked_sub(1).and_then(|index| self.stretches.get(index)).map(|stretch| stretch.kind);
            let text = self.text.get(self.used..stop).unwrap_or_default();
            self.position += kind.unwrap_or(Kind::Verbatim).length(text);
            self.used = stop;
        }
    }

    /// Where in the file the rest begins.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Where in the file a piece of the rest is, if it is there byte for byte.
    pub(super) fn verbatim(&self, start: usize, end: usize) -> Option<u64> {
        let (start, end) = (self.used + start, self.used + end);
        let index = self.stretches.partition_point(|it| it.at <= start).checked_sub(1)?;
        let stretch = self.stretches.get(index)?;
        let is_within = self.stretches.get(index + 1).is_none_or(|next| end <= next.at);
        (stretch.kind == Kind::Verbatim && is_within).then(|| stretch.offset + (start - stretch.at) as u64)
    }

    /// Takes more bytes of the file.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.forget_used();
        self.raw.extend_from_slice(bytes);
        match self.encoding {
            Encoding::Utf8 => self.decode_utf8(),
            Encoding::Utf16Le => self.decode_utf16(u16::from_le_bytes),
            Encoding::Utf16Be => self.decode_utf16(u16::from_be_bytes),
        }
    }

    /// There is no more: decodes even what is cut off in the middle of a character.
    pub(super) fn end(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        if !raw.is_empty() {
            self.push_windows_1252(&raw);
        }
    }

    fn forget_used(&mut self) {
        let index = self.stretches.partition_point(|it| it.at <= self.used);
        self.text.drain(..self.used);
        let kind = index.checked_sub(1).and_then(|index| self.stretches.get(index)).map(|stretch| stretch.kind);
        self.stretches.drain(..index);
        for stretch in &mut self.stretches {
            stretch.at -= self.used;
        }
        self.used = 0;
        if let Some(kind) = kind.filter(|_| !self.text.is_empty() && self.stretches.first().is_none_or(|it| it.at > 0))
        {
            self.stretches.insert(0, Stretch { at: 0, offset: self.position, kind });
        }
    }

    fn decode_utf8(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        let mut rest = raw.as_slice();
        loop {
            let error = match str::from_utf8(rest) {
                Ok(text) => return self.push(text, rest.len(), Kind::Verbatim),
                Err(error) => error,
            };
            let (valid, after) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
            if error.error_len().is_none() {
                // The rest of a character that is still to come.
                self.push(str::from_utf8(valid).unwrap_or_default(), valid.len(), Kind::Verbatim);
                self.raw = after.to_vec();
                return;
            }
            // The whole line is in the other encoding, as far as it is here.
            let start = valid.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let end = rest.iter().skip(start).position(|byte| *byte == b'\n').map_or(rest.len(), |at| start + at + 1);
            let (before, line) = rest.split_at_checked(start).unwrap_or((&[], rest));
            let (line, next) = line.split_at_checked(end - start).unwrap_or((line, &[]));
            self.push(str::from_utf8(before).unwrap_or_default(), before.len(), Kind::Verbatim);
            self.push_windows_1252(line);
            rest = next;
        }
    }

    fn push_windows_1252(&mut self, bytes: &[u8]) {
        self.has_other_bytes = true;
        self.push(&windows_1252(bytes), bytes.len(), Kind::Windows1252);
    }

    fn decode_utf16(&mut self, unit: fn([u8; 2]) -> u16) {
        let raw = std::mem::take(&mut self.raw);
        let (pairs, odd) = raw.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        // The second half of a character may still be to come.
        let is_half = units.last().is_some_and(|last| (0xd800..0xdc00).contains(last));
        units.truncate(units.len() - usize::from(is_half));
        let text: String = char::decode_utf16(units.iter().copied()).map(|it| it.unwrap_or('\u{fffd}')).collect();
        self.raw = raw.get(2 * units.len()..).map_or_else(|| odd.to_vec(), <[u8]>::to_vec);
        self.push(&text, 2 * units.len(), Kind::Utf16);
    }

    fn push(&mut self, text: &str, length: usize, kind: Kind) {
        if !text.is_empty() && self.stretches.last().is_none_or(|last| last.kind != kind) {
            self.stretches.push(Stretch { at: self.text.len(), offset: self.offset, kind });
        }
        self.text.push_str(text);
        self.offset += length as u64;
    }
}

/// Every byte is a character.
pub(super) fn windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn encodings_are_told_apart() {
        assert_eq!(Encoding::of(b"\xef\xbb\xbf{}"), (Encoding::Utf8, 3));
        assert_eq!(Encoding::of(b"{}"), (Encoding::Utf8, 0));
        assert_eq!(Encoding::of(b""), (Encoding::Utf8, 0));
        assert_eq!(Encoding::of(b"\xff\xfe{\0"), (Encoding::Utf16Le, 2));
        assert_eq!(Encoding::of(&utf16("{\"a\":\"ü日本\"}", u16::to_le_bytes)), (Encoding::Utf16Le, 0));
        assert_eq!(Encoding::of(&utf16("{\"a\":\"ü\"}", u16::to_be_bytes)), (Encoding::Utf16Be, 0));
    }

    /// Gives the bytes one after another, and checks the text and where its last line begins.
    #[track_caller]
    fn check(encoding: Encoding, bytes: &[u8], expected: &str, last_line: u64) {
        let mut window = Window::new(encoding, 0);
        for byte in bytes {
            window.add(&[*byte]);
        }
        window.end();
        assert_eq!(window.rest(), expected);
        window.advance(expected.rfind('\n').map_or(0, |at| at + 1));
        assert_eq!(window.position(), last_line);
        window.add(b"");
        assert_eq!(window.position(), last_line);
    }

    #[test]
    fn every_place_in_the_text_has_its_place_in_the_file() {
        check(Encoding::Utf8, "aé\n日".as_bytes(), "aé\n日", 4);
        check(Encoding::Utf16Le, &utf16("é😀\nb", u16::to_le_bytes), "é😀\nb", 8);
        check(Encoding::Utf16Be, &utf16("é😀\nb", u16::to_be_bytes), "é😀\nb", 8);
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_windows_1252() {
        let mut window = Window::new(Encoding::Utf8, 10);
        window.add("é\n".as_bytes());
        window.add(b"\x93caf\xe9\x94\nnext\n");
        assert!(window.has_other_bytes);
        assert_eq!(window.rest(), "é\n“café”\nnext\n");
        assert_eq!([window.verbatim(0, 3), window.verbatim(3, 8)], [Some(10), None]);
        let next = window.rest().find("next").unwrap();
        assert_eq!(window.verbatim(next, next + 4), Some(20));
        window.advance(next);
        assert_eq!(window.position(), 20);
    }
}
