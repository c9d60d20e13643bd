//! Reads a file piece by piece, and gives its records in batches.

use std::io::Read;

use chrono::Utc;

use super::{
    Batch, Limits, MAX_LINE_BYTES, Notice, Position, Problem, RecordsError, Start,
    batch::Batches,
    json::{self, End},
    page,
    table::{self, Table},
    text::Window,
    values::{self, Trouble, Values},
};

/// How much is read at once, at least.
const PIECE_BYTES: usize = 256 * 1024;

/// What to do where the input ends for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// What is not whole waits for the rest of it.
    Wait,
    /// The same, but nothing has come for a while: the last row of a table is whole.
    Settled,
    /// Nothing comes any more: what is left goes on as it is.
    Take,
}

/// Reads records.
pub struct Reader<R> {
    input: R,
    window: Window,
    table: Option<Table>,
    position: Position,
    batches: Batches,
    notices: Vec<Notice>,
    /// In the middle of something too long, which is left out up to the end of its line.
    is_skipping: bool,
    /// How much more is read next: a value that is long is not looked at over and over.
    piece: usize,
    has_other_bytes: bool,
    /// Whether something is left that is not whole.
    is_waiting: bool,
    /// Whether it waits for a date that gives the order of day and month away.
    is_undecided: bool,
    values: Values,
    /// Whether records with a bad date are left out; else they end the reading, and it can be tried again.
    leaves_out: bool,
    /// Why reading cannot go on; what came before is given first.
    failed: Option<RecordsError>,
}

impl<R: Read> Reader<R> {
    /// Reads on from `position`, which is where `input` has to be.
    pub fn new(start: Start, input: R, position: Position, limits: Limits) -> Self {
        let mut batches = Batches::new(limits);
        batches.reached(position);
        Self {
            input,
            window: Window::new(start.encoding, position.offset),
            table: start.table,
            position,
            batches,
            notices: Vec::new(),
            is_skipping: false,
            piece: PIECE_BYTES,
            has_other_bytes: false,
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
        loop {
            if let Some(batch) = self.batches.take() {
                return Ok(Some(batch));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let before = self.position;
            let is_further = match self.step(end) {
                Ok(is_further) => is_further,
                Err(error) => {
                    self.batches.finish();
                    self.failed = Some(error);
                    continue;
                }
            };
            if is_further {
                // Whatever is in a file, reading it comes to an end.
                if self.position == before {
                    return Err(RecordsError::Stuck { line: before.line, offset: before.offset });
                }
                continue;
            }
            if self.window.rest().len() > MAX_LINE_BYTES {
                self.skip();
            } else if self.fill()? > 0 {
                end = End::Open;
            } else if end == End::Open && at_end != AtEnd::Wait {
                end = if at_end == AtEnd::Take { End::Final } else { End::Settled };
                if end == End::Final {
                    self.window.end();
                }
            } else {
                self.batches.finish();
                return Ok(self.batches.take());
            }
        }
    }

    /// What was noticed since this was asked last.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
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
        if self.table.is_some() { self.step_table(end) } else { self.step_json(end) }
    }

    fn step_json(&mut self, end: End) -> Result<bool, RecordsError> {
        let text = self.window.rest();
        let place = match json::cut(text, &mut self.position.is_in_array, end) {
            json::Cut::Value(place) => place,
            json::Cut::More(used) => {
                self.is_waiting = used < text.len();
                self.advance(used);
                return Ok(false);
            }
        };
        let value = text.get(place.clone()).unwrap_or_default();
        if self.batches.is_empty() {
            let before = text.get(..place.start).unwrap_or_default();
            self.batches.begin(self.position.line + memchr::memchr_iter(b'\n', before.as_bytes()).count() as u64);
        }
        let order = self.position.date_order;
        let mut troubles = Vec::new();
        match page::rows(value) {
            None => match self.values.record(value, order) {
                Ok(None) => {
                    self.batches.push(value, self.window.verbatim(place.start, place.end));
                }
                Ok(Some(rewritten)) => self.batches.push(&rewritten, None),
                Err(trouble) => troubles.push((place.start, trouble)),
            },
            Some(rows) => {
                let start = |row: &str| row.as_ptr().addr() - text.as_ptr().addr();
                let read: Vec<_> = rows.iter().map(|row| self.values.record(row.get(), order)).collect();
                let failed =
                    rows.iter().zip(&read).filter_map(|(row, read)| Some((start(row.get()), read.as_ref().err()?)));
                troubles.extend(failed.map(|(start, trouble)| (start, *trouble)));
                // All of the page or nothing of it, unless reading goes on behind it in any case.
                let is_read = troubles.iter().all(|(_, trouble)| self.leaves_out && *trouble != Trouble::Ambiguous);
                for (row, read) in rows.iter().zip(read).filter(|_| is_read) {
                    let row = row.get();
                    match read {
                        Ok(None) => {
                            let start = start(row);
                            self.batches.push(row, self.window.verbatim(start, start + row.len()));
                        }
                        Ok(Some(rewritten)) => self.batches.push(&rewritten, None),
                        Err(_) => {}
                    }
                }
            }
        }
        if !troubles.is_empty() {
            return self.meet(&troubles, place.end, end);
        }
        self.advance(place.end);
        Ok(true)
    }

    fn step_table(&mut self, end: End) -> Result<bool, RecordsError> {
        let text = self.window.rest();
        let Some(table) = &mut self.table else { return Ok(false) };
        if self.batches.is_empty() {
            self.batches.begin(self.position.line);
        }
        let used = match table.cut(text, self.position.date_order, &mut self.values, end) {
            table::Cut::Row(used, records) => {
                for record in &records {
                    self.batches.push(record, None);
                }
                used
            }
            table::Cut::Odd(used) => {
                let row = text.get(..used).unwrap_or_default().trim();
                self.batches.push(row, None);
                self.notices.push(Notice { line: self.position.line, problem: Problem::Odd });
                used
            }
            table::Cut::More(used) => {
                self.is_waiting = used < text.len();
                self.advance(used);
                return Ok(false);
            }
            table::Cut::Undecided => return self.meet(&[(0, Trouble::Ambiguous)], 0, end),
            table::Cut::Refused(used, date) => return self.meet(&[(0, Trouble::Refused(date))], used, end),
        };
        self.advance(used);
        Ok(true)
    }

    /// Decides what becomes of records that cannot be taken, by where they begin in the rest of the window; `used` is
    /// where they end. Says whether reading goes on.
    fn meet(&mut self, troubles: &[(usize, Trouble)], used: usize, end: End) -> Result<bool, RecordsError> {
        let text = self.window.rest();
        let line = |start: usize| {
            let before = text.get(..start).unwrap_or_default();
            self.position.line + memchr::memchr_iter(b'\n', before.as_bytes()).count() as u64
        };
        if let Some((start, _)) = troubles.iter().find(|(_, trouble)| *trouble == Trouble::Ambiguous) {
            let order = match &mut self.table {
                Some(table) => table.date_order(text)?,
                None => values::date_order(text)?,
            };
            return match order {
                Some(order) => {
                    self.position.date_order = Some(order);
                    Ok(true)
                }
                None if end == End::Open && text.len() <= MAX_LINE_BYTES => {
                    self.is_waiting = true;
                    self.is_undecided = true;
                    Ok(false)
                }
                None => Err(RecordsError::AmbiguousDates(line(*start))),
            };
        }
        let mut bad = troubles.iter().filter_map(|(start, trouble)| match trouble {
            Trouble::Refused(date) => Some((line(*start), *date)),
            Trouble::Ambiguous => None,
        });
        if !self.leaves_out
            && let Some((line, date)) = bad.next()
        {
            return Err(RecordsError::Date { line, date });
        }
        let notices = bad.map(|(line, date)| Notice { line, problem: Problem::Date(date) });
        self.notices.extend(notices);
        self.advance(used);
        Ok(true)
    }

    fn advance(&mut self, used: usize) {
        let text = self.window.rest().get(..used).unwrap_or_default();
        self.position.line += memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
        self.window.advance(used);
        self.position.offset = self.window.position();
        self.batches.reached(self.position);
    }

    /// Reads more; gives how much it was.
    fn fill(&mut self) -> Result<usize, RecordsError> {
        self.piece = PIECE_BYTES.max(self.window.rest().len());
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(self.piece as u64).read_to_end(&mut bytes);
        read.map_err(RecordsError::Read)?;
        self.window.add(&bytes);
        if self.window.has_other_bytes && !self.has_other_bytes {
            self.has_other_bytes = true;
            self.notices.push(Notice { line: self.position.line, problem: Problem::NotUtf8 });
        }
        Ok(bytes.len())
    }

    /// Leaves out what is too long.
    fn skip(&mut self) {
        self.notices.push(Notice { line: self.position.line, problem: Problem::TooLong });
        self.is_skipping = true;
        self.skip_rest();
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
