//! The records of a batch: one a line, and which lines are none.
//!
//! Everything in the host that walks the records of a batch does so with [`lines`], and everything that asks whether
//! there is a record asks [`is_blank`]: the reader of files, the check of a component's answer, the ledger's keys, dead
//! letters and replay. The mapping has the same rule (`wit/mapper.wit`, `map-batch`).

use std::{borrow::Cow, iter};

use memchr::{memchr, memchr2};

/// One record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'r> {
    /// Where it begins in the batch, in bytes.
    pub offset: usize,
    /// Its text, with the line feed if there is one.
    pub text: &'r str,
}

impl<'r> Line<'r> {
    /// The record without the end of its line.
    pub fn record(self) -> &'r str {
        let text = self.text.strip_suffix('\n').unwrap_or(self.text);
        text.strip_suffix('\r').unwrap_or(text)
    }
}

/// The records of a batch; blank lines are none.
pub fn lines(batch: &str) -> impl Iterator<Item = Line<'_>> {
    all_lines(batch).filter(|line| !is_blank(line.text))
}

/// Whether a line has nothing but white space, control characters and byte order marks: then it is not a record.
pub fn is_blank(line: &str) -> bool {
    line.chars().all(is_blank_character)
}

/// Whether a character makes no record by itself.
pub fn is_blank_character(it: char) -> bool {
    it.is_whitespace() || it.is_control() || it == '\u{feff}'
}

/// A record on one line, at the same length: a line end in JSON stands between its parts, where a blank does as well.
pub fn on_one_line(record: &str) -> Cow<'_, str> {
    match memchr2(b'\r', b'\n', record.as_bytes()) {
        Some(_) => Cow::Owned(record.replace(['\r', '\n'], " ")),
        None => Cow::Borrowed(record),
    }
}

/// The batch as every component understands it, at the same length: components built before the rule above take only
/// lines of ASCII white space for blank, and those of other languages what these call white space, so a blank line is
/// given to them as blanks.
pub fn unambiguous(batch: &str) -> Cow<'_, str> {
    let is_odd = |line: &Line<'_>| {
        let is_plain = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' ');
        // Nearly every line begins with a brace.
        line.text.bytes().next().is_some_and(|byte| !byte.is_ascii_graphic())
            && !line.text.bytes().all(is_plain)
            && is_blank(line.text)
    };
    if !all_lines(batch).any(|line| is_odd(&line)) {
        return Cow::Borrowed(batch);
    }
    let mut plain = String::with_capacity(batch.len());
    for line in all_lines(batch) {
        if is_odd(&line) {
            let end = if line.text.ends_with('\n') { "\n" } else { "" };
            plain.extend(iter::repeat_n(' ', line.text.len() - end.len()));
            plain.push_str(end);
        } else {
            plain.push_str(line.text);
        }
    }
    Cow::Owned(plain)
}

fn all_lines(batch: &str) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0;
    iter::from_fn(move || {
        let rest = batch.get(offset..).filter(|rest| !rest.is_empty())?;
        let end = memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        let line = Line { offset, text: rest.get(..end)? };
        offset += end;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_no_records() {
        let batch =
            "a\n\n \t\r\n\u{c}\n\u{b}\n\u{a0}\n\u{2028}\n\u{3000}\n\u{feff}\n\u{1a}\n\0\0\n\u{85}\nb\r\n\u{a0}c";
        let found: Vec<_> = lines(batch).map(|line| (line.offset, line.record())).collect();
        let last = batch.len() - "b\r\n\u{a0}c".len();
        assert_eq!(found, [(0, "a"), (last, "b"), (last + 3, "\u{a0}c")]);
    }

    #[test]
    fn a_component_gets_no_line_of_which_it_cannot_be_sure() {
        assert!(matches!(unambiguous("{}\n\n \r\n{}"), Cow::Borrowed(_)));
        assert_eq!(unambiguous("{}\n\u{3000}\r\n\u{a0}x\n\u{b}"), "{}\n    \n\u{a0}x\n ");
        assert_eq!(unambiguous("\u{feff}"), "   ");
    }

    #[test]
    fn a_record_over_several_lines_keeps_its_length() {
        assert_eq!(on_one_line("{\r\n\"a\":\n1}"), "{  \"a\": 1}");
        assert!(matches!(on_one_line("{}"), Cow::Borrowed(_)));
    }

    /// The rule is written down twice, since the mapping is a program of its own.
    #[test]
    fn the_mapping_takes_the_same_lines_for_blank() {
        let mut session =
            exotrace_mapping::Session::open(&exotrace_mapping::versions::V2_2, &exotrace_mapping::Settings::default())
                .unwrap();
        for it in ('\0'..=char::MAX).filter(|it| *it != '\n') {
            let line = format!("{it}{it}");
            let outcomes = session
                .map_batch(&line, &exotrace_mapping::Origin::default(), &mut exotrace_mapping::NoGeo)
                .outcomes
                .len();
            assert_eq!(outcomes == 0, is_blank(&line), "{it:?}");
        }
    }
}
