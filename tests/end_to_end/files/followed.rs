//! Files that are followed: they grow, are copied, renamed and cut off, and the program is killed.

use std::{
    fs::{self, File},
    process::Command,
};

use serde_json::json;

use super::Inbox;
use crate::harness::{documents, sized_record, sized_records, wait_for};

/// Writes in pieces that end anywhere, and renames the file; now and then it is read at least so far.
fn write(inbox: &Inbox, total: u64, wait_for_all: impl Fn(u64)) {
    for number in 0..total {
        let text = sized_record(number);
        let (half, rest) = text.split_at(usize::try_from(number).unwrap() % text.len());
        inbox.add("trace.ndjson", half);
        inbox.add("trace.ndjson", rest);
        if number % 700 == 350 {
            fs::rename(inbox.file("trace.ndjson"), inbox.file(&format!("trace.ndjson.{number}"))).unwrap();
        }
        if number % 300 == 0 {
            wait_for_all(number.saturating_sub(200));
        }
    }
}

#[test]
fn every_record_is_delivered_once_with_its_place() {
    let mut inbox = Inbox::new();
    inbox.add("a.ndjson", sized_records(0..2500));
    inbox.add("b.json", format!("[{},\n{}]", sized_record(2500).trim(), sized_record(2501)));
    inbox.check_once(0, 2502);
    for document in inbox.delivered() {
        let path = document["log"]["file"]["path"].as_str().unwrap();
        let bytes = fs::read(inbox.path(path)).unwrap();
        let offset = usize::try_from(document["log"]["offset"].as_u64().unwrap()).unwrap();
        let size = document["email"]["attachments"]["file"]["size"].as_u64().unwrap();
        assert!(bytes[offset..].starts_with(sized_record(size).trim().as_bytes()), "{path} {offset}");
        assert_eq!(document["input"]["type"], "log");
    }
    inbox.check_once(0, 2502);
    inbox.add("a.ndjson", sized_records(2502..2503));
    inbox.check_once(0, 2503);
}

#[test]
fn copies_and_renamed_files_are_not_read_again() {
    let mut inbox = Inbox::new();
    inbox.add("a.ndjson", sized_records(0..50));
    inbox.check_once(0, 50);
    fs::copy(inbox.file("a.ndjson"), inbox.file("copy.ndjson")).unwrap();
    let packed = Command::new("gzip").arg("-k").arg(inbox.file("copy.ndjson")).status().unwrap();
    assert!(packed.success());
    fs::rename(inbox.file("a.ndjson"), inbox.file("a.ndjson.1")).unwrap();
    inbox.check_once(0, 50);
    // Cut off and begun again, and a new file under an old name.
    inbox.put("a.ndjson.1", sized_records(50..60));
    inbox.put("a.ndjson", sized_records(60..70));
    inbox.check_once(0, 70);
    assert!(inbox.counts().values().all(|count| *count == 1));
}

#[test]
fn what_is_not_whole_waits() {
    let mut inbox = Inbox::new();
    let text = sized_record(1);
    let (half, rest) = text.split_at(20);
    inbox.add("a.ndjson", sized_record(0) + half);
    inbox.add("b.json", format!("[{},", sized_record(2).trim()));
    inbox.check_once(2, 2);
    inbox.add("a.ndjson", rest);
    inbox.add("b.json", format!("{}]", sized_record(3).trim()));
    inbox.check_once(0, 4);
    assert!(inbox.counts().values().all(|count| *count == 1));
}

#[test]
fn a_file_is_followed_while_it_grows_and_is_rotated() {
    let mut inbox = Inbox::new();
    let mut daemon = inbox.exotrace(&["run"]).start();
    let wait_for_all = |count: u64| wait_for("documents", || daemon.output().matches('\n').count() as u64 >= count);
    write(&inbox, 3000, wait_for_all);
    wait_for_all(3000);
    // Copied and cut off, as `copytruncate` of logrotate does it.
    fs::copy(inbox.file("trace.ndjson"), inbox.file("trace.ndjson.copy")).unwrap();
    File::options().write(true).truncate(true).open(inbox.file("trace.ndjson")).unwrap();
    inbox.add("trace.ndjson", sized_records(3000..3010));
    wait_for_all(3010);
    daemon.stop();
    inbox.printed = documents(&daemon.output());
    inbox.check_once(0, 3010);
    assert!(inbox.counts().values().all(|count| *count == 1));
}

#[test]
fn nothing_is_missing_and_nothing_twice_after_the_program_was_killed_again_and_again() {
    const KILLS: usize = 8;
    let mut inbox = Inbox::with_output("type = \"file\"\npath = \"documents\"");
    inbox.add("old.ndjson", sized_records(100_000..130_000));
    for round in 0..KILLS {
        let mut program = inbox.exotrace(&["run"]).start();
        inbox.add("trace.ndjson", sized_records(round as u64 * 100..round as u64 * 100 + 100));
        wait_for("documents", || inbox.count("documents") >= 3500 * (round + 1));
        program.kill();
    }
    inbox.once().with(0);
    let counts = inbox.counts();
    assert_eq!(counts.len(), 30_000 + KILLS * 100);
    assert!(counts.values().all(|count| *count == 1));
}

#[test]
fn status_says_how_far_every_file_is_read() {
    let inbox = Inbox::new();
    inbox.add("a.ndjson", "{\"Received\":\"2026-03-04T05:06:07\"}\n{\"Received\":\"2026-03-04T05:06:08\"}\n");
    inbox.exotrace(&["run", "--once"]).ends(0);
    let report = inbox.exotrace(&["status", "--json"]).run().json();
    let source = &report["sources"][0];
    assert_eq!((&source["type"], &source["rows"]), (&json!("file"), &json!(2)));
    let file = &source["files"][0];
    assert!(file["path"].as_str().unwrap().ends_with("a.ndjson"), "{file}");
    assert_eq!((&file["offset"], &file["line"]), (&json!(70), &json!(3)));
    let said = inbox.exotrace(&["status"]).run().stdout;
    assert!(said.contains("a.ndjson: 70 B, up to line 3\n") && said.contains("  records     2\n"), "{said}");
}

#[test]
fn check_says_how_many_files_match() {
    let inbox = Inbox::new();
    inbox.add("a.ndjson", "");
    inbox.add("b.ndjson", "");
    let said = inbox.exotrace(&["check"]).run().stdout;
    let source = said.lines().find(|line| line.starts_with("source ")).unwrap();
    assert!(source.contains("file, 2 files match "), "{said}");
}

#[test]
fn a_file_with_other_contents_in_its_middle_is_read_again() {
    let mut inbox = Inbox::new();
    inbox.add("a.ndjson", sized_records(0..200));
    inbox.check_once(0, 200);
    // The same length, the same beginning and the same end.
    inbox.put("a.ndjson", sized_records(0..200).replace("\"Size\":100}", "\"Size\":999}"));
    inbox.check_once(0, 400);
    assert_eq!(inbox.counts().get(&999), Some(&1));
    // Grown as well.
    let changed = sized_records(0..200).replace("\"Size\":100}", "\"Size\":998}") + &sized_records(200..201);
    inbox.put("a.ndjson", changed);
    inbox.check_once(0, 601);
    assert_eq!((inbox.counts().get(&998), inbox.counts().get(&200)), (Some(&1), Some(&1)));
    // Touched, and only added to: nothing is read again.
    File::options()
        .append(true)
        .open(inbox.file("a.ndjson"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    inbox.check_once(0, 601);
    inbox.add("a.ndjson", sized_records(201..202));
    inbox.check_once(0, 602);
}

#[test]
fn many_files_are_read_with_few_descriptors() {
    let mut inbox = Inbox::new();
    for number in 0..200 {
        inbox.add(&format!("{number}.ndjson"), sized_record(number));
    }
    let ended = inbox.exotrace(&["run", "--once"]).by_script("ulimit -n 48; exec \"$@\"").ends(0);
    inbox.printed = ended.documents();
    assert_eq!(inbox.counts().len(), 200, "{ended}");
}
