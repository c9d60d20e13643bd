use std::fs;

use super::*;

fn at(milliseconds: i64) -> DateTime<Utc> {
    instant(milliseconds)
}

fn row(key: u8, received: i64) -> Delivered {
    Delivered { key: [key; 16], received: at(received) }
}

const WINDOW: Window = Window { start: DateTime::UNIX_EPOCH, end: DateTime::from_timestamp_millis(100).unwrap() };

/// Checks which of the rows 1 to 4 are known to be delivered.
#[track_caller]
fn check(ledger: &Ledger, source: &str, expected: &[u8]) {
    let known = ledger.delivered(source, (1..=4).map(|key| [key; 16])).unwrap();
    assert_eq!(known, expected.iter().map(|key| [*key; 16]).collect());
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
    assert_eq!(ledger.progress("a").unwrap(), Progress::default());
    ledger.commit_page("a", WINDOW, &[row(1, 90), row(2, 80)], Some("link"), at(0)).unwrap();
    drop(ledger);

    let mut ledger = Ledger::open(folder.path()).unwrap();
    let progress =
        Progress { in_progress: Some((WINDOW, "link".to_owned())), known_from: Some(at(0)), ..Progress::default() };
    assert_eq!(ledger.progress("a").unwrap(), progress);
    check(&ledger, "a", &[1, 2]);
    check(&ledger, "b", &[]);

    ledger.commit_page("a", WINDOW, &[row(3, 70)], None, at(75)).unwrap();
    let progress = Progress { covered_until: Some(at(100)), known_from: Some(at(75)), in_progress: None };
    assert_eq!(ledger.progress("a").unwrap(), progress);
    // Only what may be read again is kept.
    check(&ledger, "a", &[1, 2]);
}

#[test]
fn a_link_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    ledger.commit_page("a", WINDOW, &[row(1, 90)], Some("link"), at(0)).unwrap();
    ledger.drop_link("a").unwrap();
    let progress = ledger.progress("a").unwrap();
    assert_eq!((progress.covered_until, progress.in_progress), (None, None));
    check(&ledger, "a", &[1]);
}

#[test]
fn coverage_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    for end in [100, 50] {
        ledger.commit_page("a", Window { start: at(0), end: at(end) }, &[], None, at(0)).unwrap();
    }
    assert_eq!(ledger.progress("a").unwrap().covered_until, Some(at(100)));
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Ledger::open(folder.path()).unwrap();
    check_refused(folder.path(), "` is in use by another process");
    drop(first);
    Ledger::open(folder.path()).unwrap();
}

#[test]
fn a_damaged_file_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let text = "this is no ledger, and it is longer than the header of one: ".repeat(3);
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
fn a_newer_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Ledger::open(folder.path()).unwrap());
    let connection = Connection::open(folder.path().join("ledger.sqlite3")).unwrap();
    connection.pragma_update(None, "user_version", 9).unwrap();
    drop(connection);
    check_refused(folder.path(), "` has version 9, this program knows 1");
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
