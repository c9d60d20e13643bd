//! Adds what was cut out of a file to a batch: a record, or the rows of a page.

use std::borrow::Cow;

use super::{
    batch::{Batches, RefusedRecord},
    page,
    text::TextWindow,
    values::{ValueTrouble, Values},
};
use crate::date_order::DateOrder;

/// In which line of the file the rest of the window begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstLine(pub(super) u64);

/// Adds a value that begins so far into the rest of the window, or says which records of it cannot be taken. Those with
/// a bad date are refused where `refuses` says so.
pub(super) fn push_value(
    batches: &mut Batches,
    values: &mut Values,
    window: &TextWindow,
    (order, refuses): (Option<DateOrder>, Option<FirstLine>),
    (value, start): (&str, usize),
) -> Vec<(usize, ValueTrouble)> {
    let refuse = |batches: &mut Batches, values: &mut Values, record: &str, begin: usize, trouble: ValueTrouble| {
        if let (Some(FirstLine(first)), ValueTrouble::Refused(date)) = (refuses, trouble) {
            let before = window.rest().get(..start + begin).unwrap_or_default();
            let line = first + memchr::memchr_iter(b'\n', before.as_bytes()).count() as u64;
            let rewritten = values.record_as_dated(record, order);
            let record = rewritten.unwrap_or_else(|| record.to_owned());
            batches.refuse(RefusedRecord { record, line, date });
        }
    };
    let has_nul = window.has_nul && memchr::memchr(0, value.as_bytes()).is_some();
    let clean = if has_nul { Cow::Owned(value.replace('\0', "")) } else { Cow::Borrowed(value) };
    let place = |begin: usize, length: usize| {
        if has_nul { None } else { window.verbatim(start + begin, start + begin + length) }
    };
    let Some(rows) = page::rows(&clean) else {
        return match values.record(&clean, order) {
            Ok(None) => {
                batches.push(&clean, place(0, clean.len()));
                Vec::new()
            }
            Ok(Some(rewritten)) => {
                batches.push(&rewritten, None);
                Vec::new()
            }
            Err(trouble) => {
                refuse(batches, values, &clean, 0, trouble);
                vec![(start, trouble)]
            }
        };
    };
    let begin = |row: &str| row.as_ptr().addr() - clean.as_ptr().addr();
    let read: Vec<_> = rows.iter().map(|row| values.record(row.get(), order)).collect();
    let failed = rows.iter().zip(&read).filter_map(|(row, read)| Some((begin(row.get()), *read.as_ref().err()?)));
    let troubles: Vec<_> = failed.map(|(begin, trouble)| (start + begin, trouble)).collect();
    // All of the page or nothing of it.
    let is_read = troubles.iter().all(|(_, trouble)| *trouble != ValueTrouble::Ambiguous);
    for (row, read) in rows.iter().zip(read).filter(|_| is_read) {
        let row = row.get();
        match read {
            Ok(None) => batches.push(row, place(begin(row), row.len())),
            Ok(Some(rewritten)) => batches.push(&rewritten, None),
            Err(trouble) => refuse(batches, values, row, begin(row), trouble),
        }
    }
    troubles
}
