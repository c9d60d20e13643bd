//! Bytes to text, in all encodings that PowerShell and the admin centre write (host/docs/facts/ms-api.md,
//! section 4.5).
//!
//! Remembers where in the file everything was.

use std::borrow::Cow;

use memchr::memchr;

mod encoding;
mod guess;
mod input;
mod stretch;

pub(super) use encoding::Encoding;
use guess::Guess;
use input::Input;
use stretch::{Stretch, StretchKind};

/// Maximum number of changes of encoding in a buffer: places are kept for each.
const MOST_STRETCHES: usize = 64 * 1024;

/// The part of a file that is being read, as text.
#[derive(Debug)]
pub(super) struct TextWindow {
    encoding: Encoding,
    /// What was read and cannot be decoded yet, and where in the file it begins.
    raw: Vec<u8>,
    offset: u64,
    text: String,
    /// How much of the text is used up, and where in the file that ends.
    used: usize,
    position: u64,
    stretches: Vec<Stretch>,
    /// The last character that was decoded; a line feed at the beginning.
    last: u8,
    /// Whether a line had to be taken for Windows-1252.
    pub(super) has_other_bytes: bool,
    /// Whether the encoding changes within the file.
    pub(super) has_other_encoding: bool,
    /// Whether NUL bytes were among them.
    pub(super) has_nul: bool,
}

impl TextWindow {
    pub(super) fn new(encoding: Encoding, offset: u64) -> Self {
        Self {
            encoding,
            raw: Vec::new(),
            offset,
            text: String::new(),
            used: 0,
            position: offset,
            stretches: Vec::new(),
            last: b'\n',
            has_other_bytes: false,
            has_other_encoding: false,
            has_nul: false,
        }
    }

    /// The text that is not used up.
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.used..).unwrap_or_default()
    }

    /// Consumes this many bytes of the text.
    pub(super) fn advance(&mut self, length: usize) {
        let end = self.used + length;
        while self.used < end {
            let index = self.stretches.partition_point(|it| it.at <= self.used);
            let stop = self.stretches.get(index).map_or(end, |next| next.at.min(end));
            let kind = index.checked_sub(1).and_then(|index| self.stretches.get(index)).map(|stretch| stretch.kind);
            let text = self.text.get(self.used..stop).unwrap_or_default();
            self.position += kind.unwrap_or(StretchKind::Verbatim).length(text);
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
        (stretch.kind == StretchKind::Verbatim && is_within).then(|| stretch.offset + (start - stretch.at) as u64)
    }

    /// Takes more bytes of the file.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.forget_used();
        self.raw.extend_from_slice(bytes);
        self.decode(Input::GoesOn);
    }

    /// There is no more for now: decides what hangs on what follows, as far as that can be told. NUL bytes at the end are
    /// left alone, because they may be written over.
    pub(super) fn pause(&mut self) {
        self.decode(Input::Pauses);
    }

    /// The same, but it is decided.
    pub(super) fn rest_here(&mut self) {
        self.decode(Input::Rests);
    }

    /// There is no more: decodes even what is cut off in the middle of a character.
    pub(super) fn end(&mut self) {
        self.decode(Input::Ended);
        let raw = std::mem::take(&mut self.raw);
        match str::from_utf8(&raw) {
            Ok(text) => self.push(text, raw.len(), StretchKind::Verbatim),
            Err(_) => self.push_windows_1252(&raw),
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

    fn decode(&mut self, input: Input) {
        let raw = std::mem::take(&mut self.raw);
        let mut rest = raw.as_slice();
        loop {
            let (used, encoding) = match self.encoding {
                Encoding::Utf8 => self.decode_utf8(rest, input),
                Encoding::Utf16Le | Encoding::Utf16Be => self.decode_utf16(rest, input),
            };
            rest = rest.get(used..).unwrap_or_default();
            if encoding == self.encoding || rest.is_empty() {
                break;
            }
            self.encoding = encoding;
            self.has_other_encoding = true;
            // What begins here is not doubted again.
            self.last = b'?';
        }
        self.raw = rest.to_vec();
    }

    /// Decodes as far as it is UTF-8, and gives the encoding of what follows.
    fn decode_utf8(&mut self, bytes: &[u8], input: Input) -> (usize, Encoding) {
        let (mut end, mut encoding) = (bytes.len(), Encoding::Utf8);
        let mut from = 0;
        while let Some(nul) = memchr(0, bytes.get(from..).unwrap_or_default()).map(|at| from + at) {
            match guess::at_nul(bytes, nul, self.last, input) {
                Guess::Here(place, other) => (end, encoding) = (place, other),
                Guess::Unknown(place) => end = place,
                Guess::Nul(behind) => {
                    self.has_nul = true;
                    from = behind;
                    continue;
                }
            }
            break;
        }
        let text = bytes.get(..end).unwrap_or_default();
        match self.decode_lines(text, encoding != Encoding::Utf8 || input == Input::Ended) {
            (used, Some(other)) => (used, other),
            (used, None) => (used, encoding),
        }
    }

    /// Decodes lines that are UTF-8 or Windows-1252; gives the encoding of what follows when there is a byte order mark.
    fn decode_lines(&mut self, bytes: &[u8], is_end: bool) -> (usize, Option<Encoding>) {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let error = match str::from_utf8(rest) {
                Ok(text) => {
                    self.push(text, rest.len(), StretchKind::Verbatim);
                    return (bytes.len(), None);
                }
                Err(error) => error,
            };
            let (valid, after) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
            let is_cut = error.error_len().is_none() || after == [0xff] || after == [0xfe];
            if is_cut && !is_end {
                // The rest of a character, or of a mark, that is still to come.
                self.push(str::from_utf8(valid).unwrap_or_default(), valid.len(), StretchKind::Verbatim);
                return (at + valid.len(), None);
            }
            let mark = Encoding::of_mark(after);
            if let Some(encoding) = mark.filter(|_| guess::is_utf16_behind_mark(after)) {
                self.push(str::from_utf8(valid).unwrap_or_default(), valid.len(), StretchKind::Verbatim);
                return (at + valid.len(), Some(encoding));
            }
            // The whole line is in the other encoding, as far as it is here.
            let start = valid.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let end = memchr(b'\n', rest.get(start..).unwrap_or_default()).map_or(rest.len(), |at| start + at + 1);
            self.push(
                str::from_utf8(rest.get(..start).unwrap_or_default()).unwrap_or_default(),
                start,
                StretchKind::Verbatim,
            );
            self.push_windows_1252(rest.get(start..end).unwrap_or_default());
            at += end;
        }
    }

    fn push_windows_1252(&mut self, bytes: &[u8]) {
        self.has_other_bytes |= !bytes.is_empty();
        self.push(&windows_1252(bytes), bytes.len(), StretchKind::Windows1252);
    }

    /// Decodes as far as it is UTF-16, and gives the encoding of what follows.
    fn decode_utf16(&mut self, bytes: &[u8], input: Input) -> (usize, Encoding) {
        let is_little = self.encoding == Encoding::Utf16Le;
        let mut units: Vec<u16> = Vec::with_capacity(bytes.len() / 2);
        let mut at = 0;
        let mut shifted = 0;
        while let Some([first, second]) = bytes.get(at..at + 2) {
            let unit =
                if is_little { u16::from_le_bytes([*first, *second]) } else { u16::from_be_bytes([*first, *second]) };
            let rest = bytes.get(at..).unwrap_or_default();
            let is_boundary = matches!(self.last, b'\n' | b'}' | b']');
            if unit == 0 {
                self.flush(&mut units);
                let Some(run) = nul_run(rest, is_little) else {
                    // At the end they may be written over.
                    let used = if input == Input::Ended { bytes.len() } else { at };
                    self.push_nuls(used - at);
                    return (used, self.encoding);
                };
                self.push_nuls(run);
                at += run;
                self.last = b'\n';
                continue;
            }
            if is_boundary && !(1..0x80).contains(&unit) {
                match guess::within_utf16(rest, is_little, self.last == b'\n', input) {
                    Some(Guess::Here(_, encoding)) => {
                        self.flush(&mut units);
                        return (at, encoding);
                    }
                    Some(_) => {
                        self.flush(&mut units);
                        return (at, self.encoding);
                    }
                    None => {}
                }
            }
            // A byte is missing, or there is one too many: characters of ASCII come out the wrong way round.
            shifted = if unit & 0xff == 0 { shifted + 1 } else { 0 };
            if shifted == 3 && units.len() >= 3 && self.stretches.len() < MOST_STRETCHES {
                units.truncate(units.len() - 3);
                self.flush(&mut units);
                at -= 6;
                self.push_windows_1252(bytes.get(at..=at).unwrap_or_default());
                at += 1;
                shifted = 0;
                continue;
            }
            units.push(unit);
            self.last = if unit < 0x80 { unit as u8 } else { b'?' };
            at += 2;
        }
        // The second half of a character may still be to come.
        if input != Input::Ended && units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            units.pop();
            at -= 2;
        }
        self.flush(&mut units);
        (at, self.encoding)
    }

    fn flush(&mut self, units: &mut Vec<u16>) {
        let (last, length) = (self.last, 2 * units.len());
        let text: String = char::decode_utf16(units.drain(..)).map(|it| it.unwrap_or('\u{fffd}')).collect();
        self.push(&text, length, StretchKind::Utf16);
        self.last = last;
    }

    fn push_nuls(&mut self, count: usize) {
        self.has_nul |= count > 0;
        // In pairs, so that they do not begin a stretch of their own.
        self.push(&"\0".repeat(count / 2), count / 2 * 2, StretchKind::Utf16);
        self.push(&"\0".repeat(count % 2), count % 2, StretchKind::Verbatim);
    }

    fn push(&mut self, text: &str, length: usize, kind: StretchKind) {
        let Some(last) = text.as_bytes().last() else { return };
        if self.stretches.last().is_none_or(|last| last.kind != kind) {
            self.stretches.push(Stretch { at: self.text.len(), offset: self.offset, kind });
        }
        self.last = *last;
        self.text.push_str(text);
        self.offset += length as u64;
    }
}

/// Every byte is a character.
pub(super) fn windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0
}

/// How many NUL bytes of UTF-16 stand in front of what follows them; `None` when nothing does.
fn nul_run(bytes: &[u8], is_little: bool) -> Option<usize> {
    let run = bytes.iter().position(|byte| *byte != 0)?;
    // The last may be the first half of a character of UTF-16BE.
    let is_half = !is_little && guess::looks_utf16(bytes.get(run - 1..).unwrap_or_default(), false);
    Some(if is_half { run - 1 } else { run }.max(1))
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
        let mut window = TextWindow::new(encoding, 0);
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
        let mut window = TextWindow::new(Encoding::Utf8, 10);
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
