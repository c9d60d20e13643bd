//! Reads an input to its end, one batch after another.

use std::io::{self, BufReader, Chain, Cursor, Read};

use crate::{
    at_end::AtEnd,
    batch::{Batch, BatchLimits},
    date_order::DateOrder,
    error::RecordsError,
    notice::{Notice, Problem},
    position::Position,
    reader::Reader,
    start::{START_BYTES, Start, leading_nuls},
    unpack::Unpacked,
};

/// How many records a batch has at most, and how many bytes: what a component gets at once.
pub(crate) const LIMITS: BatchLimits = BatchLimits { records: 1000, bytes: 128 * 1024 };

/// The beginning of an input, what went wrong behind it, and the rest.
type Input<R> = Chain<Chain<Cursor<Vec<u8>>, Failure>, Unpacked<BufReader<R>>>;

/// The records of an input that has an end, unpacked when it is compressed. Records with a date that no message was
/// received at are left out.
pub struct WholeInput<R: Read> {
    /// None when there is nothing in the input.
    reader: Option<Reader<Input<R>>>,
    notices: Vec<Notice>,
}

impl<R: Read> WholeInput<R> {
    /// Looks at the beginning of `input`. Dates that could be read in two ways are in `order`.
    ///
    /// # Errors
    ///
    /// When the input cannot be read, or holds something else than records.
    pub fn open(input: R, order: Option<DateOrder>) -> Result<Self, RecordsError> {
        let mut input = Unpacked::new(input).map_err(RecordsError::Read)?;
        let (bytes, nuls, failure) = beginning(&mut input);
        if bytes.is_empty() {
            let empty = Self { reader: None, notices: padding(&input) };
            return failure.map_or(Ok(empty), |error| Err(RecordsError::Read(error)));
        }
        let start = Start::of_whole(&bytes, nuls)?;
        let position = Position { date_order: order, ..start.position };
        let mut bytes = Cursor::new(bytes);
        bytes.set_position(position.offset - nuls);
        let input = bytes.chain(Failure(failure)).chain(input);
        Ok(Self { reader: Some(Reader::new(start, input, position, LIMITS).leaving_out()), notices: Vec::new() })
    }

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the input breaks off, or what follows cannot be told apart. What came before was given.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, RecordsError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let batch = reader.next(AtEnd::Take);
        self.notices.append(&mut reader.notices());
        if let Ok(None) = batch {
            self.notices.append(&mut padding(reader.input().get_ref().1));
            self.reader = None;
        }
        batch
    }

    /// What was noticed since this was asked last.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
}

/// What stands behind compressed contents, if anything does.
fn padding<R: io::BufRead>(input: &Unpacked<R>) -> Vec<Notice> {
    let notice = |count| Notice { line: 0, problem: Problem::Padding(count) };
    Some(input.left_out()).filter(|count| *count > 0).map(notice).into_iter().collect()
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
