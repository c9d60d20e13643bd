//! Cuts what people have in files into records, one a line: NDJSON, JSON arrays, OData pages, indented JSON, and the
//! tables of `Export-Csv` and of the admin centre, in the encodings that PowerShell writes.
//!
//! Does not judge records: a line that is not JSON goes on as it is, and the mapping says what is wrong with it.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read},
};

use chrono::Utc;

mod address;
mod batch;
mod date;
mod json;
mod likeness;
mod members;
mod page;
mod push_value;
mod reader;
mod start;
mod status;
mod table;
mod text;
mod unpack;
mod values;

pub use batch::Limits;
pub use likeness::Likeness;
pub use page::rows;
pub use reader::{AtEnd, Reader};
pub use start::{START_BYTES, Start};
pub use unpack::{TooMuch, Unpacked};
pub use values::BadDate;

use crate::config::DateOrder;
use batch::Batches;
use values::{Trouble, Values};

/// How many records a batch has at most, and how many bytes: what a component gets at once.
const LIMITS: Limits = Limits { records: 1000, bytes: 128 * 1024 };

/// The longest line, value or page that is read, in bytes. A mapping accepts less; this only bounds the memory.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// Records that go through the mapping together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The records, one a line; there may be empty lines between them.
    pub records: String,
    /// How many they are.
    pub count: usize,
    /// Where in the file the batch begins, when its records stand there as they are.
    pub offset: Option<u64>,
    /// In which line of the file its first record begins, counted from 1.
    pub line: u64,
    /// Everything before is in this batch or was in one before it.
    pub after: Position,
}

/// A place in a file, from which reading can go on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// How many bytes are before it.
    pub offset: u64,
    /// In which line it is, counted from 1.
    pub line: u64,
    /// Whether it is between the elements of a JSON array.
    pub is_in_array: bool,
    /// What is known of how the file writes dates.
    pub date_order: Option<DateOrder>,
}

/// Why reading had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file or pipe broke off.
    #[error("could not read on")]
    Read(#[source] io::Error),
    /// It is another kind of file.
    #[error("{0}")]
    Unlike(Likeness),
    /// Its delimiter is not one byte.
    #[error(
        "its line `sep=` names the delimiter `{delimiter}`, which is not ASCII\nhint: write the table with another delimiter"
    )]
    Delimiter {
        /// Which.
        delimiter: char,
    },
    /// A table lacks columns without which its rows say too little.
    #[error(
        "table has no column `{missing}`; it has {found}\nhint: export with `Get-MessageTraceV2` or `Get-MessageTrace`, or the \
         summary or enhanced summary of the admin centre"
    )]
    Columns {
        /// Which, with what is between their names.
        missing: String,
        /// Which there are, for people.
        found: String,
    },
    /// A table of something else.
    #[error(
        "column `{column}` belongs to a report of events, not of messages\nhint: export the summary or the enhanced summary"
    )]
    Events {
        /// The column that gives it away.
        column: String,
    },
    /// Nobody can tell the day from the month.
    #[error("line {0}: day and month of its dates cannot be told apart")]
    AmbiguousDates(u64),
    /// Some dates have the day first, and others the month.
    #[error("some dates have the day first and others the month")]
    MixedDates,
    /// The program is wrong: it found a record of no length.
    #[error(
        "reading does not get past line {line}, byte {offset}\nhint: please report this with the file's text there"
    )]
    Stuck {
        /// In which line, counted from 1.
        line: u64,
        /// How many bytes are before it.
        offset: u64,
    },
    /// A date that no message was received at: then others may be misread as well.
    #[error("line {line}: {date}")]
    Date {
        /// In which line, counted from 1.
        line: u64,
        /// Which, and why.
        date: BadDate,
    },
    /// Whoever takes the batches wants no more.
    #[error("stopped")]
    Stopped,
}

impl RecordsError {
    /// What to do about it; `date_order` is how the order of dates is set, for people.
    pub fn hint(&self, date_order: &str) -> Option<String> {
        match self {
            Self::AmbiguousDates(_) | Self::MixedDates => Some(format!("say which stands first: {date_order}")),
            Self::Date { date, .. } => Some(date.hint().to_owned()),
            _ => None,
        }
    }
}

/// Something about a file that people should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// In which line, or shortly after it; counted from 1.
    pub line: u64,
    /// What.
    pub problem: Problem,
}

/// What is the matter with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It is not UTF-8, so it is read as Windows-1252.
    NotUtf8,
    /// It has another number of fields than the table has columns; it goes on as it is.
    Odd,
    /// It is longer than any record can be; it is left out.
    TooLong,
    /// No message was received then; it is left out.
    Date(BadDate),
    /// Day and month of its date cannot be told apart; it is left out.
    AmbiguousDate,
    /// The file ends within a value that begins there, or within an array; what was whole is given.
    Torn,
    /// The file goes on in another encoding.
    OtherEncoding,
    /// So many NUL bytes were left out of the file up to there.
    Nuls(u64),
    /// So many bytes behind the compressed contents were left out.
    Padding(u64),
}

impl Problem {
    /// Whether something is left out.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::TooLong | Self::Torn | Self::Date(_) | Self::AmbiguousDate)
    }

    /// The same for people.
    pub fn explain(self) -> Cow<'static, str> {
        match self {
            Self::NotUtf8 => "not UTF-8; read as Windows-1252".into(),
            Self::Odd => "row does not fit the header of its table; it goes on as it is".into(),
            Self::TooLong => "longer than 64 MiB; left out".into(),
            Self::Date(date) => format!("{date}; left out").into(),
            Self::AmbiguousDate => "day and month of its date cannot be told apart; left out".into(),
            Self::Torn => "the file is not whole: it ends within the array or the value that begins here".into(),
            Self::OtherEncoding => "the encoding changes; read on in the other one".into(),
            Self::Nuls(count) => format!("{count} NUL bytes of the file were left out").into(),
            Self::Padding(count) => format!("{count} bytes behind the compressed contents were left out").into(),
        }
    }
}

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
pub fn leading_nuls(bytes: &[u8]) -> usize {
    const BLOCK_BYTES: usize = 512;
    bytes.chunks_exact(BLOCK_BYTES).take_while(|block| block.iter().all(|byte| *byte == 0)).count() * BLOCK_BYTES
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
    let whole = Limits { records: usize::MAX, bytes: usize::MAX };
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
                Err(Trouble::Ambiguous) => Problem::AmbiguousDate,
                Err(Trouble::Refused(date)) => Problem::Date(date),
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
