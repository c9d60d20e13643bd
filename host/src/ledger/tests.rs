use std::{fs, time::Duration};

use super::*;
use crate::support::record_key::RecordKey;

fn at(milliseconds: i64) -> DateTime<Utc> {
    instant(milliseconds)
}

fn key(identity: u8, content: u8) -> RecordKey {
    RecordKey { identity: [identity; 16], content: [content; 8] }
}

fn row(identity: u8, content: u8, received: i64) -> Delivered {
    Delivered { key: key(identity, content), received: at(received) }
}

const WINDOW: Window = Window { start: DateTime::UNIX_EPOCH, end: DateTime::from_timestamp_millis(100).unwrap() };

fn page(delivered: &[Delivered], next: Next, keep_from: i64) -> PageDone {
    let delivered = delivered.to_vec();
    PageDone {
        window: WINDOW,
        delivered,
        touched: Vec::new(),
        changed: 0,
        late: 0,
        lateness: Lateness::default(),
        next,
        covered: Some(WINDOW.end),
        read: Vec::new(),
        keep_from: Some(at(keep_from)),
    }
}

fn more(reached: i64, link: &str) -> Next {
    Next::More { reached: Some(at(reached)), link: Some(link.to_owned()) }
}

/// Checks which of the rows 1 to 4, each with content 1, are known to be delivered.
#[track_caller]
fn check(ledger: &Ledger, source: &str, expected: &[u8]) {
    let mut known = ledger.known(source, (1..=4).map(|identity| [identity; 16])).unwrap();
    let repeated = (1..=4).filter(|identity| known.judge(key(*identity, 1)) == RowVerdict::Repeated);
    assert_eq!(repeated.collect::<Vec<_>>(), expected);
}

#[track_caller]
fn check_refused(folder: &Path, expected: &str) {
    let error = Ledger::open(folder).err().unwrap().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_was_committed_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.progress("a").unwrap(), SourceProgress::default());
    ledger.commit_page("a", &page(&[row(1, 1, 90), row(2, 1, 80)], more(80, "link"), 0), &[]).unwrap();
    drop(ledger);

    let mut ledger = Ledger::open(folder.path()).unwrap();
    let in_progress = InProgress { window: WINDOW, reached: Some(at(80)), next_link: Some("link".to_owned()) };
    let polled_at = ledger.progress("a").unwrap().polled_at;
    let progress = SourceProgress {
        in_progress: Some(in_progress),
        known_from: Some(at(0)),
        covered_from: Some(at(0)),
        polled_at,
        ..SourceProgress::default()
    };
    assert_eq!(ledger.progress("a").unwrap(), progress);
    check(&ledger, "a", &[1, 2]);
    check(&ledger, "b", &[]);

    ledger.commit_page("a", &page(&[row(3, 1, 70)], Next::Done, 75), &[]).unwrap();
    let found = ledger.progress("a").unwrap();
    assert_eq!((found.covered_until, found.known_from, found.in_progress), (Some(at(100)), Some(at(75)), None));
    // Only what may be read again is kept.
    check(&ledger, "a", &[1, 2]);
}

#[test]
fn a_row_is_judged_by_all_that_was_delivered_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    ledger.commit_page("a", &page(&[row(1, 1, 90), row(1, 2, 90)], Next::Done, 0), &[]).unwrap();
    let mut known = ledger.known("a", [[1; 16], [2; 16]].into_iter()).unwrap();
    let verdicts =
        [(1, 1), (1, 2), (1, 3), (1, 3), (2, 1), (2, 1)].map(|(identity, content)| known.judge(key(identity, content)));
    use RowVerdict::{Changed, New, Repeated};
    assert_eq!(verdicts, [Repeated, Repeated, Changed, Repeated, New, Repeated]);
}

#[test]
fn a_link_can_be_given_up_without_losing_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    ledger.commit_page("a", &page(&[row(1, 1, 90)], more(90, "link"), 0), &[]).unwrap();
    ledger.drop_link("a").unwrap();
    let in_progress = ledger.progress("a").unwrap().in_progress.unwrap();
    assert_eq!((in_progress.reached, in_progress.next_link), (Some(at(90)), None));
    check(&ledger, "a", &[1]);
}

#[test]
fn coverage_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    for end in [100, 50] {
        let window = Window { start: at(0), end: at(end) };
        let covered = Some(window.end);
        ledger.commit_page("a", &PageDone { window, covered, ..page(&[], Next::Done, 0) }, &[]).unwrap();
    }
    assert_eq!(ledger.progress("a").unwrap().covered_until, Some(at(100)));
}

#[test]
fn the_status_says_what_people_ask() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.status("a").unwrap(), None);
    ledger.note_gap("a", WINDOW, "why").unwrap();
    ledger.note_token("a", at(7)).unwrap();
    ledger
        .commit_page(
            "a",
            &PageDone { changed: 1, late: 1, ..page(&[row(1, 1, 90), row(2, 1, 80)], Next::Done, 0) },
            &[],
        )
        .unwrap();
    ledger.note_failure("a", at(8), "no answer").unwrap();
    // Beside the one that writes.
    let status = Ledger::open_to_read(folder.path()).unwrap().unwrap().status("a").unwrap().unwrap();
    assert_eq!((status.covered_from, status.covered_until), (Some(at(0)), Some(at(100))));
    assert_eq!((status.rows, status.changed, status.late), (2, 1, 1));
    assert_eq!(status.gaps, [Gap { start: WINDOW.start, end: WINDOW.end, reason: "why".to_owned() }]);
    assert_eq!(
        (status.failed_at, status.failure.as_deref(), status.token_until),
        (Some(at(8)), Some("no answer"), Some(at(7)))
    );

    ledger.commit_page("a", &page(&[], Next::Done, 0), &[]).unwrap();
    assert_eq!(ledger.status("a").unwrap().unwrap().failure, None);
}

#[test]
fn a_failure_is_forgotten_of_a_source_that_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    ledger.forget_failure("a").unwrap();
    assert_eq!(ledger.status("a").unwrap(), None, "it has done nothing yet");
    ledger.note_failure("a", at(8), "no answer").unwrap();
    ledger.note_failure("b", at(9), "no answer").unwrap();
    ledger.forget_failure("a").unwrap();
    let failure = |source: &str| ledger.status(source).unwrap().unwrap().failure;
    assert_eq!((failure("a"), failure("b").as_deref()), (None, Some("no answer")));
}

#[test]
fn requests_are_counted_in_a_running_window() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    for time in [1000, 2000, 3000] {
        ledger.note_request("t", at(time), at(0)).unwrap();
    }
    let requests = |ledger: &Ledger, now| ledger.requests("t", at(now), Duration::from_secs(2)).unwrap();
    assert_eq!(requests(&ledger, 3000), Requests { count: 2, first: Some(at(2000)) });
    ledger.note_request("t", at(4000), at(3000)).unwrap();
    assert_eq!(ledger.requests("t", at(4000), Duration::from_secs(60)).unwrap().count, 1);
    assert_eq!(ledger.requests("other", at(4000), Duration::from_secs(60)).unwrap().count, 0);
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Ledger::open(folder.path()).unwrap();
    check_refused(folder.path(), "` is in use by process ");
    drop(first);
    Ledger::open(folder.path()).unwrap();
}

#[test]
fn a_damaged_file_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let text = "this is not a ledger, and it is longer than the header of one: ".repeat(3);
    fs::write(&path, &text).unwrap();
    check_refused(folder.path(), "ledger.sqlite3` is damaged: ");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_ledger_with_a_damaged_page_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Ledger::open(folder.path()).unwrap());
    let path = folder.path().join("ledger.sqlite3");
    let mut bytes = fs::read(&path).unwrap();
    // The second page is the first of a table.
    bytes[4096..4200].fill(0xff);
    fs::write(&path, bytes).unwrap();
    check_refused(folder.path(), "ledger.sqlite3` is damaged: ");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("ledger.sqlite3")).unwrap();
    connection.execute_batch("CREATE TABLE source (x)").unwrap();
    drop(connection);
    check_refused(folder.path(), "it has tables of another program");
}

#[test]
fn a_file_that_was_emptied_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Ledger::open(folder.path()).unwrap());
    let path = folder.path().join("ledger.sqlite3");
    fs::write(&path, "").unwrap();
    let error = Ledger::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("ledger.sqlite3` is damaged: "), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn what_was_replayed_may_be_replayed_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let rows = [key(1, 1), key(2, 2), key(3, 3)];
    for source in [REPLAY, "a"] {
        ledger.note_accepted(source, &["file".to_owned()], &rows, &[]).unwrap();
    }
    // The end of a page is none of a replay.
    ledger.commit_page("a", &page(&[], Next::Done, 0), &[]).unwrap();
    let file = [7; 32];
    assert_eq!(ledger.replayed_until(&file).unwrap(), None);
    ledger.commit_replayed(Replay { file, offset: u64::MAX }, &rows[..2], &[]).unwrap();
    let keys = |source| ledger.accepted(source).unwrap().iter().map(|row| row.key.identity[0]).collect::<Vec<_>>();
    assert_eq!((keys(REPLAY), keys("a")), (vec![3], vec![]));
    assert_eq!(ledger.replayed_until(&file).unwrap(), Some(u64::MAX));
    ledger.end_replay(&file).unwrap();
    assert_eq!(ledger.replayed_until(&file).unwrap(), None);
}

#[test]
fn what_one_output_has_accepted_is_known_until_all_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let tail = FileHash { length: 3, hash: [7; 16] };
    let mark = |length| FileMark { output: "file".to_owned(), device: 1, inode: u64::MAX, length, began: 5, tail };
    let rows = [key(1, 1), key(2, 1)];
    ledger.note_accepted("a", &["file".to_owned()], &rows, &[Mark::File(mark(10))]).unwrap();
    drop(ledger);

    let mut ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.mark("file").unwrap(), Some(mark(10)));
    assert_eq!(ledger.mark("other").unwrap(), None);
    let keys =
        |ledger: &Ledger| ledger.accepted("a").unwrap().iter().map(|row| row.key.identity[0]).collect::<Vec<_>>();
    assert_eq!(keys(&ledger), [1, 2]);
    assert_eq!(ledger.accepted("b").unwrap(), []);
    check(&ledger, "a", &[]);

    ledger.commit_rows("a", &[row(1, 1, 90)], &[], &[Mark::File(mark(20))]).unwrap();
    assert_eq!((keys(&ledger), ledger.mark("file").unwrap()), (vec![2], Some(mark(20))));
    check(&ledger, "a", &[1]);
    // A row that changed before it was read again is never accepted as it was.
    ledger.commit_page("a", &page(&[row(2, 2, 80)], Next::Done, 0), &[]).unwrap();
    assert_eq!(ledger.accepted("a").unwrap(), []);
}
