//! Time, in one place: what sources, tokens and the ledger look at, and what tests put in its place.
//!
//! The wall clock of a machine jumps: a virtual machine resumes, NTP steps, somebody sets it. The steady clock never
//! does, but it stands still while a machine sleeps and means nothing to another process.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

/// Both clocks of a machine, read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The date and time that the machine believes it is.
    pub wall: DateTime<Utc>,
    /// Time since some moment of this process.
    pub steady: Duration,
}

impl Moment {
    /// How far the wall clock has jumped since another moment, measured by the steady clock.
    pub(crate) fn jumped_since(self, before: Self) -> chrono::Duration {
        (self.wall - before.wall) - signed(self.steady) + signed(before.steady)
    }
}

/// Tells the time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The clocks of this machine.
    pub(crate) fn system() -> Self {
        let began = Instant::now();
        Self::from_fn(move || Moment { wall: Utc::now(), steady: began.elapsed() })
    }

    /// Clocks that somebody else moves, for tests.
    pub(crate) fn from_fn(read: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Reads both clocks.
    pub(crate) fn read(&self) -> Moment {
        (self.0)()
    }

    /// The date and time that the machine believes it is.
    pub(crate) fn wall(&self) -> DateTime<Utc> {
        self.read().wall
    }

    /// Time since some moment of this process.
    pub(crate) fn steady(&self) -> Duration {
        self.read().steady
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(formatter)
    }
}

/// A duration that fits, which no process outlives.
pub(crate) fn signed(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_what_the_steady_clock_does_not_know() {
        let moment = |wall, steady| Moment {
            wall: DateTime::UNIX_EPOCH + chrono::Duration::seconds(wall),
            steady: Duration::from_secs(steady),
        };
        let jump = |wall, steady| moment(wall, steady).jumped_since(moment(100, 10)).num_seconds();
        assert_eq!([jump(105, 15), jump(305, 15), jump(5, 15)], [0, 200, -100]);
    }
}
