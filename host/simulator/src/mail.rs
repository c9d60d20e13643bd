//! All mail of the tenant, made from the seed.
//!
//! The rows come out in the order of an answer, so a million of them need no sorting as a whole.

use std::collections::HashSet;

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
mod subject;

use address::AddressBook;
use message::Message;

/// How many messages share the millisecond of the one before: one in so many.
const SHARED_MILLISECOND: u32 = 40;

/// Makes all rows of a tenant, newest first, then by recipient; those that are yet to come, too.
pub(crate) fn generate(config: &TenantConfig) -> Vec<Row> {
    let start = config.start();
    let later = MailClock::new(start + config.horizon, config.horizon, config.later_rows());
    let mut rows = spread(config, 2, later);
    rows.append(&mut spread(config, 0, MailClock::new(start, config.span, config.rows)));
    odd::add_tie(&mut rows, config);
    odd::set_statuses(&mut rows, config);
    rows
}

/// Makes the rows of a clock. `stream` keeps their random numbers apart from others.
fn spread(config: &TenantConfig, stream: u64, clock: MailClock) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(stream);
    let book = AddressBook::new(&config.domain);
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

/// Spreads rows over a span of time.
struct MailClock {
    /// The newest time, in whole milliseconds as all times of rows are.
    end: DateTime<Utc>,
    span_ms: f64,
    rows: usize,
}

impl MailClock {
    fn new(end: DateTime<Utc>, span: Duration, rows: usize) -> Self {
        Self {
            end: end.trunc_subsecs(3),
            // One less, so that rounding the end down puts no row before the span.
            span_ms: (span.num_milliseconds() - 1).max(0) as f64,
            rows,
        }
    }

    /// Returns a time for the row at `index`: at random within its share of the span.
    fn time_of_row(&self, index: usize, rng: &mut impl Rng) -> DateTime<Utc> {
        let share = (index as f64 + rng.random::<f64>()) / self.rows as f64;
        self.end - Duration::milliseconds((share * self.span_ms) as i64)
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
