//! Cuts what people have in files into records, one a line: NDJSON, a JSON array, OData pages, indented JSON.
//!
//! Does not judge records: a line that is not JSON goes on as it is, and the mapping says what is wrong with it.

use std::io::{self, BufRead};

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

mod page;

pub use page::rows;

/// How many records a batch has at most.
const BATCH_RECORDS: usize = 1000;

/// How many bytes of records a batch has, before the record that exceeds it: what a component gets at once.
const BATCH_BYTES: usize = 128 * 1024;

/// The longest line that is read, in bytes. A mapping accepts less; this only bounds the memory.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// Records that go through the mapping together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The records, one a line.
    pub records: String,
    /// How many they are.
    pub count: usize,
}

/// Why reading had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file or pipe broke off.
    #[error("could not read on after {0} records")]
    Read(usize, #[source] io::Error),
    /// A JSON array or an indented object is broken: what follows cannot be told apart any more.
    #[error("not JSON after {0} records")]
    Json(usize, #[source] serde_json::Error),
    /// One line is longer than any record can be.
    #[error("line {0} is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong(usize),
    /// Whoever takes the batches wants no more.
    #[error("stopped after {0} records")]
    Stopped(usize),
}

/// A line that could not be read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    /// Which line, counted from 1.
    pub line: usize,
    /// The first byte in it that is not UTF-8, counted from 0.
    pub byte: usize,
}

/// Takes batches, and lines that are no text. Each answers whether to go on.
pub trait Sink {
    /// Takes the next batch.
    fn batch(&mut self, batch: Batch) -> bool;
    /// Hears of a line that was left out.
    fn unreadable(&mut self, line: Unreadable);
}

/// Reads `input` to its end, and gives its records to `sink`.
///
/// # Errors
///
/// When the input breaks off, or cannot be cut into records. What came before was given to `sink`.
pub fn read(mut input: impl BufRead, sink: &mut impl Sink) -> Result<(), RecordsError> {
    let mut out = Batches { sink, batch: Batch::default(), given: 0 };
    let mut first = Vec::new();
    let mut number = 0;
    while first.trim_ascii().is_empty() {
        first.clear();
        number += 1;
        if read_line(&mut input, &mut first, number, 0)? == 0 {
            return out.finish();
        }
        if number == 1 && first.starts_with(b"\xef\xbb\xbf") {
            first.drain(..3);
        }
    }
    if first.trim_ascii_start().starts_with(b"[") {
        array(io::Read::chain(first.as_slice(), input), &mut out)?;
    } else if first.trim_ascii() == b"{" {
        objects(io::Read::chain(first.as_slice(), input), &mut out)?;
    } else {
        lines(input, first, number, &mut out)?;
    }
    out.finish()
}

/// Reads `input` to its end, every line a record or a page, and gives `sink` one batch a line before it waits for the
/// next one. The batch is empty when there is no record in the line.
///
/// # Errors
///
/// When the input breaks off. What came before was given to `sink`.
pub fn read_line_by_line(mut input: impl BufRead, sink: &mut impl Sink) -> Result<(), RecordsError> {
    let mut out = Batches { sink, batch: Batch::default(), given: 0 };
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        number += 1;
        if read_line(&mut input, &mut line, number, out.total())? == 0 {
            return Ok(());
        }
        out.push_line(&line, number)?;
        out.give()?;
    }
}

/// NDJSON, in which a line may also be a whole page.
fn lines<S: Sink>(
    mut input: impl BufRead,
    mut line: Vec<u8>,
    mut number: usize,
    out: &mut Batches<'_, S>,
) -> Result<(), RecordsError> {
    loop {
        out.push_line(&line, number)?;
        line.clear();
        number += 1;
        if read_line(&mut input, &mut line, number, out.total())? == 0 {
            return Ok(());
        }
    }
}

fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, number: usize, given: usize) -> Result<usize, RecordsError> {
    let limited = &mut io::Read::take(input, MAX_LINE_BYTES);
    let length = limited.read_until(b'\n', line).map_err(|error| RecordsError::Read(given, error))?;
    if length as u64 == MAX_LINE_BYTES {
        return Err(RecordsError::LineTooLong(number));
    }
    Ok(length)
}

/// One JSON array, of any length: its elements are given on while it is read.
fn array<S: Sink>(input: impl io::Read, out: &mut Batches<'_, S>) -> Result<(), RecordsError> {
    struct Elements<'b, 's, S>(&'b mut Batches<'s, S>, &'b mut Option<RecordsError>);

    impl<'de, S: Sink> Visitor<'de> for Elements<'_, '_, S> {
        type Value = ();

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an array of records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
            while let Some(element) = elements.next_element::<Box<RawValue>>()? {
                if let Err(error) = self.0.push(element.get()) {
                    *self.1 = Some(error);
                    return Err(serde::de::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }

    let mut stopped = None;
    let mut json = serde_json::Deserializer::from_reader(input);
    let read = json.deserialize_seq(Elements(out, &mut stopped)).and_then(|()| json.end());
    match stopped {
        Some(error) => Err(error),
        None => read.map_err(|error| RecordsError::Json(out.total(), error)),
    }
}

/// Objects over many lines, one after another, of which each may be a whole page.
fn objects<S: Sink>(input: impl io::Read, out: &mut Batches<'_, S>) -> Result<(), RecordsError> {
    for object in serde_json::Deserializer::from_reader(input).into_iter::<Box<RawValue>>() {
        let object = object.map_err(|error| RecordsError::Json(out.total(), error))?;
        out.push_page_or_record(object.get())?;
    }
    Ok(())
}

/// Puts records together to batches.
struct Batches<'s, S> {
    sink: &'s mut S,
    batch: Batch,
    given: usize,
}

impl<S: Sink> Batches<'_, S> {
    fn push_line(&mut self, line: &[u8], number: usize) -> Result<(), RecordsError> {
        match str::from_utf8(line) {
            Ok(text) => self.push_page_or_record(text)?,
            Err(error) => self.sink.unreadable(Unreadable { line: number, byte: error.valid_up_to() }),
        }
        Ok(())
    }

    fn push_page_or_record(&mut self, text: &str) -> Result<(), RecordsError> {
        match rows(text) {
            Some(rows) => rows.iter().try_for_each(|row| self.push(row.get())),
            None => self.push(text),
        }
    }

    fn push(&mut self, record: &str) -> Result<(), RecordsError> {
        let record = record.trim_matches([' ', '\t', '\r', '\n']);
        if record.is_empty() {
            return Ok(());
        }
        if self.batch.count > 0 && self.batch.records.len() + record.len() > BATCH_BYTES {
            self.give()?;
        }
        if record.contains('\n') {
            // JSON over several lines: there they stand between its parts, where a blank does as well.
            self.batch.records.push_str(&record.replace(['\r', '\n'], " "));
        } else {
            self.batch.records.push_str(record);
        }
        self.batch.records.push('\n');
        self.batch.count += 1;
        if self.batch.count == BATCH_RECORDS { self.give() } else { Ok(()) }
    }

    fn give(&mut self) -> Result<(), RecordsError> {
        self.given += self.batch.count;
        let batch = std::mem::take(&mut self.batch);
        if self.sink.batch(batch) { Ok(()) } else { Err(RecordsError::Stopped(self.given)) }
    }

    fn total(&self) -> usize {
        self.given + self.batch.count
    }

    fn finish(mut self) -> Result<(), RecordsError> {
        if self.batch.count == 0 { Ok(()) } else { self.give() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Collected {
        records: Vec<String>,
        unreadable: Vec<Unreadable>,
    }

    impl Sink for Collected {
        fn batch(&mut self, batch: Batch) -> bool {
            assert_eq!(batch.records.lines().count(), batch.count);
            self.records.extend(batch.records.lines().map(str::to_owned));
            true
        }

        fn unreadable(&mut self, line: Unreadable) {
            self.unreadable.push(line);
        }
    }

    #[track_caller]
    fn check(input: impl AsRef<[u8]>, expected: &[&str]) {
        let mut collected = Collected::default();
        read(input.as_ref(), &mut collected).unwrap();
        assert_eq!(collected.records, expected);
    }

    #[test]
    fn lines_are_records() {
        check("", &[]);
        check("\n \n", &[]);
        check("{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}", &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
        check("\u{feff}{\"a\":1}\n", &[r#"{"a":1}"#]);
    }

    #[test]
    fn lines_that_are_not_json_go_on_as_they_are() {
        check("{\"a\":\nnonsense\n{}", &["{\"a\":", "nonsense", "{}"]);
    }

    #[test]
    fn an_array_is_cut_into_its_elements() {
        check("[]", &[]);
        check("[{\"a\":1},\n {\"b\":\n 2}]\n", &[r#"{"a":1}"#, r#"{"b":  2}"#]);
        check("\n[\n1]", &["1"]);
    }

    #[test]
    fn pages_are_cut_into_their_rows() {
        let page = r#"{"@odata.context":"x","value":[{"a":1},{"b":2}],"@odata.nextLink":"y"}"#;
        check(page, &[r#"{"a":1}"#, r#"{"b":2}"#]);
        check(
            format!("{page}\n{{\"c\":3}}\n{page}"),
            &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#, r#"{"a":1}"#, r#"{"b":2}"#],
        );
        check("{\n \"@odata.context\": \"x\",\n \"value\": [\n {\n\"a\": 1}\n]\n}\n", &["{ \"a\": 1}"]);
    }

    #[test]
    fn an_empty_page_stays_a_record_for_the_mapping_to_drop() {
        check(r#"{"odata.metadata":"x","value":[]}"#, &[r#"{"odata.metadata":"x","value":[]}"#]);
    }

    #[test]
    fn indented_objects_are_records() {
        check("{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n", &["{   \"a\": 1 }", "{   \"b\": 2 }"]);
    }

    #[test]
    fn a_line_that_is_not_text_is_named() {
        let mut collected = Collected::default();
        read(b"{}\n{\"a\":\"\xff\"}\n{}".as_slice(), &mut collected).unwrap();
        assert_eq!(collected.records, ["{}", "{}"]);
        assert_eq!(collected.unreadable, [Unreadable { line: 2, byte: 6 }]);
    }

    #[test]
    fn line_by_line_nothing_waits_for_the_next_line() {
        struct Given(Vec<String>);
        impl Sink for Given {
            fn batch(&mut self, batch: Batch) -> bool {
                self.0.push(batch.records);
                true
            }
            fn unreadable(&mut self, line: Unreadable) {
                self.0.push(format!("line {}", line.line));
            }
        }
        let mut given = Given(Vec::new());
        let input = b"{\n\n[1]\n\xff\n{\"value\":[1,2]}\nend";
        read_line_by_line(input.as_slice(), &mut given).unwrap();
        assert_eq!(given.0, ["{\n", "", "[1]\n", "line 4", "", "1\n2\n", "end\n"]);
    }

    #[test]
    fn a_broken_array_says_how_far_it_went() {
        let mut collected = Collected::default();
        let error = read(b"[{},{}".as_slice(), &mut collected).unwrap_err();
        assert_eq!(error.to_string(), "not JSON after 2 records");
    }

    #[test]
    fn batches_have_a_bounded_size() {
        struct Sizes(Vec<usize>);
        impl Sink for Sizes {
            fn batch(&mut self, batch: Batch) -> bool {
                self.0.push(batch.count);
                true
            }
            fn unreadable(&mut self, _: Unreadable) {}
        }
        let mut sizes = Sizes(Vec::new());
        read("{}\n".repeat(2 * BATCH_RECORDS + 1).as_bytes(), &mut sizes).unwrap();
        assert_eq!(sizes.0, [BATCH_RECORDS, BATCH_RECORDS, 1]);
        let mut sizes = Sizes(Vec::new());
        read(format!("{}\n", "x".repeat(BATCH_BYTES / 2)).repeat(3).as_bytes(), &mut sizes).unwrap();
        assert_eq!(sizes.0, [1, 1, 1]);
    }
}
