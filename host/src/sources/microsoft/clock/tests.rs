use std::sync::{Arc, Mutex};

use http::header::DATE;

use super::*;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// Clocks that a test moves; times are seconds.
struct Hand(Arc<Mutex<(i64, u64)>>);

fn clocks() -> (Hand, ServiceClock) {
    let hand = Arc::new(Mutex::new((1_000_000, 0)));
    let read = Arc::clone(&hand);
    let clock = Clock::from_fn(move || {
        let (wall, steady) = *read.lock().unwrap();
        Moment { wall: at(wall), steady: std::time::Duration::from_secs(steady) }
    });
    (Hand(hand), ServiceClock::new(clock))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

impl Hand {
    fn pass(&self, seconds: u32) {
        let mut clocks = self.0.lock().unwrap();
        clocks.0 += i64::from(seconds);
        clocks.1 += u64::from(seconds);
    }

    fn jump(&self, seconds: i64) {
        self.0.lock().unwrap().0 += seconds;
    }

    /// An answer from a clock that is ahead of the wall clock by so much.
    fn answer(&self, ahead: Option<i64>) -> Seen {
        let (wall, steady) = *self.0.lock().unwrap();
        let at_ours = Moment { wall: at(wall), steady: std::time::Duration::from_secs(steady) };
        Seen { at: at_ours, date: ahead.map(|ahead| at(wall + ahead)) }
    }
}

/// How far `now` is ahead of the wall clock.
fn ahead(clock: &ServiceClock) -> i64 {
    (clock.now() - clock.ours().wall()).num_seconds()
}

#[test]
fn only_what_the_header_can_tell_is_a_difference() {
    for (told, expected) in [(1, 0), (-2, 0), (3, 3), (-120, -120), (0, 0)] {
        let (hand, mut clock) = clocks();
        clock.observe(hand.answer(Some(told)));
        assert_eq!(ahead(&clock), expected, "{told}");
    }
}

#[test]
fn a_large_difference_counts_when_two_answers_agree() {
    let (hand, mut clock) = clocks();
    clock.observe(hand.answer(Some(30 * DAY)));
    assert_eq!((ahead(&clock), clock.is_stale()), (0, true));
    clock.observe(hand.answer(Some(0)));
    assert_eq!((ahead(&clock), clock.is_stale()), (0, false));
    clock.observe(hand.answer(Some(20 * MINUTE)));
    clock.observe(hand.answer(Some(20 * MINUTE + 1)));
    assert_eq!((ahead(&clock), clock.is_stale()), (20 * MINUTE + 1, false));
    // One answer is enough to agree with our own clock again.
    clock.observe(hand.answer(Some(0)));
    assert_eq!(ahead(&clock), 0);
}

#[test]
fn a_time_that_one_answer_told_asks_for_less_at_most() {
    let (hand, mut clock) = clocks();
    clock.observe(hand.answer(Some(-20 * MINUTE)));
    assert_eq!(ahead(&clock), -20 * MINUTE);
}

#[test]
fn a_jump_of_the_wall_clock_is_noticed_and_changes_nothing() {
    let (hand, mut clock) = clocks();
    clock.observe(hand.answer(Some(0)));
    let before = clock.now();
    hand.pass(60);
    hand.jump(2 * DAY);
    assert!(clock.is_stale());
    assert_eq!((clock.now() - before).num_seconds(), 60);
    clock.observe(hand.answer(Some(-2 * DAY)));
    assert_eq!((ahead(&clock), clock.is_stale()), (-2 * DAY, false));
    hand.jump(-2 * DAY);
    assert!(clock.is_stale());
    assert_eq!(ahead(&clock), 0);
}

#[test]
fn a_machine_that_slept_believes_the_next_answer() {
    let (hand, mut clock) = clocks();
    clock.observe(hand.answer(Some(0)));
    // The steady clock stood still.
    hand.jump(5 * 3600);
    assert!(clock.is_stale());
    assert_eq!(ahead(&clock), -5 * 3600);
    clock.observe(hand.answer(Some(0)));
    assert_eq!((ahead(&clock), clock.is_stale()), (0, false));
}

#[test]
fn only_what_two_clocks_agree_on_is_past() {
    let (hand, mut clock) = clocks();
    // How far the proven time, and that up to which rows prove something, are ahead of the wall clock.
    let past = |clock: &mut ServiceClock, ahead| {
        let seen = hand.answer(ahead);
        clock.observe(seen);
        let Past { proven, rows_until } = clock.past(seen);
        let seconds = |time: DateTime<Utc>| (time - seen.at.wall).num_seconds();
        (proven.map(seconds), seconds(rows_until))
    };
    // Nobody but us says anything, or they say something else.
    assert_eq!(past(&mut clock, None), (None, 0));
    assert_eq!(past(&mut clock, Some(30 * DAY)), (None, 30 * DAY));
    assert_eq!(past(&mut clock, Some(30 * DAY)), (None, 30 * DAY));
    // The earlier of both.
    assert_eq!(past(&mut clock, Some(40)), (Some(0), 40));
    assert_eq!(past(&mut clock, Some(-60)), (Some(-60), -60));
    // Ours jumps, and every answer lies: the steady clock still knows.
    hand.jump(3600);
    assert_eq!(past(&mut clock, Some(30 * DAY)), (Some(-3660), 30 * DAY));
    assert_eq!(past(&mut clock, Some(30 * DAY)), (Some(-3660), 30 * DAY));
    assert_eq!(past(&mut clock, None), (Some(-3660), 0));
    // Nothing is later than the answer itself says.
    assert_eq!(past(&mut clock, Some(-DAY)), (Some(-DAY), -DAY));
}

#[test]
fn a_query_that_was_refused_for_the_future_ends_earlier() {
    let (hand, mut clock) = clocks();
    for _ in 0..2 {
        clock.observe(hand.answer(Some(30 * DAY)));
    }
    let end = clock.now();
    assert!(clock.lower(hand.answer(Some(30 * DAY)), end));
    assert_eq!(ahead(&clock), 0);
    assert!(!clock.lower(hand.answer(Some(30 * DAY)), clock.now()));
    clock.lift();
    assert_eq!(ahead(&clock), 30 * DAY);
}

#[test]
fn a_date_is_read_or_it_is_not_there() {
    let date = |text: &str| {
        let headers = HeaderMap::from_iter([(DATE, text.parse().unwrap())]);
        Seen::new(Moment { wall: at(0), steady: std::time::Duration::ZERO }, &headers).date
    };
    assert_eq!(date("Wed, 04 Mar 2026 05:06:37 GMT").map(|date| date.timestamp()), Some(1_772_600_797));
    for odd in ["", "soon", "0", "-1", "2026-03-04", "Wed, 99 Mar 2026 05:06:37 GMT", "Thu, 01 Jan 999999 00:00:00 GMT"]
    {
        assert_eq!(date(odd), None, "{odd}");
    }
}
