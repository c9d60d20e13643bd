//! Cuts what people have in files into records, one a line: NDJSON, JSON arrays, OData pages, indented JSON, and the
//! tables of `Export-Csv` and of the admin centre, in the encodings that PowerShell writes.
//!
//! Does not judge records: a line that is not JSON goes on as it is, and the mapping says what is wrong with it.

use std::io::{self, BufRead, Read};

use chrono::Utc;

mod address;
mod at_end;
mod bad_date;
mod batch;
mod credit;
mod date;
mod error;
mod json;
mod likeness;
mod members;
mod notice;
mod page;
mod position;
mod push_value;
mod reader;
mod start;
mod status;
mod table;
mod text;
mod unpack;
mod values;

pub(crate) use at_end::AtEnd;
pub(crate) use batch::{Batch, BatchLimits, RefusedRecord};
pub(crate) use error::RecordsError;
pub(crate) use notice::{Notice, Problem};
pub(crate) use page::rows;
pub(crate) use position::Position;
pub(crate) use reader::Reader;
pub(crate) use start::{START_BYTES, Start};
pub(crate) use unpack::{TooMuch, Unpacked};

use crate::sources::file::DateOrder;
use batch::Batches;
use reader::MAX_LINE_BYTES;
use values::{ValueTrouble, Values};

/// How many records a batch has at most, and how many bytes: what a component gets at once.
const LIMITS: BatchLimits = BatchLimits { records: 1000, bytes: 128 * 1024 };

/// Takes batches, and what was noticed.
pub(crate) trait Sink {
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
pub(crate) fn read(input: impl Read, order: Option<DateOrder>, sink: &mut impl Sink) -> Result<(), RecordsError> {
    let mut input = Unpacked::new(input).map_err(RecordsError::Read)?;
    read_unpacked(&mut input, order, sink)?;
    if input.left_out() > 0 {
        sink.notice(Notice { line: 0, problem: Problem::Padding(input.left_out()) });
    }
    Ok(())
}

fn read_unpacked(mut input: impl Read, order: Option<DateOrder>, sink: &mut impl Sink) -> Result<(), RecordsError> {
    let (bytes, nuls, failure) = beginning(&mut input);
    if bytes.is_empty() {
        return failure.map_or(Ok(()), |error| Err(RecordsError::Read(error)));
    }
    let start = Start::of_whole(&bytes, nuls)?;
    let position = Position { date_order: order, ..start.position };
    let offset = usize::try_from(position.offset - nuls).unwrap_or(bytes.len());
    let input = bytes.get(offset..).unwrap_or_default().chain(Failure(failure)).chain(input);
    let mut reader = Reader::new(start, input, position, LIMITS).leaving_out();
    loop {
        let batch = reader.next(AtEnd::Take);
        reader.notices().into_iter().for_each(|notice| sink.notice(notice));
        let Some(batch) = batch? else { return Ok(()) };
        if !sink.batch(batch) {
            return Err(RecordsError::Stopped);
        }
    }
}

/// Fails once, where reading failed before, or not at all.
struct Failure(Option<io::Error>);

impl Read for Failure {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The first bytes of an input behind the NUL bytes that it begins with, as `copytruncate` of logrotate leaves them, and
/// how many these are.
fn beginning(input: &mut impl Read) -> (Vec<u8>, u64, Option<io::Error>) {
    let (mut bytes, mut nuls) = (Vec::new(), 0);
    loop {
        let missing = START_BYTES - bytes.len();
        let before = bytes.len();
        let failure = input.take(missing as u64).read_to_end(&mut bytes).err();
        let is_end = failure.is_some() || bytes.len() - before < missing;
        let passed = leading_nuls(&bytes);
        bytes.drain(..passed);
        nuls += passed as u64;
        if is_end || passed == 0 {
            return (bytes, nuls, failure);
        }
    }
}

/// How many NUL bytes are passed over at the beginning of a file: whole blocks of them, since a few may be halves of
/// characters, which is found out later.
pub(crate) fn leading_nuls(bytes: &[u8]) -> usize {
    const BLOCK_BYTES: usize = 512;
    bytes.chunks_exact(BLOCK_BYTES).take_while(|block| block.iter().all(|byte| *byte == 0)).count() * BLOCK_BYTES
}

/// Reads `input` to its end, every line a record or a page, and gives `sink` one batch a line before it waits for the
/// next one. The batch is empty when there is no record in the line.
///
/// # Errors
///
/// When the input breaks off. What came before was given to `sink`.
pub(crate) fn read_line_by_line(
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
