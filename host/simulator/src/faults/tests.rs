//! How faults are named and what values they take.

use super::*;

fn faults(texts: &[&str]) -> Faults {
    let mut faults = Faults::default();
    for text in texts {
        faults.add(text).unwrap();
    }
    faults
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(Faults::default().add(text).unwrap_err().to_string(), expected);
}

#[test]
fn every_fault_has_a_name_of_its_own() {
    for (index, entry) in ENTRIES.iter().enumerate() {
        assert_eq!(entry.fault as usize, index, "{}", entry.name);
        assert_eq!(entry.fault.name(), Faults::NAMES[index].0);
    }
    let names: std::collections::BTreeSet<_> = Faults::NAMES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), ENTRIES.len());
}

#[test]
fn a_fault_takes_the_value_it_is_given_or_its_usual_one() {
    let faults = faults(&["throttle", "cut=0.25", "empty-page", "slow=250", "clock-skew=-10m", "retry-after=date"]);
    assert_eq!(faults.count(Fault::Throttle), Some(100));
    assert_eq!(faults.rate(Fault::Cut), 0.25);
    assert_eq!(faults.rate(Fault::EmptyPage), 1.0);
    assert_eq!(faults.rate(Fault::LinkCycle), 0.0);
    assert_eq!(faults.duration(Fault::Slow), Some(Duration::milliseconds(250)));
    assert_eq!(faults.duration(Fault::ClockSkew), Some(Duration::minutes(-10)));
    assert_eq!(faults.word(Fault::RetryAfter), Some("date"));
    assert_eq!(faults.lateness(), Duration::minutes(30));
    assert!(!faults.is_on(Fault::NoPermission));
}

#[test]
fn the_later_value_counts() {
    assert_eq!(faults(&["tie=3", "tie=4"]).count(Fault::Tie), Some(4));
}

#[test]
fn a_wrong_value_is_told_from_a_missing_one() {
    check_error("cut=1.5", "fault `cut` takes a number from 0 to 1, not `1.5`");
    check_error("no-permission=1", "fault `no-permission` takes no value, not `1`");
    check_error("retry-after=soon", "fault `retry-after` takes `seconds`, `date` or `none`, not `soon`");
    check_error("slow", "fault `slow` needs a value: a time span such as `30m`, or milliseconds");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = Faults::default().add("gremlins=7").unwrap_err().to_string();
    assert!(error.starts_with("there is no fault `gremlins`, only `throttle`, `throttle-random`, "), "{error}");
    assert!(error.ends_with("`missing-details`"), "{error}");
}
