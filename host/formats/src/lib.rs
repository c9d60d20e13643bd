//! Cuts what people have in files into records, one a line: NDJSON, JSON arrays, OData pages, indented JSON, and the
//! tables of `Export-Csv` and of the admin centre, in the encodings that PowerShell writes.
//!
//! The host reads with it, and so does the playground in a browser. Does not judge records: a line that is not JSON goes
//! on as it is, and the mapping says what is wrong with it.
#![forbid(unsafe_code)]

use std::io::{BufRead, Read};

use chrono::Utc;

mod address;
mod at_end;
mod bad_date;
mod batch;
mod credit;
mod date;
mod date_order;
mod error;
mod json;
mod likeness;
pub mod lines;
mod members;
mod notice;
mod page;
mod position;
pub mod property;
mod push_value;
mod reader;
mod start;
mod status;
mod table;
mod text;
mod unpack;
mod values;
mod whole;

pub use at_end::AtEnd;
pub use bad_date::BadDate;
pub use batch::{Batch, BatchLimits, RefusedRecord};
pub use date_order::DateOrder;
pub use error::RecordsError;
pub use notice::{Notice, Problem};
pub use page::rows;
pub use position::Position;
pub use reader::Reader;
pub use start::{START_BYTES, Start, leading_nuls};
pub use unpack::{TooMuch, Unpacked};
pub use whole::WholeInput;

use batch::Batches;
use reader::MAX_LINE_BYTES;
use values::{ValueTrouble, Values};

/// Takes batches, and what was noticed.
pub trait Sink {
    /// Takes the next batch, and answers whether to go on.
    fn batch(&mut self, batch: Batch) -> bool;
    /// Hears of something that is out of order.
    fn notice(&mut self, notice: Notice);
}

/// Reads `input` to its end, unpacked when it is compressed, and gives its records to `sink`. Dates that could be read in
/// two ways are in `order`. Records with a date that no message was received at are left out.
///
/// # Errors
///
/// When the input breaks off, or cannot be cut into records. What came before was given to `sink`.
pub fn read(input: impl Read, order: Option<DateOrder>, sink: &mut impl Sink) -> Result<(), RecordsError> {
    let mut input = WholeInput::open(input, order)?;
    loop {
        let batch = input.next_batch();
        input.notices().into_iter().for_each(|notice| sink.notice(notice));
        let Some(batch) = batch? else { return Ok(()) };
        if !sink.batch(batch) {
            return Err(RecordsError::Stopped);
        }
    }
}

/// Reads `input` to its end, every line a record or a page, and gives `sink` one batch a line before it waits for the
/// next one. The batch is empty when there is no record in the line.
///
/// # Errors
///
/// When the input breaks off. What came before was given to `sink`.
pub fn read_line_by_line(
    mut input: impl BufRead,
    order: Option<DateOrder>,
    sink: &mut impl Sink,
) -> Result<(), RecordsError> {
    let mut values = Values::new(Utc::now);
    let whole = BatchLimits { records: usize::MAX, bytes: usize::MAX };
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let limited = &mut Read::take(&mut input, MAX_LINE_BYTES as u64);
        if limited.read_until(b'\n', &mut line).map_err(RecordsError::Read)? == 0 {
            break;
        }
        if line.len() == MAX_LINE_BYTES {
            sink.notice(Notice { line: number, problem: Problem::TooLong });
            input.skip_until(b'\n').map_err(RecordsError::Read)?;
            line.clear();
        }
        if str::from_utf8(&line).is_err() {
            sink.notice(Notice { line: number, problem: Problem::NotUtf8 });
        }
        let text = str::from_utf8(&line).map_or_else(|_| text::windows_1252(&line), Into::into);
        let mut batches = Batches::new(whole);
        batches.begin(number);
        let record = text.trim();
        let mut push = |record: &str| {
            let problem = match values.record(record, order) {
                Ok(rewritten) => return batches.push(rewritten.as_deref().unwrap_or(record), None),
                Err(ValueTrouble::Ambiguous) => Problem::AmbiguousDate,
                Err(ValueTrouble::Refused(date)) => Problem::Date(date),
            };
            sink.notice(Notice { line: number, problem });
        };
        match rows(record) {
            Some(rows) => rows.iter().for_each(|row| push(row.get())),
            None => push(record),
        }
        batches.finish();
        if !sink.batch(batches.take().unwrap_or_default()) {
            return Err(RecordsError::Stopped);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
