//! Reads a file piece by piece, and gives its records in batches.

use std::io::Read;

use super::{
    Batch, Limits, MAX_LINE_BYTES, Notice, Position, Problem, RecordsError, Start,
    batch::Batches,
    date,
    json::{self, End},
    page,
    table::{self, Table},
    text::Window,
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
        }
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
            let before = self.position;
            if self.step(end)? {
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

    /// Gives on what is next; says whether there was something.
    fn step(&mut self, end: End) -> Result<bool, RecordsError> {
        if self.is_skipping {
            return Ok(self.skip_rest());
        }
        self.is_waiting = false;
        let text = self.window.rest();
        let used = match &mut self.table {
            None => {
                let (before, value) = match json::cut(text, &mut self.position.is_in_array, end) {
                    json::Cut::Value(place) => (place.end, Some(place)),
                    json::Cut::More(used) => {
                        self.is_waiting = used < text.len();
                        (used, None)
                    }
                };
                let Some(place) = value else {
                    self.advance(before);
                    return Ok(false);
                };
                let value = text.get(place.clone()).unwrap_or_default();
                match page::rows(value) {
                    None => push(&mut self.batches, &self.window, value, place.start),
                    Some(rows) => {
                        for row in rows {
                            let start = row.get().as_ptr().addr() - text.as_ptr().addr();
                            push(&mut self.batches, &self.window, row.get(), start);
                        }
                    }
                }
                before
            }
            Some(table) => match table.cut(text, self.position.date_order, end) {
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
                table::Cut::Undecided => match table.date_order(text)? {
                    Some(order) => {
                        self.position.date_order = Some(order);
                        return Ok(true);
                    }
                    None if end == End::Open && text.len() <= MAX_LINE_BYTES => {
                        self.is_waiting = true;
                        return Ok(false);
                    }
                    None => return Err(RecordsError::AmbiguousDates(self.position.line)),
                },
            },
        };
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

/// Adds a value that begins so far into the rest of the window.
fn push(batches: &mut Batches, window: &Window, value: &str, start: usize) {
    match date::rewrite(value) {
        Some(rewritten) => batches.push(&rewritten, None),
        None => batches.push(value, window.verbatim(start, start + value.len())),
    }
}
