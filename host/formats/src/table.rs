//! Tables: the CSV of `Export-Csv` and of the admin centre (host/docs/facts/ms-api.md, sections 4.4 and 4.6).

use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::memchr;

use super::{
    bad_date::BadDate,
    date,
    error::RecordsError,
    json::{End, Look},
    values::{ValueTrouble, Values},
};
use crate::{date_order::DateOrder, lines::is_blank_character};

mod columns;

use columns::{Columns, TableRow};

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
pub(super) enum TableCut {
    /// A row: its length in bytes, and its records; none when it is the header again.
    Row(usize, Vec<String>),
    /// A row that does not fit the header goes on as it is: where it is, and how many bytes behind it were looked at in
    /// vain.
    Odd(Range<usize>, usize),
    /// Nothing complete; this many bytes are consumed.
    More(usize),
    /// A whole row, of which nobody can tell day and month as long as no other row gives them away.
    Undecided,
    /// A row with an impossible date of receipt, its length in bytes, and its records.
    Refused(usize, BadDate, Vec<String>),
}

/// The fields of one row, one after another, and where they end.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Table {
    /// Reads the header that a text begins with, and gives its length as well; `None` when it is not a table.
    pub(super) fn begin(text: &str) -> Result<Option<(Self, usize)>, RecordsError> {
        let blanks = text.len() - text.trim_start_matches(is_blank_character).len();
        let (length, delimiter) = preamble(text.get(blanks..).unwrap_or_default());
        let start = blanks + length;
        let rest = text.get(start..).unwrap_or_default();
        if rest.starts_with(['{', '[', '<']) {
            return Ok(None);
        }
        if let Some(delimiter) = delimiter.filter(|it| !it.is_ascii()) {
            return Err(RecordsError::Delimiter { delimiter });
        }
        let named = delimiter.and_then(|it| u8::try_from(it).ok());
        let mut best: Option<(Columns, Reader, usize)> = None;
        for delimiter in named.into_iter().chain([b',', b';', b'\t', b'|']) {
            let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
            let mut fields = Fields::default();
            let Some(length) = fields.read(&mut reader, rest, End::Final) else { continue };
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

    /// Finds the next row, within one line when it may not go on over several.
    pub(super) fn cut(&mut self, text: &str, order: Option<DateOrder>, values: &mut Values, look: Look) -> TableCut {
        let Look { end, over_lines, has_nul, .. } = look;
        let start = blank_lines(text, end);
        let rest = text.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return TableCut::More(start);
        }
        let line_end = memchr(b'\n', rest.as_bytes()).map(|end| end + 1);
        let first_line = line_end.unwrap_or(rest.len());
        let line = rest.get(..first_line).unwrap_or_default();
        if line_end.is_some() && preamble(line).0 == line.len() {
            return TableCut::Row(start + first_line, Vec::new());
        }
        let looked_at = if over_lines || line_end.is_none() { rest } else { line };
        let end = if over_lines || line_end.is_none() { end } else { End::Final };
        let odd = |length: usize, seen: usize| {
            // Behind NUL bytes, something new may begin.
            let row = rest.get(..length).unwrap_or_default();
            let nul = if has_nul { memchr(0, row.as_bytes()) } else { None };
            let length = nul.unwrap_or(length);
            TableCut::Odd(start..start + length, seen.saturating_sub(length))
        };
        let Some(length) = self.fields.read(&mut self.reader, looked_at, end) else {
            return if rest.len() > MAX_ROW_BYTES { odd(first_line, rest.len()) } else { TableCut::More(start) };
        };
        if length > MAX_ROW_BYTES {
            return odd(first_line, length);
        }
        let row = rest.get(..length).unwrap_or_default();
        if has_nul && memchr(0, row.as_bytes()).is_some() {
            let row = row.replace('\0', "");
            self.fields.read(&mut self.reader, &row, End::Final);
        }
        let fields = self.fields.all();
        if self.columns.is_header(&fields) {
            return TableCut::Row(start + length, Vec::new());
        }
        match self.columns.row(&fields, order, values) {
            Ok(TableRow::Records(records)) => TableCut::Row(start + length, records),
            // Of a row with an open quote, only the first line: the next ones may be fine.
            Ok(TableRow::Odd) => odd(length.min(first_line), length),
            Err(ValueTrouble::Ambiguous) => TableCut::Undecided,
            Err(ValueTrouble::Refused(date)) => {
                let row = values.with_any_date(|values| self.columns.row(&fields, order, values));
                let records = if let Ok(TableRow::Records(records)) = row { records } else { Vec::new() };
                TableCut::Refused(start + length, date, records)
            }
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

/// What may stand before a header, line by line: the type of PowerShell, and the delimiter for Excel. Gives its length,
/// and the delimiter if it is said.
pub(super) fn preamble(text: &str) -> (usize, Option<char>) {
    let (mut length, mut delimiter) = (0, None);
    while let Some(line) = text.get(length..).and_then(|rest| rest.split_inclusive('\n').next()) {
        let content = line.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}');
        match (content.starts_with("#TYPE"), separator(content)) {
            (true, _) => {}
            (false, Some(named)) => delimiter = Some(named),
            (false, None) => break,
        }
        length += line.len();
    }
    (length, delimiter)
}

/// The delimiter that a line such as `sep=;` names.
fn separator(line: &str) -> Option<char> {
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let (key, named) = line.split_at_checked(4)?;
    if !key.eq_ignore_ascii_case("sep=") {
        return None;
    }
    let mut characters = named.chars();
    // Some editors add delimiters to fill the row up.
    let named = characters.next()?;
    characters.all(|it| it == named || it == ',' || it == ';').then_some(named)
}

/// The length of the blank lines that a text begins with, and of what is blank at the beginning of a row.
fn blank_lines(text: &str, end: End) -> usize {
    let mut length = 0;
    while let Some(line) = text.get(length..).and_then(|rest| rest.split_inclusive('\n').next()) {
        let rest = line.trim_start_matches(is_blank_character);
        if rest.is_empty() && (line.ends_with('\n') || end == End::Final) {
            length += line.len();
            continue;
        }
        let marks = line.len() - line.trim_start_matches(['\r', '\n', '\0', '\u{feff}']).len();
        return length + marks;
    }
    length
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
                ReadRecordResult::InputEmpty if matches!(end, End::Open | End::Last) => return None,
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
