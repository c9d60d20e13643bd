//! Cuts JSON into records: lines, arrays, objects over many lines, any of them one after another.
//!
//! A value that is closed is whole at once; only a line that is not a value waits for its end. What is broken costs one
//! line: that goes on as it is, and the mapping says what is wrong with it.

use std::ops::Range;

use memchr::memchr;

use super::page;
use crate::lines::is_blank_character;

mod scan;

pub(super) use scan::{Scan, scan};

/// A record that ends its line within this many bytes is not read here, only by the mapping.
const LINE_BYTES: usize = 64 * 1024;

/// The members of a page that follow its rows are no longer than this, in bytes.
const TAIL_BYTES: usize = 64 * 1024;

/// What comes next in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cut {
    /// A record, or a page, or a line that is neither.
    Value(Range<usize>),
    /// The beginning of a page of which the end is missing: its rows follow like the elements of an array.
    Page(usize),
    /// Nothing that is whole. So much of the text is between values, and used up.
    More(usize),
    /// The input ends within this value, or within the line that it begins.
    Torn(Range<usize>),
}

/// What the end of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// More may come.
    Open,
    /// Nothing has come for a while: a table's last row is whole.
    Settled,
    /// Nothing comes while this process runs: what is whole of a page is taken from it.
    Last,
    /// The input has ended.
    Final,
}

/// How the next value is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) end: End,
    /// Whether a value may go on behind its line.
    pub(super) over_lines: bool,
    /// Whether there are NUL bytes somewhere in the text.
    pub(super) has_nul: bool,
    /// Whether the array is that of a page which was not whole.
    pub(super) in_page: bool,
}

/// Finds the next value; `is_in_array` says whether it is an element of an array, and is kept up to date. Gives as well
/// how many bytes behind what is used up were looked at in vain.
pub(super) fn cut(text: &str, is_in_array: &mut bool, look: Look) -> (Cut, usize) {
    let at = match separators(text, is_in_array, look) {
        Ok(at) => at,
        Err(cut) => return (cut, 0),
    };
    let rest = text.get(at..).unwrap_or_default();
    let Some(first) = rest.bytes().next() else { return (Cut::More(at), 0) };
    if !*is_in_array && first != b'{' {
        return (bare_line(rest, at, look.end), 0);
    }
    if !*is_in_array && let Some(length) = is_plain_line(rest, look.has_nul) {
        return (Cut::Value(at..at + length), 0);
    }
    let looked_at = if look.over_lines { rest } else { line(rest) };
    match scan(looked_at.as_bytes()) {
        // A number or a word may go on.
        Scan::Whole(length) if length < rest.len() || first.is_ascii_punctuation() && first != b'-' => {
            (Cut::Value(at..at + length), 0)
        }
        Scan::Whole(length) if look.end == End::Final => (Cut::Value(at..at + length), 0),
        Scan::Whole(_) => (Cut::More(at), 0),
        Scan::Open if look.over_lines && look.end < End::Last => (Cut::More(at), 0),
        Scan::Open if look.over_lines => (torn(rest, at, look.end), 0),
        Scan::Open | Scan::Broken(_) => {
            let seen = if let Scan::Broken(seen) = scan(looked_at.as_bytes()) { seen } else { looked_at.len() };
            let line = line(rest);
            if *is_in_array && line.ends_with(']') {
                // What is broken must not hide the end of its array.
                let length = line.trim_end_matches([']', ',', ' ', '\t']).len().max(1);
                return (Cut::Value(at..at + length), seen.saturating_sub(line.len()));
            }
            // Behind NUL bytes, something new may begin.
            let nul = if look.has_nul { memchr(0, line.as_bytes()) } else { None };
            match nul {
                Some(nul) => (Cut::Value(at..at + nul), seen.saturating_sub(nul)),
                None => (bare_line(rest, at, look.end), seen.saturating_sub(line.len())),
            }
        }
    }
}

/// Passes over what stands between values; says where it ends. Blanks at the end of the text are left, because they may
/// be halves of characters: what was read of a file ends behind a line or a value.
fn separators(text: &str, is_in_array: &mut bool, look: Look) -> Result<usize, Cut> {
    let bytes = text.as_bytes();
    let (mut at, mut used) = (0, 0);
    loop {
        let Some(byte) = bytes.get(at) else {
            return Err(Cut::More(if look.end == End::Final { at } else { used }));
        };
        match byte {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\n' | b',' => {
                at += 1;
                used = at;
            }
            // The end of a page that was not whole, or of something broken.
            b'}' => {
                at += 1;
                used = at;
            }
            b'[' if !*is_in_array => {
                *is_in_array = true;
                at += 1;
                used = at;
            }
            b']' => {
                let behind = text.get(at + 1..).unwrap_or_default();
                let is_cut = look.in_page && behind.trim_start_matches([' ', '\t', '\r', '\n', ',']).is_empty();
                let tail = match *is_in_array {
                    true if is_cut => Scan::Open,
                    true => tail(behind),
                    false => Scan::Whole(0),
                };
                match tail {
                    Scan::Whole(length) => at += 1 + length,
                    Scan::Open if look.end == End::Final => return Err(Cut::Torn(at..text.len())),
                    Scan::Open => return Err(Cut::More(at)),
                    Scan::Broken(_) => at += 1,
                }
                *is_in_array = false;
                used = at;
            }
            byte if byte.is_ascii_graphic() => return Ok(at),
            // Anything else that is blank, such as the byte order marks of files that were put together.
            _ => match text.get(at..).and_then(|rest| rest.chars().next()).filter(|it| is_blank_character(*it)) {
                Some(blank) => at += blank.len_utf8(),
                None => return Ok(at),
            },
        }
    }
}

/// The members of a page that follow its rows, and its end: of pages that were begun with [`Cut::Page`].
fn tail(text: &str) -> Scan {
    let rest = text.trim_start();
    let blanks = text.len() - rest.len();
    if !rest.strip_prefix(',').is_some_and(|rest| rest.trim_start().starts_with('"')) {
        return Scan::Whole(0);
    }
    const BEFORE: &[u8] = b"{\"\":0";
    let members = rest.as_bytes();
    let members = [BEFORE, members.get(..TAIL_BYTES).unwrap_or(members)].concat();
    match scan(&members) {
        Scan::Whole(length) => Scan::Whole(blanks + length - BEFORE.len()),
        Scan::Open if members.len() >= TAIL_BYTES => Scan::Whole(0),
        Scan::Open => Scan::Open,
        Scan::Broken(at) => Scan::Broken(at),
    }
}

/// The length of a line that is an object without another one in it, by how it looks: the mapping reads it anyway.
fn is_plain_line(text: &str, has_nul: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let end = memchr(b'\n', bytes.get(..LINE_BYTES).unwrap_or(bytes))?;
    let line = bytes.get(..end)?.trim_ascii_end();
    let is_plain = memchr(b'}', line).is_some_and(|at| at + 1 == line.len());
    (is_plain && !(has_nul && memchr(0, line).is_some())).then_some(line.len())
}

/// A line without its end.
fn line(text: &str) -> &str {
    let end = memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end()
}

fn bare_line(rest: &str, at: usize, end: End) -> Cut {
    if end != End::Final && memchr(b'\n', rest.as_bytes()).is_none() {
        return Cut::More(at);
    }
    Cut::Value(at..at + line(rest).len())
}

/// The input ends within a value: the rows of a page are taken from it, and of anything else the records that begin
/// lines of their own.
fn torn(rest: &str, at: usize, end: End) -> Cut {
    if let Some(length) = page::opens(rest) {
        return Cut::Page(at + length);
    }
    if end != End::Final {
        return Cut::More(at);
    }
    let mut begin = 0;
    while let Some(length) = memchr(b'\n', rest.as_bytes().get(begin..).unwrap_or_default()) {
        begin += length + 1;
        let next = line(rest.get(begin..).unwrap_or_default());
        if next.starts_with('{') && scan(next.as_bytes()) == Scan::Whole(next.len()) && page::is_row(next) {
            return Cut::Torn(at..at + begin);
        }
    }
    Cut::Torn(at..at + rest.len())
}
