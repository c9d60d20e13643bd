//! Which time to ask for next. Pure: knows no clock and no table.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

/// The longest that one query may span (ms-api.md, section 1.6).
const LONGEST: Duration = Duration::from_secs(10 * 24 * 60 * 60);

/// The oldest that can be asked for, an hour less than the service's 90 days, since its clock may differ.
const OLDEST: Duration = Duration::from_secs((90 * 24 - 1) * 60 * 60);

/// The most that can be read again: a window of ten days has to get on by a day at least.
pub const MAX_LOOK_BACK: Duration = Duration::from_secs(9 * 24 * 60 * 60);

/// A range of times of receipt, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant that belongs to it.
    pub start: DateTime<Utc>,
    /// The last instant that belongs to it.
    pub end: DateTime<Utc>,
}

/// What decides about windows; the settings of the same names.
#[derive(Debug, Clone, Copy)]
pub struct WindowSettings {
    /// How far back the first window goes.
    pub initial_interval: Duration,
    /// How far back every later one reads again; [`MAX_LOOK_BACK`] at most.
    pub additional_look_back: Duration,
    /// How much of the newest part is left for later.
    pub min_age: Duration,
}

/// The next window for a source that has covered everything until `covered_until`; `None` when it is caught up with
/// what was to be had at `now`.
pub fn next_window(
    covered_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    settings: &WindowSettings,
) -> Option<Window> {
    // Whole milliseconds: what queries and the ledger hold. Else a source would never be quite caught up.
    let now = now.trunc_subsecs(3);
    let newest = now - settings.min_age;
    let start = match covered_until {
        Some(covered) if covered >= newest => return None,
        Some(covered) => covered - settings.additional_look_back,
        None => now - settings.initial_interval,
    };
    let start = start.max(now - OLDEST);
    let end = newest.min(start + LONGEST);
    (start < end).then_some(Window { start, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(86400);

    /// Noon of a day; windows are checked as hours from there.
    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-03-04T12:00:00Z").unwrap().to_utc()
    }

    #[track_caller]
    fn check(covered_until: Option<i64>, settings: &WindowSettings, expected: Option<(i64, i64)>) {
        let hours = |instant: DateTime<Utc>| (instant - now()).num_hours();
        let covered_until = covered_until.map(|hours| now() + chrono::Duration::hours(hours));
        let window = next_window(covered_until, now(), settings);
        assert_eq!(window.map(|window| (hours(window.start), hours(window.end))), expected);
    }

    const SETTINGS: WindowSettings =
        WindowSettings { initial_interval: DAY, additional_look_back: HOUR, min_age: Duration::ZERO };

    #[test]
    fn the_first_window_goes_back_by_the_initial_interval() {
        check(None, &SETTINGS, Some((-24, 0)));
    }

    #[test]
    fn later_windows_read_the_look_back_again() {
        check(Some(-5), &SETTINGS, Some((-6, 0)));
    }

    #[test]
    fn nothing_is_left_when_caught_up() {
        check(Some(0), &SETTINGS, None);
        check(Some(3), &SETTINGS, None);
    }

    #[test]
    fn a_source_is_caught_up_with_a_time_between_milliseconds() {
        let now = now() + Duration::from_nanos(5_700_300);
        let window = next_window(None, now, &SETTINGS).unwrap();
        assert_eq!(window.end.timestamp_subsec_nanos(), 5_000_000);
        assert_eq!(next_window(Some(window.end), now, &SETTINGS), None);
    }

    #[test]
    fn the_newest_part_can_be_left_for_later() {
        let settings = WindowSettings { min_age: 2 * HOUR, ..SETTINGS };
        check(None, &settings, Some((-24, -2)));
        check(Some(-2), &settings, None);
    }

    #[test]
    fn a_window_spans_ten_days_at_most() {
        let settings = WindowSettings { initial_interval: 30 * DAY, ..SETTINGS };
        check(None, &settings, Some((-30 * 24, -20 * 24)));
        check(Some(-20 * 24), &settings, Some((-20 * 24 - 1, -10 * 24 - 1)));
    }

    #[test]
    fn the_oldest_start_is_ninety_days_ago() {
        check(Some(-200 * 24), &SETTINGS, Some((-90 * 24 + 1, -80 * 24 + 1)));
    }

    #[test]
    fn the_longest_look_back_still_gets_on() {
        let settings = WindowSettings { additional_look_back: MAX_LOOK_BACK, ..SETTINGS };
        check(Some(-20 * 24), &settings, Some((-29 * 24, -19 * 24)));
    }
}
