//! What one poll reads, cut into windows. Pure: knows no clock and no table.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

use crate::ledger::{SourceProgress, Window};

/// The longest that one query may span (host/docs/facts/ms-api.md, section 1.6).
pub(super) const LONGEST: Duration = Duration::from_secs(10 * 24 * 60 * 60);

/// The shortest window: below it even a request for every page costs less than what is won.
const SHORTEST: Duration = Duration::from_secs(60);

/// How wide the first window is.
const FIRST: Duration = Duration::from_secs(24 * 60 * 60);

/// Number of pages that are enough for a window: more would be read again when a link breaks.
const MANY_PAGES: u32 = 20;

/// So few pages are not worth a window of their own.
const FEW_PAGES: u32 = 5;

/// The service's clock may differ, and its limit is not to be met by accident.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// What decides about windows; the settings of the same names.
#[derive(Debug, Clone, Copy)]
pub(super) struct PollSettings {
    /// How far back the first pass goes.
    pub(super) initial_interval: Duration,
    /// How far back the one that begins reads again, if it is not the first.
    pub(super) additional_look_back: Duration,
    /// How much of the newest part is left for later.
    pub(super) min_age: Duration,
    /// How far back the service answers.
    pub(super) oldest: Duration,
}

/// What one poll reads: from what may have changed since to the newest that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PollPlan {
    /// Where it began.
    pub(super) start: DateTime<Utc>,
    /// Everything before is read.
    pub(super) position: DateTime<Utc>,
    /// The newest that is wanted.
    pub(super) target: DateTime<Utc>,
    /// Before this, everything had been read by an earlier pass.
    pub(super) known_until: Option<DateTime<Utc>>,
    /// What the service has already deleted.
    pub(super) lost: Option<Window>,
}

impl PollPlan {
    /// What is to be read at `now`, the time of the service; `None` when that was read. What the service no longer has is
    /// reckoned from `certain`, which no wrong clock puts into the future.
    pub(super) fn new(
        progress: &SourceProgress,
        now: DateTime<Utc>,
        certain: DateTime<Utc>,
        settings: &PollSettings,
    ) -> Option<Self> {
        // Whole milliseconds: what queries and the ledger hold.
        let now = now.trunc_subsecs(3);
        let target = now - settings.min_age;
        let first = now - settings.initial_interval;
        let known_from = progress.known_from;
        let start = match progress.covered_until {
            Some(covered) if covered >= target => return None,
            Some(covered) => {
                let back = covered - settings.additional_look_back;
                // Before that, it is unknown whether a row was delivered.
                known_from.map_or(back, |known_from| back.max(known_from))
            }
            None if progress.in_progress.is_some() => known_from.unwrap_or(first),
            // However long nothing could be read, the first pass begins where the first attempt would have begun.
            None => known_from.map_or(first, |known_from| first.min(known_from)),
        };
        let start = start.max(certain.trunc_subsecs(3) - (settings.oldest - MARGIN));
        let lost = progress.covered_until.filter(|covered| *covered < start);
        let lost = lost.map(|covered| Window { start: covered, end: start });
        (start < target).then_some(Self { start, position: start, target, known_until: progress.covered_until, lost })
    }

    /// What is left of a range of the past; `None` when all of it was read.
    pub(super) fn of_range(progress: &SourceProgress, range: Window) -> Option<Self> {
        let start = progress.covered_until.map_or(range.start, |covered| covered.max(range.start));
        let (target, known_until, lost) = (range.end, None, None);
        (start < target).then_some(Self { start, position: start, target, known_until, lost })
    }

    /// The next window, so wide at most; `None` at the end.
    pub(super) fn window(&self, width: Width) -> Option<Window> {
        if self.position >= self.target {
            return None;
        }
        let end = self.target.min(self.position + width.0);
        // A short rest is not a window of its own.
        let rest = self.target - end;
        let is_rest_short =
            rest * 10 < self.target - self.position && self.target - self.position <= chrono_of(LONGEST);
        Some(Window { start: self.position, end: if is_rest_short { self.target } else { end } })
    }

    /// A window is done. Its end belongs to the next one as well: rows that come late may bear that time.
    pub(super) fn advance(&mut self, window: Window) {
        self.position = self.position.max(window.end);
    }
}

/// How wide windows are: as wide as a fair number of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width(Duration);

impl Width {
    /// How wide the first one is.
    pub(super) fn first() -> Self {
        Self(FIRST)
    }

    /// What a window of this many pages says about the width of the next one.
    pub(super) fn after(self, pages: u32) -> Self {
        let width = match pages {
            0..=FEW_PAGES => self.0 * 2,
            pages if pages > MANY_PAGES => self.0 * MANY_PAGES / pages,
            _ => self.0,
        };
        Self(width.clamp(SHORTEST, LONGEST))
    }
}

fn chrono_of(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(86400);

    const SETTINGS: PollSettings = PollSettings {
        initial_interval: DAY,
        additional_look_back: HOUR,
        min_age: Duration::ZERO,
        oldest: Duration::from_secs(90 * 86400),
    };

    /// Noon of a day; times are checked as hours from there.
    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-03-04T12:00:00Z").unwrap().to_utc()
    }

    fn at(hours: i64) -> DateTime<Utc> {
        now() + chrono::Duration::hours(hours)
    }

    fn hours(instant: DateTime<Utc>) -> i64 {
        (instant - now()).num_hours()
    }

    fn covered(hours: i64) -> SourceProgress {
        SourceProgress { covered_until: Some(at(hours)), ..SourceProgress::default() }
    }

    #[track_caller]
    fn check(progress: &SourceProgress, settings: &PollSettings, expected: Option<(i64, i64)>) {
        let pass = PollPlan::new(progress, now(), now(), settings);
        assert_eq!(pass.map(|pass| (hours(pass.start), hours(pass.target))), expected);
    }

    #[test]
    fn the_first_pass_goes_back_by_the_initial_interval() {
        check(&SourceProgress::default(), &SETTINGS, Some((-24, 0)));
    }

    #[test]
    fn a_first_pass_that_was_kept_from_reading_leaves_nothing_out() {
        let kept_from = |hours| SourceProgress { known_from: Some(at(hours)), ..SourceProgress::default() };
        check(&kept_from(-50), &SETTINGS, Some((-50, 0)));
        // With a longer interval since.
        check(&kept_from(-3), &SETTINGS, Some((-24, 0)));
    }

    #[test]
    fn later_passes_read_the_look_back_again() {
        check(&covered(-5), &SETTINGS, Some((-6, 0)));
    }

    #[test]
    fn what_may_be_forgotten_is_not_read_again() {
        let progress = SourceProgress { known_from: Some(at(-4)), ..covered(-3) };
        check(&progress, &PollSettings { additional_look_back: DAY, ..SETTINGS }, Some((-4, 0)));
    }

    #[test]
    fn nothing_is_left_when_caught_up() {
        check(&covered(0), &SETTINGS, None);
        check(&covered(3), &SETTINGS, None);
    }

    #[test]
    fn the_newest_part_can_be_left_for_later() {
        let settings = PollSettings { min_age: 2 * HOUR, ..SETTINGS };
        check(&SourceProgress::default(), &settings, Some((-24, -2)));
        check(&covered(-2), &settings, None);
    }

    #[test]
    fn a_source_is_caught_up_with_a_time_between_milliseconds() {
        let now = now() + Duration::from_nanos(5_700_300);
        let pass = PollPlan::new(&SourceProgress::default(), now, now, &SETTINGS).unwrap();
        assert_eq!(pass.target.timestamp_subsec_nanos(), 5_000_000);
        let caught_up = SourceProgress { covered_until: Some(pass.target), ..SourceProgress::default() };
        assert_eq!(PollPlan::new(&caught_up, now, now, &SETTINGS), None);
    }

    #[test]
    fn what_the_service_no_longer_has_is_lost() {
        let pass = PollPlan::new(&covered(-200 * 24), now(), now(), &SETTINGS).unwrap();
        assert_eq!((hours(pass.start), hours(pass.target)), (-90 * 24 + 1, 0));
        assert_eq!(pass.lost, Some(Window { start: at(-200 * 24), end: at(-90 * 24 + 1) }));
        assert_eq!(PollPlan::new(&covered(-5), now(), now(), &SETTINGS).unwrap().lost, None);
    }

    #[test]
    fn a_wrong_clock_makes_nothing_too_old() {
        let later = now() + chrono::Duration::days(26_000);
        let pass = PollPlan::new(&covered(-5), later, now(), &SETTINGS).unwrap();
        assert_eq!((hours(pass.start), pass.lost), (-6, None));
    }

    #[test]
    fn windows_follow_one_another_to_the_target() {
        let settings = PollSettings { initial_interval: 30 * DAY, ..SETTINGS };
        let mut pass = PollPlan::new(&SourceProgress::default(), now(), now(), &settings).unwrap();
        let mut ends = Vec::new();
        while let Some(window) = pass.window(Width(LONGEST)) {
            ends.push((hours(window.start) / 24, hours(window.end) / 24));
            pass.advance(window);
        }
        assert_eq!(ends, [(-30, -20), (-20, -10), (-10, 0)]);
    }

    #[test]
    fn a_short_rest_goes_with_the_window_before() {
        let settings = PollSettings { initial_interval: 25 * HOUR, ..SETTINGS };
        let pass = PollPlan::new(&SourceProgress::default(), now(), now(), &settings).unwrap();
        let window = pass.window(Width(DAY)).unwrap();
        assert_eq!((hours(window.start), hours(window.end)), (-25, 0));
    }

    #[test]
    fn no_window_is_longer_than_the_service_allows() {
        let settings = PollSettings { initial_interval: 10 * DAY + HOUR, ..SETTINGS };
        let pass = PollPlan::new(&SourceProgress::default(), now(), now(), &settings).unwrap();
        let window = pass.window(Width(LONGEST)).unwrap();
        assert_eq!(window.end - window.start, chrono_of(LONGEST));
    }

    #[test]
    fn the_width_follows_the_pages() {
        let width = Width(DAY);
        assert_eq!([0, 5, 6, 20, 40].map(|pages| width.after(pages).0), [2 * DAY, 2 * DAY, DAY, DAY, DAY / 2]);
        assert_eq!(width.after(u32::MAX).0, SHORTEST);
        assert_eq!(Width(LONGEST).after(0).0, LONGEST);
    }
}
