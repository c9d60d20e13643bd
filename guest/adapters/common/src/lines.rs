//! Cuts what arrives in pieces into whole lines of text.
//!
//! Does not judge records: a line that is not JSON goes on as it is, and the mapping says what is wrong with it.

use memchr::{memchr_iter, memrchr};

/// The longest line that is kept, in bytes. A mapping accepts less; this only bounds the memory.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// Lines of which the last one may still be under way.
#[derive(Debug, Default)]
pub struct Lines {
    pending: Vec<u8>,
    /// How many lines were given away.
    given: usize,
}

/// Whole lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WholeLines {
    /// Those that are text.
    pub records: String,
    /// Those that are none, and are left out.
    pub unreadable: Vec<UnreadableLine>,
}

/// A line that is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: not UTF-8 at byte {byte}")]
pub struct UnreadableLine {
    /// Which line, counted from 1.
    pub line: usize,
    /// The first byte in it that is not UTF-8, counted from 0.
    pub byte: usize,
}

/// One line is longer than any record can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is longer than {MAX_LINE_BYTES} bytes\nhint: records come one a line (NDJSON)")]
pub struct LineTooLong(usize);

impl Lines {
    /// Takes a piece, and gives the lines that are whole with it.
    ///
    /// # Errors
    ///
    /// When the line under way is longer than any record can be.
    pub fn push(&mut self, piece: &[u8]) -> Result<WholeLines, LineTooLong> {
        let Some(end) = memrchr(b'\n', piece) else {
            self.pending.extend_from_slice(piece);
            let line = self.given + 1;
            return if self.pending.len() > MAX_LINE_BYTES {
                Err(LineTooLong(line))
            } else {
                Ok(WholeLines::default())
            };
        };
        let (whole, rest) = piece.split_at(end + 1);
        self.pending.extend_from_slice(whole);
        let whole = std::mem::replace(&mut self.pending, rest.to_vec());
        Ok(self.give(whole))
    }

    /// Gives the last line, which nothing ended.
    #[must_use]
    pub fn finish(mut self) -> WholeLines {
        let last = std::mem::take(&mut self.pending);
        self.give(last)
    }

    fn give(&mut self, mut whole: Vec<u8>) -> WholeLines {
        if self.given == 0 && whole.starts_with(b"\xef\xbb\xbf") {
            whole.drain(..3);
        }
        let before = self.given;
        self.given += memchr_iter(b'\n', &whole).count();
        match String::from_utf8(whole) {
            Ok(records) => WholeLines { records, unreadable: Vec::new() },
            Err(error) => line_by_line(error.as_bytes(), before),
        }
    }
}

fn line_by_line(lines: &[u8], before: usize) -> WholeLines {
    let mut text = WholeLines::default();
    for (index, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match str::from_utf8(line) {
            Ok(line) => text.records.push_str(line),
            Err(error) => text.unreadable.push(UnreadableLine { line: before + index + 1, byte: error.valid_up_to() }),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pieces: &[&[u8]], expected: &[&str]) {
        let mut lines = Lines::default();
        let mut found: Vec<_> = pieces.iter().map(|piece| lines.push(piece).unwrap().records).collect();
        found.push(lines.finish().records);
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_given_when_they_are_whole() {
        check(&[b"{}\n{\"a\"", b":1", b"}\n\n{}"], &["{}\n", "", "{\"a\":1}\n\n", "{}"]);
        check(&[], &[""]);
    }

    #[test]
    fn a_character_may_be_cut_in_two() {
        check(&[b"\xc3", b"\xa9\n"], &["", "\u{e9}\n", ""]);
    }

    #[test]
    fn a_byte_order_mark_at_the_beginning_does_not_count() {
        check(&[b"\xef", b"\xbb\xbf{}\n", b"\xef\xbb\xbf{}\n"], &["", "{}\n", "\u{feff}{}\n", ""]);
    }

    #[test]
    fn a_line_that_is_not_text_is_left_out_and_named() {
        let mut lines = Lines::default();
        lines.push(b"{}\n").unwrap();
        let text = lines.push(b"{}\n{\"a\":\"\xe9\"}\n[]\n").unwrap();
        assert_eq!(text.records, "{}\n[]\n");
        assert_eq!(text.unreadable, [UnreadableLine { line: 3, byte: 6 }]);
        assert_eq!(text.unreadable[0].to_string(), "line 3: not UTF-8 at byte 6");
        assert_eq!(lines.push(b"\xff").unwrap(), WholeLines::default());
        assert_eq!(lines.finish().unreadable, [UnreadableLine { line: 5, byte: 0 }]);
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut lines = Lines::default();
        lines.push(b"{}\n").unwrap();
        let piece = vec![b'x'; MAX_LINE_BYTES / 2 + 1];
        lines.push(&piece).unwrap();
        let error = lines.push(&piece).unwrap_err();
        assert!(error.to_string().starts_with("line 2 is longer than 67108864 bytes\nhint: "), "{error}");
    }
}
