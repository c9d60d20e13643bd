//! When a mapping is worse than the one before it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{MappedBatch, Outcome};

/// A mapping that takes no longer than this for a record is quick enough, however quick the one before is: 2,000 records
/// a second.
const QUICK_NANOSECONDS: f64 = 500_000.0;

/// When a mapping is taken back; the settings of the same names, where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// How often it may trap or meet a limit.
    pub max_stops: u64,
    /// By how many percent of all records it may fail at more than the one before.
    pub max_failed_percent: f64,
    /// How many times as long a record may take.
    pub max_slowdown: f64,
    /// How many percent of the records compared may come out differently.
    pub max_different_percent: f64,
    /// So many records are mapped before rates count.
    pub min_records: u64,
    /// How many of the last records of a source a candidate has to map.
    pub recent_records: usize,
    /// How long the one before is kept ready, and the new one watched.
    pub grace_period: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_stops: 0,
            max_failed_percent: 5.0,
            // A machine may become busy at the wrong moment.
            max_slowdown: 10.0,
            max_different_percent: 100.0,
            min_records: 1000,
            recent_records: 500,
            grace_period: Duration::from_secs(60 * 60),
        }
    }
}

/// What a mapping has done so far.
#[derive(Debug, Default)]
pub(super) struct Health {
    records: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
    nanoseconds: AtomicU64,
    stops: AtomicU64,
}

/// What a mapping has done by a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Work {
    /// Records that it was given.
    pub records: u64,
    /// Records among them that it mapped in part only.
    pub failed: u64,
    /// Records among them at which it stopped every time.
    pub rejected: u64,
    /// How often it trapped or met a limit.
    pub stops: u64,
    /// How long it took for all of them.
    pub nanoseconds: u64,
}

impl Health {
    pub(super) fn note_stop(&self) {
        self.stops.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note(&self, batch: &MappedBatch, took: Duration) {
        let (mut failed, mut rejected) = (0, 0);
        for outcome in &batch.outcomes {
            match outcome {
                Outcome::Failed { .. } => failed += 1,
                Outcome::Rejected(_) => rejected += 1,
                Outcome::Mapped { .. } | Outcome::Dropped(_) => {}
            }
        }
        self.records.fetch_add(batch.outcomes.len() as u64, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
        self.nanoseconds.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn work(&self) -> Work {
        Work {
            records: self.records.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            stops: self.stops.load(Ordering::Relaxed),
            nanoseconds: self.nanoseconds.load(Ordering::Relaxed),
        }
    }
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.failed += other.failed;
        self.rejected += other.rejected;
        self.stops += other.stops;
        self.nanoseconds += other.nanoseconds;
    }
}

impl Work {
    fn failed_percent(&self) -> f64 {
        100.0 * (self.failed + self.rejected) as f64 / self.records.max(1) as f64
    }

    fn nanoseconds_a_record(&self) -> f64 {
        self.nanoseconds as f64 / self.records.max(1) as f64
    }
}

impl Rules {
    /// Says why `after` is not as good as `before`, if so.
    pub(super) fn judge(&self, before: &Work, after: &Work) -> Option<String> {
        if after.stops > self.max_stops {
            let times = if after.stops == 1 { "once".to_owned() } else { format!("{} times", after.stops) };
            return Some(format!("it stopped {times}, {} are allowed (`max_stops`)", self.max_stops));
        }
        if after.records < self.min_records {
            return None;
        }
        // Without work of its own, nothing is known about the one before.
        let failed = after.failed_percent() - before.failed_percent();
        if before.records > 0 && failed > self.max_failed_percent {
            let (is, was) = (after.failed_percent(), before.failed_percent());
            return Some(format!(
                "it fails at {is:.1} % of the records, the one before at {was:.1} %; {} more are allowed (`max_failed_percent`)",
                self.max_failed_percent
            ));
        }
        let (took, before_took) = (after.nanoseconds_a_record(), before.nanoseconds_a_record());
        let is_slower = took > QUICK_NANOSECONDS && took > before_took * self.max_slowdown;
        if before.records >= self.min_records && is_slower {
            return Some(format!(
                "a record takes {:.1} µs, before it took {:.1} µs; {} times as long is allowed (`max_slowdown`)",
                took / 1000.0,
                before_took / 1000.0,
                self.max_slowdown
            ));
        }
        None
    }

    /// The same, but for what a record takes: what is built in is as quick as it should be.
    pub(super) fn without_speed(&self) -> Self {
        Self { max_slowdown: f64::INFINITY, ..self.clone() }
    }

    /// Whether it counts how much comes out differently.
    pub(super) fn limits_differences(&self) -> bool {
        self.max_different_percent < 100.0
    }

    /// Says whether too much comes out differently.
    pub(super) fn judge_differences(&self, records: u64, rate: f64) -> Option<String> {
        let percent = rate * 100.0;
        (records > 0 && percent > self.max_different_percent).then(|| {
            let allowed = self.max_different_percent;
            format!("{percent:.1} % of {records} records come out differently, {allowed} % are allowed (`max_different_percent`)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Work = Work { records: 5000, failed: 50, rejected: 0, stops: 0, nanoseconds: 25_000_000 };

    #[track_caller]
    fn check(after: Work, expected: Option<&str>) {
        assert_eq!(Rules::default().judge(&BEFORE, &after).as_deref(), expected);
    }

    #[test]
    fn a_mapping_as_good_as_the_one_before_stays() {
        check(BEFORE, None);
        check(Work { failed: 290, ..BEFORE }, None);
        check(Work { nanoseconds: 120_000_000, ..BEFORE }, None);
    }

    #[test]
    fn the_first_stop_is_one_too_many() {
        check(Work { records: 1, stops: 1, ..Work::default() }, Some("it stopped once, 0 are allowed (`max_stops`)"));
    }

    #[test]
    fn failing_more_often_is_worse() {
        let expected =
            "it fails at 6.2 % of the records, the one before at 1.0 %; 5 more are allowed (`max_failed_percent`)";
        check(Work { failed: 300, rejected: 10, ..BEFORE }, Some(expected));
    }

    #[test]
    fn being_slower_is_worse() {
        let expected = "a record takes 600.0 µs, before it took 5.0 µs; 10 times as long is allowed (`max_slowdown`)";
        let slow = Work { nanoseconds: 3_000_000_000, ..BEFORE };
        check(slow, Some(expected));
        assert_eq!(Rules::default().without_speed().judge(&BEFORE, &slow), None);
        check(Work { nanoseconds: 2_400_000_000, ..BEFORE }, None);
    }

    #[test]
    fn a_few_records_prove_nothing() {
        check(Work { records: 999, failed: 999, nanoseconds: u64::MAX, ..BEFORE }, None);
    }

    #[test]
    fn differences_count_only_when_they_are_limited() {
        assert_eq!(Rules::default().judge_differences(10, 1.0), None);
        let rules = Rules { max_different_percent: 10.0, ..Rules::default() };
        assert_eq!(rules.judge_differences(0, 0.0), None);
        assert_eq!(rules.judge_differences(10, 0.1), None);
        let expected = "20.0 % of 10 records come out differently, 10 % are allowed (`max_different_percent`)";
        assert_eq!(rules.judge_differences(10, 0.2).as_deref(), Some(expected));
    }
}
