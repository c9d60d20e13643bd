//! The time of a service, as its answers tell it: what may be asked for, and what may be noted as covered.
//!
//! Three clocks know something: the wall clock of this machine, the steady clock since the last answer, and the `Date`
//! of an answer. Any of them may be wrong, and a wrong one must cost no mail. So two rules:
//!
//! - What is *asked for* goes up to the service's time. A `Date` that agrees with nothing that is known counts only when
//!   a second answer agrees with it.
//! - What is *noted as covered* lies in the past by two clocks that do not depend on one another, and by the `Date` of the
//!   very answer. Where no two clocks agree, the rows of the answer show what is past.

use chrono::{DateTime, Duration, Utc};
use http::HeaderMap;

use crate::support::{
    clock::{Clock, Moment, signed},
    http_response,
};

/// The header has whole seconds, and an answer takes its time: a smaller difference says nothing.
const NOTICED: Duration = Duration::seconds(3);

/// Clocks that differ by more do not agree.
pub(crate) const AGREEMENT: Duration = Duration::minutes(5);

/// A wall clock that has moved by more than the steady clock has jumped.
const JUMP: Duration = Duration::seconds(5);

/// What an answer says about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// When its head came, by our clocks.
    pub(super) at: Moment,
    /// When it was sent, by the clock of who answered.
    pub(super) date: Option<DateTime<Utc>>,
}

impl Seen {
    /// Reads the date of an answer.
    pub(super) fn new(at: Moment, headers: &HeaderMap) -> Self {
        Self { at, date: http_response::date(headers) }
    }
}

/// What an answer shows to be past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Past {
    /// Everything up to here, by two clocks; none when no two agree.
    pub proven: Option<DateTime<Utc>>,
    /// A row that was received up to here shows that this time is past.
    pub rows_until: DateTime<Utc>,
}

/// What another clock showed at a moment of ours.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    theirs: DateTime<Utc>,
    at: Moment,
}

impl Anchor {
    /// What that clock shows by now.
    fn at(self, now: Moment) -> DateTime<Utc> {
        let passed = now.steady.saturating_sub(self.at.steady);
        self.theirs.checked_add_signed(signed(passed)).unwrap_or(self.theirs)
    }
}

/// The clock of a service.
#[derive(Debug)]
pub(super) struct ServiceClock {
    clock: Clock,
    /// When this began.
    began: Moment,
    /// The time of the service, for what is asked for.
    believed: Option<Anchor>,
    /// A time on which two clocks agreed that do not depend on one another.
    proven: Option<Anchor>,
    /// A time that agrees with nothing, told by one answer.
    candidate: Option<Anchor>,
    /// The service refused to be asked for anything later.
    ceiling: Option<Anchor>,
    /// When an answer was last heard.
    heard: Option<Moment>,
}

impl ServiceClock {
    pub(super) fn new(clock: Clock) -> Self {
        Self { began: clock.read(), clock, believed: None, proven: None, candidate: None, ceiling: None, heard: None }
    }

    /// Our clocks.
    pub(super) fn ours(&self) -> &Clock {
        &self.clock
    }

    /// Takes the date of an answer that succeeded.
    pub(super) fn observe(&mut self, seen: Seen) {
        let Seen { at, date } = seen;
        self.heard = Some(at);
        let Some(date) = date else { return };
        let anchor = Anchor { theirs: if near(date, at.wall, NOTICED) { at.wall } else { date }, at };
        let is_told_by = |known: Option<Anchor>| known.is_some_and(|known| near(date, known.at(at), AGREEMENT));
        if near(date, at.wall, AGREEMENT) || is_told_by(self.proven) {
            // The earlier of both: neither may lie in the future.
            let other = if near(date, at.wall, AGREEMENT) { Some(at.wall) } else { self.proven.map(|it| it.at(at)) };
            let theirs = other.map_or(date, |other| other.min(date));
            (self.proven, self.believed, self.candidate) = (Some(Anchor { theirs, at }), Some(anchor), None);
        } else if is_told_by(self.believed) || is_told_by(self.candidate) {
            (self.believed, self.candidate) = (Some(anchor), None);
        } else {
            self.candidate = Some(anchor);
        }
    }

    /// Up to when things may be asked for: ours as long as nothing else is known.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let now = self.clock.read();
        // As long as nobody else tells the time, a clock that was put back must not stop anything.
        let ours = || Anchor { theirs: self.began.wall, at: self.began }.at(now).max(now.wall);
        let believed = self.believed.map_or_else(ours, |anchor| anchor.at(now));
        // What is not certain may ask for less, never for more.
        let least = [self.candidate, self.ceiling].into_iter().flatten().map(|anchor| anchor.at(now)).min();
        least.map_or(believed, |least| least.min(believed))
    }

    /// Whether another answer is needed before `now` can be relied on: our clock has jumped, or the last answer told
    /// another time than all before.
    pub(super) fn is_stale(&self) -> bool {
        let jumped = |before| self.clock.read().jumped_since(before).abs() > JUMP;
        self.candidate.is_some() || self.heard.is_some_and(jumped)
    }

    /// Whether the service has told its time at all.
    pub(super) fn is_told(&self) -> bool {
        self.believed.is_some()
    }

    /// How far the service is ahead of us.
    pub(super) fn ahead(&self) -> Duration {
        let now = self.clock.read();
        self.believed.map_or_else(Duration::zero, |anchor| anchor.at(now) - now.wall)
    }

    /// What an answer shows to be past.
    pub(super) fn past(&self, seen: Seen) -> Past {
        let proven = self.proven.map(|anchor| anchor.at(seen.at));
        Past {
            proven: proven.map(|proven| seen.date.map_or(proven, |date| date.min(proven))),
            rows_until: seen.date.unwrap_or(seen.at.wall),
        }
    }

    /// The service refused a query that ended at `end`. Whether its answer, or our own clock, shows that this was the
    /// future: then nothing later than they show is asked for until `lift`.
    pub(super) fn lower(&mut self, seen: Seen, end: DateTime<Utc>) -> bool {
        let shown = seen.date.map_or(seen.at.wall, |date| date.min(seen.at.wall));
        let is_lower = shown < end;
        if is_lower {
            self.ceiling = Some(Anchor { theirs: shown, at: seen.at });
        }
        is_lower
    }

    /// Forgets what `lower` has found.
    pub(super) fn lift(&mut self) {
        self.ceiling = None;
    }
}

fn near(one: DateTime<Utc>, other: DateTime<Utc>, limit: Duration) -> bool {
    (one - other).abs() < limit
}

#[cfg(test)]
mod tests;
