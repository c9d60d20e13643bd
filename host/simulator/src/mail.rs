//! All mail of the tenant, made from the seed.
//!
//! The rows come out in the order of an answer, so a million of them need no sorting as a whole.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Row, TenantConfig};

mod address;
mod draw;
mod flow;
mod message;
mod network;
mod odd;
mod population;
mod subject;

use address::AddressBook;
use message::Message;

/// One message in this number shares the millisecond of the one before.
const SHARED_MILLISECOND: u32 = 40;

/// Number of blocks remembered: a client that reads page by page finds the next one made.
const REMEMBERED: usize = 8;

/// The mail of a tenant, made block by block when somebody looks at it: a large tenant takes no memory for what nobody
/// asks for. Equal settings give equal mail, in any order of looking at it.
pub(crate) struct Mail {
    config: TenantConfig,
    /// What is yet to come at the start, and what is there then.
    spreads: [Spread; 2],
    /// The blocks that were looked at last, by their numbers; the newest is at the end.
    remembered: Mutex<VecDeque<(usize, Arc<[Row]>)>>,
}

impl Mail {
    pub(crate) fn new(config: &TenantConfig) -> Self {
        let start = config.start();
        let most = config.block_rows.max(1);
        let later = Spread::new(start + config.horizon, config.horizon, (config.later_rows(), most), 2);
        let spreads = [later, Spread::new(start, config.span, (config.rows, most), 0)];
        Self { config: config.clone(), spreads, remembered: Mutex::default() }
    }

    /// All rows, newest first and then by recipient; those that are yet to come, too.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        (0..self.blocks()).flat_map(|number| self.block(number).to_vec())
    }

    /// Blocks of rows, newest first: all that have rows of this time or before.
    pub(crate) fn until(&self, end: DateTime<Utc>) -> impl Iterator<Item = Arc<[Row]>> {
        let first = self.first(|number| self.place(number).oldest() <= end);
        (first..self.blocks()).map(|number| self.block(number))
    }

    /// Blocks of rows, oldest first: all that have rows of this time or later.
    pub(crate) fn since(&self, start: DateTime<Utc>) -> impl Iterator<Item = Arc<[Row]>> {
        let behind = self.first(|number| self.place(number).end < start);
        (0..behind).rev().map(|number| self.block(number))
    }

    fn blocks(&self) -> usize {
        self.spreads.iter().map(|spread| spread.blocks).sum()
    }

    /// The first block of which something is so that is so of all later ones.
    fn first(&self, is_so: impl Fn(usize) -> bool) -> usize {
        let (mut from, mut to) = (0, self.blocks());
        while from < to {
            let middle = from + (to - from) / 2;
            if is_so(middle) { to = middle } else { from = middle + 1 }
        }
        from
    }

    /// Where the rows of a block lie in time.
    fn place(&self, number: usize) -> MailClock {
        let [later, initial] = &self.spreads;
        match number.checked_sub(later.blocks) {
            None => later.block(number),
            Some(number) => initial.block(number),
        }
    }

    fn block(&self, number: usize) -> Arc<[Row]> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rows)) = remembered.iter().find(|(known, _)| *known == number) {
            return Arc::clone(rows);
        }
        let rows: Arc<[Row]> = self.make(number).into();
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((number, Arc::clone(&rows)));
        rows
    }

    fn make(&self, number: usize) -> Vec<Row> {
        let clock = self.place(number);
        let is_initial = number >= self.spreads[0].blocks;
        let (oldest, end) = (clock.oldest(), clock.end);
        let mut rows = fill(&self.config, clock);
        if is_initial {
            // The last block has what lies before all.
            let is_last = number + 1 == self.blocks();
            let is_within = |time| time <= end && (time >= oldest || is_last);
            odd::add_tie(&mut rows, &self.config, is_within);
        }
        odd::set_statuses(&mut rows, &self.config);
        rows
    }
}

/// Rows that are spread over a span of time, in blocks of which no two have rows of the same millisecond.
struct Spread {
    /// The newest time, in whole milliseconds as all times of rows are.
    end: DateTime<Utc>,
    span_ms: i64,
    rows: usize,
    blocks: usize,
    /// Keeps its random numbers apart from others.
    stream: u64,
}

impl Spread {
    /// This number of rows, in blocks of at most this many.
    fn new(end: DateTime<Utc>, span: Duration, (rows, most_in_block): (usize, usize), stream: u64) -> Self {
        // One less, so that rounding the end down puts no row before the span.
        let span_ms = (span.num_milliseconds() - 1).max(0);
        let most = usize::try_from(span_ms).unwrap_or(usize::MAX).max(1);
        // One without rows as well, which may have a tie.
        let blocks = rows.div_ceil(most_in_block).clamp(1, most);
        Self { end: end.trunc_subsecs(3), span_ms, rows, blocks, stream }
    }

    /// The block with this number, counted from the newest.
    fn block(&self, number: usize) -> MailClock {
        let share = |all: u128, number: usize| all * number as u128 / self.blocks as u128;
        let ms = |number| i64::try_from(share(self.span_ms.unsigned_abs().into(), number)).unwrap_or(i64::MAX);
        let rows = |number| usize::try_from(share(self.rows as u128, number)).unwrap_or(usize::MAX);
        MailClock {
            end: self.end - Duration::milliseconds(ms(number)),
            span_ms: ms(number + 1) - ms(number),
            rows: rows(number + 1) - rows(number),
            // Streams 0 to 3 are the first ones of mail, tokens and ties.
            stream: self.stream + 4 * number as u64,
        }
    }
}

/// Makes the rows of a block.
fn fill(config: &TenantConfig, clock: MailClock) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(clock.stream);
    let book = AddressBook::new(&config.domain, config.people);
    let mut journal = Journal::new(clock.rows);
    let mut received = clock.end;
    while journal.rows.len() < clock.rows {
        if journal.rows.is_empty() || !rng.random_ratio(1, SHARED_MILLISECOND) {
            received = clock.time_of_row(journal.rows.len(), &mut rng);
        }
        journal.add(received, flow::message(&mut rng, &book));
    }
    journal.finish()
}

/// Spreads the rows of a block over its span of time.
struct MailClock {
    end: DateTime<Utc>,
    span_ms: i64,
    rows: usize,
    stream: u64,
}

impl MailClock {
    /// Returns a time for the row at `index`: at random within its share of the span.
    fn time_of_row(&self, index: usize, rng: &mut impl Rng) -> DateTime<Utc> {
        let share = (index as f64 + rng.random::<f64>()) / self.rows as f64;
        self.end - Duration::milliseconds((share * self.span_ms as f64) as i64)
    }

    /// The oldest time that a row of it may have: the next block begins a millisecond before.
    fn oldest(&self) -> DateTime<Utc> {
        self.end - Duration::milliseconds((self.span_ms - 1).max(0))
    }
}

/// The rows so far. No two of one millisecond have the same recipient: paging relies on it.
struct Journal {
    rows: Vec<Row>,
    limit: usize,
    /// Where the rows of the newest millisecond begin.
    block_start: usize,
    /// Their recipients, in lower case.
    block_recipients: HashSet<String>,
}

impl Journal {
    fn new(limit: usize) -> Self {
        Self { rows: Vec::with_capacity(limit), limit, block_start: 0, block_recipients: HashSet::new() }
    }

    /// Adds a row for each recipient of a message, as far as there is room.
    fn add(&mut self, received: DateTime<Utc>, message: Message) {
        if self.rows.last().is_some_and(|row| row.received != received) {
            self.close_block();
        }
        for mut row in message.into_rows(received) {
            if self.rows.len() == self.limit {
                return;
            }
            row.recipient = self.distinct(row.recipient);
            self.rows.push(row);
        }
    }

    fn finish(mut self) -> Vec<Row> {
        self.close_block();
        self.rows
    }

    fn close_block(&mut self) {
        if let Some(block) = self.rows.get_mut(self.block_start..) {
            block.sort_unstable_by(Row::cmp_place);
        }
        self.block_start = self.rows.len();
        self.block_recipients.clear();
    }

    /// Returns the recipient, with a number if the millisecond has that one already.
    ///
    /// Upper and lower case are the same here, as they are for programs that tell rows apart.
    fn distinct(&mut self, recipient: String) -> String {
        let mut candidate = recipient.clone();
        let mut number = self.block_recipients.len();
        while !self.block_recipients.insert(candidate.to_lowercase()) {
            number += 1;
            candidate = match recipient.rsplit_once('@') {
                Some((local, domain)) => format!("{local}{number}@{domain}"),
                None => format!("{recipient}{number}"),
            };
        }
        candidate
    }
}

#[cfg(test)]
mod tests;
