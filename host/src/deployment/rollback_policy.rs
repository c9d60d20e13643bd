//! When a mapping is worse than the one before it.

use std::time::Duration;

use crate::mapper::MappingStats;

/// A mapping that takes no longer than this for a record is quick enough, however quick the one before is: 2,000 records
/// a second.
const QUICK_NANOSECONDS: f64 = 500_000.0;

/// When a mapping is taken back; the settings of the same names, where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct RollbackPolicy {
    /// How often it may trap or meet a limit.
    pub max_faults: u64,
    /// By how many percent of all records it may fail at more than the one before.
    pub max_failed_percent: f64,
    /// How many times as long a record may take.
    pub max_slowdown: f64,
    /// How many percent of the records compared may come out differently.
    pub max_different_percent: f64,
    /// Number of records mapped before rates are judged.
    pub min_records: u64,
    /// How many of the last records of a source a candidate has to map.
    pub recent_records: usize,
    /// How long the one before is kept ready, and the new one watched.
    pub grace_period: Duration,
}

impl Default for RollbackPolicy {
    fn default() -> Self {
        Self {
            max_faults: 0,
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

impl RollbackPolicy {
    /// Says why `after` is not as good as `before`, if so.
    pub(super) fn judge(&self, before: &MappingStats, after: &MappingStats) -> Option<String> {
        if after.faults > self.max_faults {
            let times = if after.faults == 1 { "once".to_owned() } else { format!("{} times", after.faults) };
            return Some(format!("it stopped {times}, {} are allowed (`max_stops`)", self.max_faults));
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

    const BEFORE: MappingStats =
        MappingStats { records: 5000, failed: 50, rejected: 0, faults: 0, nanoseconds: 25_000_000 };

    #[track_caller]
    fn check(after: MappingStats, expected: Option<&str>) {
        assert_eq!(RollbackPolicy::default().judge(&BEFORE, &after).as_deref(), expected);
    }

    #[test]
    fn a_mapping_as_good_as_the_one_before_stays() {
        check(BEFORE, None);
        check(MappingStats { failed: 290, ..BEFORE }, None);
        check(MappingStats { nanoseconds: 120_000_000, ..BEFORE }, None);
    }

    #[test]
    fn the_first_stop_is_one_too_many() {
        check(
            MappingStats { records: 1, faults: 1, ..MappingStats::default() },
            Some("it stopped once, 0 are allowed (`max_stops`)"),
        );
    }

    #[test]
    fn failing_more_often_is_worse() {
        let expected =
            "it fails at 6.2 % of the records, the one before at 1.0 %; 5 more are allowed (`max_failed_percent`)";
        check(MappingStats { failed: 300, rejected: 10, ..BEFORE }, Some(expected));
    }

    #[test]
    fn being_slower_is_worse() {
        let expected = "a record takes 600.0 µs, before it took 5.0 µs; 10 times as long is allowed (`max_slowdown`)";
        let slow = MappingStats { nanoseconds: 3_000_000_000, ..BEFORE };
        check(slow, Some(expected));
        assert_eq!(RollbackPolicy::default().without_speed().judge(&BEFORE, &slow), None);
        check(MappingStats { nanoseconds: 2_400_000_000, ..BEFORE }, None);
    }

    #[test]
    fn a_few_records_prove_nothing() {
        check(MappingStats { records: 999, failed: 999, nanoseconds: u64::MAX, ..BEFORE }, None);
    }

    #[test]
    fn differences_count_only_when_they_are_limited() {
        assert_eq!(RollbackPolicy::default().judge_differences(10, 1.0), None);
        let policy = RollbackPolicy { max_different_percent: 10.0, ..RollbackPolicy::default() };
        assert_eq!(policy.judge_differences(0, 0.0), None);
        assert_eq!(policy.judge_differences(10, 0.1), None);
        let expected = "20.0 % of 10 records come out differently, 10 % are allowed (`max_different_percent`)";
        assert_eq!(policy.judge_differences(10, 0.2).as_deref(), Some(expected));
    }
}
