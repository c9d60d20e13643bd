//! What is not read, or not at once, and is named.

use std::{
    fs::{self, File},
    io::Write as _,
    process::Command,
};

use serde_json::{Value, json};

use super::{Inbox, numbers};
use crate::harness::{documents, exotrace, fixture, sized_record};

#[test]
fn what_has_no_records_is_refused_with_the_reason() {
    for (name, expected) in [
        (
            "ambiguous",
            "line 2: day and month of its dates cannot be told apart\n\
             hint: say which stands first: `--date-order day_first` or `--date-order month_first`",
        ),
        ("columns", "table has no column `SenderAddress`, `RecipientAddress`"),
        ("extended", "column `event_id` belongs to a report of events, not of messages\nhint: export the summary"),
    ] {
        let file = format!("fixtures/files/refused/{name}.csv");
        let said = exotrace(&["map", &file], "").with(1).stderr;
        assert!(said.starts_with(&format!("error: could not read `{file}`: {expected}")), "{said}");
    }
    for order in ["day_first", "day-first"] {
        let output = exotrace(&["map", "--date-order", order, "fixtures/files/refused/ambiguous.csv"], "");
        assert_eq!(output.documents()[0]["@timestamp"], "2026-04-03T08:01:02.000Z");
    }
}

#[test]
fn check_says_when_no_direction_is_written() {
    let inbox = Inbox::new();
    let note = "no `local_domains`: no `email.direction` is written";
    assert!(inbox.exotrace(&["check"]).ends(0).stdout.contains(note));
    inbox.change_settings("interval", "local_domains = [\"*.contoso.com\"]\ninterval");
    assert!(!inbox.exotrace(&["check"]).ends(0).stdout.contains(note));
}

#[test]
fn a_source_says_that_it_waits_for_the_order_of_dates() {
    let mut inbox = Inbox::new();
    fs::copy(fixture("files/refused/ambiguous.csv"), inbox.file("ambiguous.csv")).unwrap();
    let ended = inbox.once();
    let expected =
        "line 2: day and month of its dates cannot be told apart; it waits for a row that tells, or for `date_order`";
    assert!(ended.stderr.contains(expected) && ended.code() != Some(0), "{ended}");
}

#[test]
fn a_file_that_cannot_be_read_keeps_no_other_from_being_read() {
    let mut inbox = Inbox::new();
    inbox.put("a.png", b"\x89PNG\r\n\x1a\n\0\0\0");
    fs::copy(fixture("files/refused/extended.csv"), inbox.file("b.csv")).unwrap();
    inbox.add("c.ndjson", format!("nonsense\n{}", sized_record(1)));
    let said = inbox.once().with(2).stderr;
    assert!(said.contains("a.png") && said.contains("an image (PNG)") && said.contains("event_id"), "{said}");
    let kinds: Vec<_> = inbox.delivered().iter().map(|it| it["event"]["kind"].clone()).collect();
    assert_eq!(kinds, [json!("pipeline_error"), Value::Null]);
}

#[test]
fn a_pattern_that_matches_nothing_is_named() {
    let mut inbox = Inbox::new();
    let said = inbox.once().with(2).stderr;
    assert!(said.contains("no file matches") && said.contains("files/*"), "{said}");
}

#[test]
fn links_and_pipes_among_the_paths_are_refused() {
    let mut inbox = Inbox::new();
    let outside = inbox.write("outside.ndjson", sized_record(1));
    std::os::unix::fs::symlink(&outside, inbox.file("link.ndjson")).unwrap();
    assert!(Command::new("mkfifo").arg(inbox.file("pipe.ndjson")).status().unwrap().success());
    inbox.add("a.ndjson", sized_record(0));
    let said = inbox.once().with(2).stderr;
    assert_eq!(numbers(&inbox.delivered()), [0], "{said}");
    assert!(said.contains("link.ndjson") && said.contains("follow_links"), "{said}");
    assert!(said.contains("pipe.ndjson") && said.contains("a named pipe"), "{said}");
    fs::remove_file(inbox.file("pipe.ndjson")).unwrap();
    inbox.change_settings("interval =", "follow_links = true\ninterval =");
    inbox.check_once(0, 2);
}

#[test]
fn what_the_program_writes_is_not_read() {
    let mut inbox = Inbox::with_output("type = \"file\"\npath = \"files/out.ndjson\"");
    inbox.add("a.ndjson", sized_record(0));
    let said = inbox.exotrace(&["check"]).ends(78).stderr;
    assert!(said.contains("`files/*` matches the file of an output"), "{said}");
    // By another way to the same folder, the settings do not tell.
    std::os::unix::fs::symlink(inbox.path("files"), inbox.path("same")).unwrap();
    inbox.change_settings("files/*", "same/*");
    for _ in 0..3 {
        inbox.once().with(0);
    }
    assert_eq!(documents(&inbox.read("files/out.ndjson")).len(), 1);
}

#[test]
fn a_compressed_file_that_is_nearly_all_repetition_is_refused() {
    let mut inbox = Inbox::new();
    let mut packer =
        flate2::write::GzEncoder::new(File::create(inbox.file("bomb.gz")).unwrap(), flate2::Compression::fast());
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..300 {
        packer.write_all(&piece).unwrap();
    }
    packer.finish().unwrap();
    inbox.add("a.ndjson", sized_record(0));
    let said = inbox.check_once(2, 1).stderr;
    assert!(said.contains("unpacks to more than 200 times its length"), "{said}");
}
