//! Which rows of a page belong to its window. Pure.
//!
//! A filter that a service ignores gives rows of other times (host/docs/facts/ms-api.md, section 0). Those that have a
//! window of their own are left to it; all others are delivered, however odd their date is: no window would ever bring
//! them.

use chrono::{DateTime, Duration, SubsecRound as _, Utc};

use super::{clock::AGREEMENT, page::Row};
use crate::{
    ledger::{Delivered, Known, RowVerdict, Window},
    pipeline::Summary,
};

/// For how long a row with a date in the future is known, at most: as long as a service keeps mail.
const LONGEST_KNOWN: Duration = Duration::days(90);

/// Where a row belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belongs {
    /// To the window that was asked for, or it does not say where.
    Here,
    /// To a window that was read before or is still to come.
    Elsewhere,
    /// To no window at all.
    Nowhere,
}

/// The times for which there are windows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// What was asked for.
    pub(super) asked: Window,
    /// The first time that was ever asked for.
    pub(super) first: DateTime<Utc>,
    /// The last time that any window to come may have by now.
    pub(super) now: DateTime<Utc>,
}

impl Times {
    /// Where a row belongs that was received then.
    pub(super) fn place(&self, received: Option<DateTime<Utc>>) -> Belongs {
        // The service holds finer times than a query and the ledger.
        let Some(received) = received.map(|received| received.trunc_subsecs(3)) else { return Belongs::Here };
        if (self.asked.start..=self.asked.end).contains(&received) {
            Belongs::Here
        } else if (self.first..=self.now + AGREEMENT).contains(&received) {
            Belongs::Elsewhere
        } else {
            Belongs::Nowhere
        }
    }

    /// What the ledger notes of a row. A row that does not say when it was received, or says something odd, is known
    /// for as long as the newest of its window.
    pub(super) fn delivered(&self, row: &Row) -> Delivered {
        let end = self.asked.end.min(self.now);
        let received = match (self.place(row.received), row.received) {
            (Belongs::Nowhere, Some(received)) if received > end => received.min(end + LONGEST_KNOWN),
            (Belongs::Nowhere, _) | (_, None) => end,
            (_, Some(received)) => received,
        };
        Delivered { key: row.key, received }
    }
}

/// What becomes of the rows of a page.
pub(super) struct Judgement {
    /// For every row, whether it is delivered.
    pub(super) wanted: Vec<bool>,
    /// Rows that had been delivered before and have to be known for longer.
    pub(super) touched: Vec<Delivered>,
    /// What was counted.
    pub(super) summary: Summary,
}

impl Judgement {
    /// Judges rows, which are known from now on. Everything received before `known_until` had been read before.
    pub(super) fn of(rows: &[Row], known: &mut Known, times: Times, known_until: Option<DateTime<Utc>>) -> Self {
        let summary = Summary { pages: 1, rows: rows.len() as u64, ..Summary::default() };
        let mut judgement = Self { wanted: Vec::with_capacity(rows.len()), touched: Vec::new(), summary };
        for row in rows {
            let is_wanted = judgement.is_wanted(row, known, times, known_until);
            judgement.wanted.push(is_wanted);
        }
        judgement
    }

    /// How many rows are delivered.
    pub(super) fn count(&self) -> usize {
        self.wanted.iter().filter(|is_wanted| **is_wanted).count()
    }

    fn is_wanted(&mut self, row: &Row, known: &mut Known, times: Times, known_until: Option<DateTime<Utc>>) -> bool {
        let place = times.place(row.received);
        if place == Belongs::Elsewhere {
            self.summary.skipped += 1;
            return false;
        }
        let is_odd = place == Belongs::Nowhere;
        match known.judge(row.key) {
            RowVerdict::Repeated => {
                self.summary.repeated += 1;
                if is_odd {
                    // It may come with every page.
                    self.touched.push(times.delivered(row));
                }
                return false;
            }
            RowVerdict::Changed => self.summary.changed += 1,
            RowVerdict::New => {
                let is_late = known_until.is_some_and(|until| row.received.is_some_and(|it| it < until));
                self.summary.late += u64::from(is_late && !is_odd);
            }
        }
        self.summary.misdated += u64::from(is_odd);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::record_key::RecordKey;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000_000 + hours * 3600, 0).unwrap()
    }

    const DAY: i64 = 24;

    #[track_caller]
    fn check(received: Option<DateTime<Utc>>, place: Belongs, known_until: DateTime<Utc>) {
        let times = Times { asked: Window { start: at(0), end: at(DAY) }, first: at(-3 * DAY), now: at(2 * DAY) };
        let key = RecordKey { identity: [1; 16], content: [2; 8] };
        let row = Row { text: String::new(), key, received };
        assert_eq!((times.place(received), times.delivered(&row).received), (place, known_until));
    }

    #[test]
    fn only_what_has_a_window_of_its_own_is_left_to_it() {
        for hours in [0, 5, DAY] {
            check(Some(at(hours)), Belongs::Here, at(hours));
        }
        for hours in [-3 * DAY, -1, DAY + 1, 2 * DAY] {
            check(Some(at(hours)), Belongs::Elsewhere, at(hours));
        }
        let far = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        check(None, Belongs::Here, at(DAY));
        check(Some(at(-3 * DAY - 1)), Belongs::Nowhere, at(DAY));
        check(far("0001-01-01T00:00:00Z"), Belongs::Nowhere, at(DAY));
        check(Some(at(4 * DAY)), Belongs::Nowhere, at(4 * DAY));
        check(far("9999-12-31T23:59:59Z"), Belongs::Nowhere, at(91 * DAY));
    }

    #[test]
    fn a_time_between_milliseconds_belongs_to_the_one_before() {
        check(Some(at(DAY) + Duration::microseconds(900)), Belongs::Here, at(DAY) + Duration::microseconds(900));
    }
}
