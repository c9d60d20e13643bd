//! Reads a file piece by piece, and gives its records in batches.

use std::io::{self, Read};

use chrono::Utc;

use super::{
    at_end::AtEnd,
    batch::{Batch, BatchLimits, Batches, RefusedRecord},
    credit::Credit,
    error::RecordsError,
    json::{self, End, Look},
    notice::{Notice, Problem},
    page,
    position::Position,
    push_value::{FirstLine, push_value},
    start::Start,
    table::{self, Table},
    text::TextWindow,
    values::{self, ValueTrouble, Values},
};
use crate::lines::is_blank;

/// The longest line, value or page that is read, in bytes. A mapping accepts less; this only bounds the memory.
pub(super) const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// How much is read at once, at least.
const PIECE_BYTES: usize = 256 * 1024;

/// Reads records.
///
/// Bounded: it holds one value, 64 MiB at most, and looks at every byte a bounded number of times.
pub struct Reader<R> {
    input: R,
    window: TextWindow,
    table: Option<Table>,
    position: Position,
    batches: Batches,
    notices: Vec<Notice>,
    /// In the middle of something too long, which is left out up to the end of its line.
    is_skipping: bool,
    /// Whether the array is that of a page which was not whole.
    in_page: bool,
    has_other_bytes: bool,
    has_other_encoding: bool,
    /// NUL bytes that were left out.
    nuls: u64,
    /// How much more may be looked at in vain.
    credit: Credit,
    /// Why the input broke off: said when what came before is given.
    failure: Option<io::Error>,
    /// Whether something is left that is not whole.
    is_waiting: bool,
    /// Whether it waits for a date that gives the order of day and month away.
    is_undecided: bool,
    values: Values,
    /// Whether records with a bad date are left out with a notice; else batches have them as refused ones.
    leaves_out: bool,
    /// Why reading cannot go on; what came before is given first.
    failed: Option<RecordsError>,
}

impl<R: Read> Reader<R> {
    /// Reads on from `position`, which is where `input` has to be.
    pub fn new(start: Start, input: R, position: Position, limits: BatchLimits) -> Self {
        let mut batches = Batches::new(limits);
        batches.reached(position);
        Self {
            input,
            window: TextWindow::new(start.encoding, position.offset),
            table: start.table,
            position,
            batches,
            notices: Vec::new(),
            is_skipping: false,
            in_page: false,
            has_other_bytes: false,
            has_other_encoding: false,
            nuls: if position.offset == start.position.offset { start.nuls } else { 0 },
            credit: Credit::new(),
            failure: None,
            is_waiting: false,
            is_undecided: false,
            values: Values::new(Utc::now),
            leaves_out: false,
            failed: None,
        }
    }

    /// Leaves out records with a date that no message was received at, and reads on.
    pub(super) fn leaving_out(self) -> Self {
        Self { leaves_out: true, ..self }
    }

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the input breaks off, or what follows cannot be told apart. What came before was given.
    pub fn next(&mut self, at_end: AtEnd) -> Result<Option<Batch>, RecordsError> {
        let mut end = End::Open;
        let mut has_ended = false;
        loop {
            if let Some(batch) = self.batches.take() {
                return Ok(Some(batch));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let before = (self.position, self.window.rest().len());
            match self.step(end) {
                // Reading ends for every file.
                Ok(true) if (self.position, self.window.rest().len()) == before => {
                    let Position { line, offset, .. } = self.position;
                    return Err(RecordsError::Stuck { line, offset });
                }
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.batches.finish();
                    self.failed = Some(error);
                    continue;
                }
            }
            if self.window.rest().len() > MAX_LINE_BYTES {
                self.give_up();
            } else if self.failure.is_none() && self.fill() > 0 {
                (end, has_ended) = (End::Open, false);
            } else if has_ended {
                return self.finish(at_end);
            } else {
                has_ended = true;
                end = at_end.of_text();
                match end {
                    End::Open => self.window.pause(),
                    End::Settled | End::Last => self.window.rest_here(),
                    End::Final => self.window.end(),
                }
                self.notice_encodings();
            }
        }
    }

    /// The input has ended for now.
    fn finish(&mut self, at_end: AtEnd) -> Result<Option<Batch>, RecordsError> {
        self.batches.finish();
        if let Some(batch) = self.batches.take() {
            return Ok(Some(batch));
        }
        if let Some(error) = self.failure.take() {
            return Err(RecordsError::Read(error));
        }
        let line = self.position.line;
        if self.position.is_in_array && matches!(at_end, AtEnd::Last | AtEnd::Take) && self.table.is_none() {
            self.is_waiting = true;
            if at_end == AtEnd::Take {
                self.notices.push(Notice { line, problem: Problem::Torn });
                self.position.is_in_array = false;
            }
        }
        let nuls = std::mem::take(&mut self.nuls);
        if nuls > 0 {
            self.notices.push(Notice { line, problem: Problem::Nuls(nuls) });
        }
        Ok(None)
    }

    /// What was noticed since this was asked last.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// What it reads.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// Where it is: everything before was given.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether something is left at the end that is not whole.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Whether what is left waits for a date that gives the order of day and month away.
    pub fn is_undecided(&self) -> bool {
        self.is_waiting && self.is_undecided
    }

    /// Gives on what is next; says whether there was something.
    fn step(&mut self, end: End) -> Result<bool, RecordsError> {
        if self.is_skipping {
            return Ok(self.skip_rest());
        }
        self.is_waiting = false;
        self.is_undecided = false;
        let look = Look { end, over_lines: self.credit.is_left(), has_nul: self.window.has_nul, in_page: self.in_page };
        if self.table.is_some() { self.step_in_table(look) } else { self.step_in_json(look) }
    }

    fn step_in_json(&mut self, look: Look) -> Result<bool, RecordsError> {
        let text = self.window.rest();
        let was_in_array = self.position.is_in_array;
        let (cut, wasted) = json::cut(text, &mut self.position.is_in_array, look);
        self.credit.spend(wasted);
        self.in_page &= self.position.is_in_array;
        let (used, is_whole) = match cut {
            json::Cut::Value(place) => {
                let value = text.get(place.clone()).unwrap_or_default();
                if self.batches.is_empty() {
                    self.batches.begin(self.line_at(place.start));
                }
                let refuses = (!self.leaves_out).then_some(FirstLine(self.position.line));
                let taken = (self.position.date_order, refuses);
                let troubles =
                    push_value(&mut self.batches, &mut self.values, &self.window, taken, (value, place.start));
                if !troubles.is_empty() {
                    let met = self.meet(&troubles, place.end, look.end);
                    if !matches!(met, Ok(true)) {
                        self.position.is_in_array = was_in_array;
                    }
                    return met;
                }
                (place.end, true)
            }
            json::Cut::Page(used) => {
                (self.position.is_in_array, self.in_page) = (true, true);
                (used, true)
            }
            json::Cut::Torn(place) => {
                self.notices.push(Notice { line: self.line_at(place.start), problem: Problem::Torn });
                // Said once.
                self.position.is_in_array = false;
                (place.end, true)
            }
            json::Cut::More(used) => {
                self.is_waiting = !is_blank(text.get(used..).unwrap_or_default());
                (used, false)
            }
        };
        self.advance(used);
        Ok(is_whole)
    }

    fn step_in_table(&mut self, look: Look) -> Result<bool, RecordsError> {
        let text = self.window.rest();
        let Some(table) = &mut self.table else { return Ok(false) };
        if self.batches.is_empty() {
            self.batches.begin(self.position.line);
        }
        let used = match table.cut(text, self.position.date_order, &mut self.values, look) {
            table::TableCut::Row(used, records) => {
                for record in &records {
                    self.batches.push(record, None);
                }
                used
            }
            table::TableCut::Odd(place, wasted) => {
                self.credit.spend(wasted);
                let row = text.get(place.clone()).unwrap_or_default().trim();
                if !is_blank(row) {
                    self.batches.push(&row.replace('\0', ""), None);
                    self.notices.push(Notice { line: self.position.line, problem: Problem::Odd });
                }
                place.end
            }
            table::TableCut::More(used) => {
                self.is_waiting = !is_blank(text.get(used..).unwrap_or_default());
                self.advance(used);
                return Ok(false);
            }
            table::TableCut::Undecided => return self.meet(&[(0, ValueTrouble::Ambiguous)], 0, look.end),
            table::TableCut::Refused(used, date, records) => {
                if !self.leaves_out {
                    let line = self.position.line;
                    records.into_iter().for_each(|record| self.batches.refuse(RefusedRecord { record, line, date }));
                }
                return self.meet(&[(0, ValueTrouble::Refused(date))], used, look.end);
            }
        };
        self.advance(used);
        Ok(true)
    }

    /// In which line a place in the rest of the window is.
    fn line_at(&self, start: usize) -> u64 {
        let before = self.window.rest().get(..start).unwrap_or_default();
        self.position.line + memchr::memchr_iter(b'\n', before.as_bytes()).count() as u64
    }

    /// Decides what becomes of records that cannot be taken, by where they begin in the rest of the window; `used` is
    /// where they end. Says whether reading goes on.
    fn meet(&mut self, troubles: &[(usize, ValueTrouble)], used: usize, end: End) -> Result<bool, RecordsError> {
        let text = self.window.rest();
        if let Some((start, _)) = troubles.iter().find(|(_, trouble)| *trouble == ValueTrouble::Ambiguous) {
            let order = match &mut self.table {
                Some(table) => table.date_order(text)?,
                None => values::date_order(text)?,
            };
            return match order {
                Some(order) => {
                    self.position.date_order = Some(order);
                    Ok(true)
                }
                None if matches!(end, End::Open | End::Last) && text.len() <= MAX_LINE_BYTES => {
                    self.is_waiting = true;
                    self.is_undecided = true;
                    Ok(false)
                }
                None => Err(RecordsError::AmbiguousDates(self.line_at(*start))),
            };
        }
        let bad = troubles.iter().filter_map(|(start, trouble)| match trouble {
            ValueTrouble::Refused(date) => Some((self.line_at(*start), *date)),
            ValueTrouble::Ambiguous => None,
        });
        if self.leaves_out {
            let notices: Vec<_> = bad.map(|(line, date)| Notice { line, problem: Problem::Date(date) }).collect();
            self.notices.extend(notices);
        }
        self.advance(used);
        Ok(true)
    }

    fn advance(&mut self, used: usize) {
        let text = self.window.rest().get(..used).unwrap_or_default();
        self.position.line += memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
        if self.window.has_nul {
            self.nuls += memchr::memchr_iter(0, text.as_bytes()).count() as u64;
        }
        self.window.advance(used);
        self.position.offset = self.window.position();
        self.batches.reached(self.position);
        self.credit.earn(used);
    }

    /// Reads more, at least as much as there is: a value that is long is not looked at over and over. Gives how much.
    fn fill(&mut self) -> usize {
        let piece = PIECE_BYTES.max(self.window.rest().len());
        let mut bytes = Vec::new();
        self.failure = self.input.by_ref().take(piece as u64).read_to_end(&mut bytes).err();
        self.window.add(&bytes);
        self.notice_encodings();
        bytes.len()
    }

    fn notice_encodings(&mut self) {
        let line = self.position.line;
        if self.window.has_other_bytes && !std::mem::replace(&mut self.has_other_bytes, true) {
            self.notices.push(Notice { line, problem: Problem::NotUtf8 });
        }
        if self.window.has_other_encoding && !std::mem::replace(&mut self.has_other_encoding, true) {
            self.notices.push(Notice { line, problem: Problem::OtherEncoding });
        }
    }

    /// Something is too long for a value: a page goes on row by row, of anything else the next lines are looked at one
    /// by one, and a single line is left out.
    fn give_up(&mut self) {
        let text = self.window.rest();
        if self.table.is_none()
            && let Some(used) = page::opens(text)
        {
            (self.position.is_in_array, self.in_page) = (true, true);
            self.advance(used);
        } else if memchr::memchr(b'\n', text.as_bytes()).is_some() {
            self.credit.exhaust(text.len());
        } else {
            self.notices.push(Notice { line: self.position.line, problem: Problem::TooLong });
            self.is_skipping = true;
            self.skip_rest();
        }
    }

    fn skip_rest(&mut self) -> bool {
        let text = self.window.rest();
        let end = memchr::memchr(b'\n', text.as_bytes()).map(|end| end + 1);
        let used = end.unwrap_or(text.len());
        self.is_skipping = end.is_none();
        self.advance(used);
        end.is_some()
    }
}
