use super::*;
use crate::{sources::microsoft::Row, support::record_key::RecordKey};

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap()
}

fn cursor() -> WindowCursor {
    WindowCursor::new(Window { start: at(0), end: at(100) })
}

fn past(proven: Option<i64>) -> Past {
    Past { proven: proven.map(at), rows_until: at(100) }
}

fn page(received: &[i64], link: Option<&str>) -> Page {
    let key = RecordKey { identity: [0; 16], content: [0; 8] };
    let rows = received.iter().map(|time| Row { text: String::new(), key, received: Some(at(*time)) });
    Page { rows: rows.collect(), next_link: link.map(str::to_owned), past: past(Some(100)) }
}

fn more(reached: i64, link: Option<&str>) -> Next {
    Next::More { reached: Some(at(reached)), link: link.map(str::to_owned) }
}

#[track_caller]
fn check_first(cursor: &WindowCursor, expected: (i64, u32)) {
    let PageRequest::First { end, rows, .. } = cursor.request(10, 50, at(1000)) else { panic!("a first page") };
    assert_eq!((end.timestamp_millis(), rows), expected);
}

#[test]
fn pages_follow_their_links_to_the_end() {
    let mut cursor = cursor();
    check_first(&cursor, (100, 10));
    assert_eq!(cursor.accept(&page(&[90, 80], Some("a")), 2, true), more(80, Some("a")));
    assert_eq!(cursor.request(10, 50, at(1000)), PageRequest::Next("a"));
    assert_eq!(cursor.accept(&page(&[80], None), 1, true), Next::Done);
    assert_eq!(cursor.pages, 2);
}

#[test]
fn a_link_that_was_followed_before_leads_nowhere() {
    let mut cursor = cursor();
    cursor.accept(&page(&[90], Some("a")), 1, true);
    cursor.accept(&page(&[80], Some("b")), 1, true);
    assert_eq!(cursor.accept(&page(&[70], Some("a")), 1, true), more(70, None));
    check_first(&cursor, (71, 10));
}

#[test]
fn a_link_to_its_own_page_leads_nowhere() {
    let mut cursor = cursor();
    cursor.accept(&page(&[90], Some("a")), 1, true);
    assert_eq!(cursor.accept(&page(&[80], Some("a")), 1, true), more(80, None));
}

#[test]
fn empty_pages_are_followed_but_not_for_ever() {
    let mut cursor = cursor();
    for number in 1..MOST_EMPTY_PAGES {
        let link = number.to_string();
        assert_eq!(cursor.accept(&page(&[], Some(&link)), 0, true), more(100, Some(&link)));
    }
    assert_eq!(cursor.accept(&page(&[], Some("last")), 0, true), more(100, None));
}

#[test]
fn another_size_of_page_is_tried_where_it_goes_no_further() {
    let mut cursor = cursor();
    cursor.accept(&page(&[90], Some("a")), 1, true);
    let mut sizes = Vec::new();
    for _ in 0..MOST_ATTEMPTS {
        assert_eq!(cursor.recover(), Recovery::Again);
        let PageRequest::First { end, rows, .. } = cursor.request(10, 50, at(1000)) else { panic!("a first page") };
        assert_eq!(end, at(91));
        sizes.push(rows);
    }
    assert_eq!(sizes, [10, 11, 5, 46, 45, 44, 43, 42, 41, 40, 39, 38]);
    assert_eq!(cursor.recover(), Recovery::PassOver(Window { start: at(90), end: at(90) }));
    check_first(&cursor, (90, 10));
}

#[test]
fn what_goes_further_is_not_counted_as_stuck() {
    let mut cursor = cursor();
    for time in (1..=60).rev() {
        assert_eq!(cursor.recover(), Recovery::Again);
        cursor.accept(&page(&[time], Some("a")), 0, true);
    }
    // New rows of one millisecond as well.
    for number in 0..60 {
        assert_eq!(cursor.recover(), Recovery::Again);
        cursor.accept(&page(&[1], Some(&number.to_string())), 1, true);
    }
}

#[test]
fn rows_in_another_order_mean_that_nothing_is_known_to_be_delivered() {
    let mut cursor = cursor();
    assert_eq!(
        cursor.accept(&page(&[80, 90], Some("a")), 2, true),
        Next::More { reached: None, link: Some("a".to_owned()) }
    );
    cursor.recover();
    check_first(&cursor, (100, 10));
    cursor.attempts = MOST_ATTEMPTS + 1;
    assert_eq!(cursor.recover(), Recovery::GiveUp(Window { start: at(0), end: at(100) }));
}

#[test]
fn a_walk_goes_on_where_it_was() {
    let window = Window { start: at(0), end: at(100) };
    let cursor = WindowCursor::of(InProgress { window, reached: Some(at(50)), next_link: None });
    check_first(&cursor, (51, 10));
}

#[test]
fn only_what_the_first_answer_shows_to_be_past_is_covered() {
    let covered = |proven, received: &[i64]| {
        let mut cursor = cursor();
        cursor.accept(&Page { past: past(proven), ..page(received, Some("a")) }, 1, true);
        // Later answers know more, but they were asked for older rows.
        cursor.accept(&page(&[10], None), 1, true);
        cursor.covered().map(|covered| covered.timestamp_millis())
    };
    assert_eq!(covered(Some(200), &[90]), Some(100));
    assert_eq!(covered(Some(70), &[60]), Some(70));
    assert_eq!(covered(Some(70), &[90]), Some(90), "a row shows more");
    assert_eq!(covered(None, &[90]), Some(90));
    assert_eq!(covered(None, &[]), None);
    assert_eq!(covered(Some(-1), &[]), None);
}

#[test]
fn a_page_that_cannot_be_read_is_cut_down_to_one_millisecond_and_passed_over() {
    let poisoned = 37;
    let (mut cursor, mut requests) = (cursor(), 0);
    let gap = loop {
        requests += 1;
        let PageRequest::First { start, end, .. } = cursor.request(10, 50, at(1000)) else { panic!("a first page") };
        if (start..=end).contains(&at(poisoned)) {
            match cursor.narrow(10) {
                Recovery::Again => {}
                Recovery::PassOver(gap) => break gap,
                Recovery::GiveUp(_) => panic!("only a part is poisoned"),
            }
        } else {
            assert!(matches!(cursor.accept(&page(&[], None), 0, true), Next::More { .. }));
        }
    };
    assert_eq!((gap.start, gap.end), (at(poisoned), at(poisoned)));
    assert!(requests < 40, "{requests}");
    check_first(&cursor, (37, 10));
    assert_eq!(cursor.accept(&page(&[20], None), 1, true), Next::Done);
    let read: Vec<_> =
        cursor.read().iter().map(|it| (it.start.timestamp_millis(), it.end.timestamp_millis())).collect();
    assert_eq!(read, [(38, 100), (0, 36)]);
}
