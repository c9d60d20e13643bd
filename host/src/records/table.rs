//! Tables: the CSV of `Export-Csv` and of the admin centre (ms-api.md, sections 4.4 and 4.6).

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{
    RecordsError, date,
    json::End,
    values::{BadDate, Trouble, Values},
};
use crate::config::DateOrder;

mod columns;

use columns::{Columns, Row};

/// The longest row. What is longer has a quote that nothing closes.
const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;

/// A table of which the header was read.
pub(super) struct Table {
    columns: Columns,
    reader: Reader,
    fields: Fields,
}

/// What comes next in a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A row: so many bytes, and the records that it is; none when it is the header once more.
    Row(usize, Vec<String>),
    /// A row that does not fit the header goes on as it is, so many bytes.
    Odd(usize),
    /// Nothing that is whole; so many bytes are used up.
    More(usize),
    /// A whole row, of which nobody can tell day and month as long as no other row gives them away.
    Undecided,
    /// A row with a date that no message was received at, so many bytes.
    Refused(usize, BadDate),
}

/// The fields of one row, one after another, and where they end.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Table {
    /// Reads the header that a text begins with, and gives its length as well; `None` when it is no table.
    pub(super) fn begin(text: &str) -> Result<Option<(Self, usize)>, RecordsError> {
        let mut start = text.len() - text.trim_start().len();
        let rest = |start: usize| text.get(start..).unwrap_or_default();
        if rest(start).starts_with("#TYPE") {
            start += rest(start).find('\n').map_or(rest(start).len(), |end| end + 1);
        }
        if rest(start).starts_with(['{', '[']) {
            return Ok(None);
        }
        let mut best: Option<(Columns, Reader, usize)> = None;
        for delimiter in [b',', b';', b'\t'] {
            let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
            let mut fields = Fields::default();
            let Some(length) = fields.read(&mut reader, rest(start), End::Final) else { continue };
            let columns = Columns::new(fields.all());
            if best.as_ref().is_none_or(|(best, ..)| columns.likeness() > best.likeness()) {
                best = Some((columns, reader, length));
            }
        }
        let Some((columns, reader, length)) = best.filter(|(columns, ..)| columns.likeness() > 0) else {
            return Ok(None);
        };
        columns.check()?;
        Ok(Some((Self { columns, reader, fields: Fields::default() }, start + length)))
    }

    /// Finds the next row.
    pub(super) fn cut(&mut self, text: &str, order: Option<DateOrder>, values: &mut Values, end: End) -> Cut {
        let start = text.len() - text.trim_start_matches(['\r', '\n']).len();
        let rest = text.get(start..).unwrap_or_default();
        let first_line = rest.find('\n').map_or(rest.len(), |end| end + 1);
        if rest.starts_with("#TYPE") && first_line < rest.len() {
            return Cut::Row(start + first_line, Vec::new());
        }
        let Some(length) = self.fields.read(&mut self.reader, rest, end) else {
            return if rest.len() > MAX_ROW_BYTES { Cut::Odd(start + first_line) } else { Cut::More(start) };
        };
        let fields = self.fields.all();
        if self.columns.is_header(&fields) {
            return Cut::Row(start + length, Vec::new());
        }
        match self.columns.row(&fields, order, values) {
            Ok(Row::Records(records)) => Cut::Row(start + length, records),
            // Of a row with an open quote, only the first line: the next ones may be fine.
            Ok(Row::Odd) if length > first_line => Cut::Odd(start + first_line),
            Ok(Row::Odd) => Cut::Odd(start + length),
            Err(Trouble::Ambiguous) => Cut::Undecided,
            Err(Trouble::Refused(date)) => Cut::Refused(start + length, date),
        }
    }

    /// The order of day and month that the rows of a text give away.
    pub(super) fn date_order(&mut self, mut text: &str) -> Result<Option<DateOrder>, RecordsError> {
        let mut found = None;
        while let Some(length) = self.fields.read(&mut self.reader, text, End::Open) {
            let fields = self.fields.all();
            for value in self.columns.dates(&fields) {
                match (date::order(value), found) {
                    (Some(order), Some(other)) if order != other => return Err(RecordsError::MixedDates),
                    (Some(order), _) => found = Some(order),
                    (None, _) => {}
                }
            }
            text = text.get(length..).unwrap_or_default();
        }
        Ok(found)
    }
}

impl Fields {
    /// Reads one row, and gives its length; `None` when there is no whole one.
    fn read(&mut self, reader: &mut Reader, text: &str, end: End) -> Option<usize> {
        reader.reset();
        self.text.resize(self.text.len().max(1024), 0);
        self.ends.resize(self.ends.len().max(64), 0);
        let (mut length, mut written, mut ended) = (0, 0, 0);
        let mut input = text.as_bytes();
        loop {
            let text = self.text.get_mut(written..)?;
            let ends = self.ends.get_mut(ended..)?;
            let (result, read, wrote, fields) = reader.read_record(input, text, ends);
            input = input.get(read..)?;
            length += read;
            written += wrote;
            ended += fields;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                // Asked once more with nothing, it takes the row to be at its end.
                ReadRecordResult::InputEmpty if end == End::Open => return None,
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::End => return None,
            }
        }
        self.count = ended;
        // The row ends at the first of the two.
        let is_cut = text.as_bytes().get(..length).is_some_and(|row| row.ends_with(b"\r"));
        let has_more = text.as_bytes().get(length) == Some(&b'\n');
        Some(length + usize::from(is_cut && has_more))
    }

    fn all(&self) -> Vec<&str> {
        let mut start = 0;
        let ends = self.ends.iter().take(self.count);
        ends.map(|end| {
            let field = self.text.get(start..*end).and_then(|field| str::from_utf8(field).ok());
            start = *end;
            field.unwrap_or_default()
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
