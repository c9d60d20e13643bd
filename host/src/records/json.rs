//! Cuts JSON into records: lines, arrays, objects over many lines, any of them one after another.
//!
//! What is broken costs one line: that goes on as it is, and the mapping says what is wrong with it.

use std::ops::Range;

use memchr::memchr;
use serde_json::value::RawValue;

use crate::lines::is_blank_character;

/// What comes next in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cut {
    /// A record, or a page, or a line that is neither.
    Value(Range<usize>),
    /// Nothing that is whole. So much of the text is between values, and used up.
    More(usize),
}

/// What the end of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// More may come.
    Open,
    /// Nothing has come for a while: a table's last row is whole.
    Settled,
    /// Nothing comes any more.
    Final,
}

/// Finds the next value; `is_in_array` says whether it is an element of an array, and is kept up to date.
pub(super) fn cut(text: &str, is_in_array: &mut bool, end: End) -> Cut {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let Some(byte) = bytes.get(at) else { return Cut::More(at) };
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => at += 1,
            b'[' if !*is_in_array => {
                *is_in_array = true;
                at += 1;
            }
            b']' => {
                *is_in_array = false;
                at += 1;
            }
            byte if byte.is_ascii_graphic() => break,
            // Anything else that is blank, such as the byte order marks of files that were put together.
            _ => match text.get(at..).and_then(|rest| rest.chars().next()).filter(|it| is_blank_character(*it)) {
                Some(blank) => at += blank.len_utf8(),
                None => break,
            },
        }
    }
    let line_end = memchr(b'\n', bytes.get(at..).unwrap_or_default()).map(|length| at + length);
    let line = text.get(at..line_end.unwrap_or(text.len())).unwrap_or_default().trim_end();
    if !*is_in_array && line_end.is_some() && line.starts_with('{') && line.ends_with('}') {
        return Cut::Value(at..at + line.len());
    }
    if *is_in_array || line.starts_with('{') {
        match value(text.get(at..).unwrap_or_default()) {
            Whole::Yes(length) if at + length < text.len() || line.ends_with('}') || end == End::Final => {
                return Cut::Value(at..at + length);
            }
            Whole::Yes(_) => return Cut::More(at),
            Whole::NotYet if end == End::Final => return Cut::Value(at..text.trim_end().len()),
            Whole::NotYet => return Cut::More(at),
            Whole::Never => {}
        }
    }
    if line_end.is_none() && end != End::Final { Cut::More(at) } else { Cut::Value(at..at + line.len()) }
}

/// Whether a text begins with a whole value.
enum Whole {
    /// It is so long.
    Yes(usize),
    NotYet,
    Never,
}

fn value(text: &str) -> Whole {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(value)) => Whole::Yes(value.get().len()),
        Some(Err(error)) if error.is_eof() => Whole::NotYet,
        _ => Whole::Never,
    }
}
