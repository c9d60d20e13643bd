//! Files of several batches, which are read and mapped ahead: each record is delivered once, in order, in every case.

use std::fs;

use super::{Inbox, numbers};
use crate::harness::{documents, guest, sized_record, sized_records, wait_for};

/// An inbox whose documents go to a file, made by a component that misbehaves.
fn hostile(name: &str, mapping: &str) -> Inbox {
    let inbox = Inbox::with_output(&format!(
        "type = \"file\"\npath = \"documents\"\n[mapping]\npath = \"hostile.wasm\"\n{mapping}"
    ));
    inbox.write("hostile.wasm", guest(name));
    inbox
}

#[test]
fn documents_have_the_order_of_their_records() {
    let mut inbox = Inbox::with_output("type = \"file\"\npath = \"documents\"");
    // Batches end with a thousand records, or with 4 MiB: these have between 20 and a thousand.
    let record = |number: u64| {
        let length = if number % 3000 < 100 { 200_000 } else { 0 };
        sized_record(number).replacen("{", &format!("{{\"Subject\":\"{}\",", "x".repeat(length)), 1)
    };
    inbox.put("a.ndjson", (0..9000).map(record).collect::<String>());
    inbox.check_once(0, 9000);
    assert_eq!(numbers(&inbox.delivered()), (0..9000).collect::<Vec<_>>());
}

#[test]
fn who_stops_in_the_middle_goes_on_there() {
    let mut inbox = Inbox::with_output("type = \"file\"\npath = \"documents\"");
    inbox.put("a.ndjson", sized_records(0..30_000));
    for least in [1, 5000] {
        let mut daemon = inbox.exotrace(&["run"]).start();
        wait_for("documents", || inbox.count("documents") >= least);
        daemon.stop();
        let report = inbox.exotrace(&["status", "--json"]).run().json();
        assert_eq!(report["sources"][0]["rows"], inbox.count("documents"), "what is delivered, and no more, is noted");
    }
    inbox.check_once(0, 30_000);
    assert_eq!(numbers(&inbox.delivered()), (0..30_000).collect::<Vec<_>>());
}

#[test]
fn a_record_in_the_middle_that_stops_the_mapping_goes_to_the_dead_letter_alone() {
    let inbox = hostile("trap-on-record", "");
    let records: Vec<_> =
        (0..5000).map(|number| format!("{{\"{}\":{number}}}", if number == 2500 { "x" } else { "n" })).collect();
    inbox.put("a.ndjson", records.join("\n") + "\n");
    let ended = inbox.exotrace(&["run", "--once"]).run();
    let found = fs::read_to_string(inbox.path("documents")).unwrap();
    let expected: Vec<_> = records.iter().filter(|record| **record != records[2500]).map(String::as_str).collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{ended}");
    let letters = documents(&inbox.read("state/dead-letter.ndjson"));
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["record"], records[2500]);
}

/// The component takes 4 MiB more with each part of a batch, and gives nothing back: alone, each of its instances is let
/// go and created again before there is nothing left for it.
#[test]
fn memory_for_one_instance_is_enough() {
    let inbox = hostile("leaking", "max_memory_bytes = 50331648\nmax_total_memory_bytes = 67108864\n");
    let records: Vec<_> =
        (0..20_000).map(|number| format!("{{\"n\":{number},\"x\":\"{}\"}}", "x".repeat(300))).collect();
    inbox.put("a.ndjson", records.join("\n") + "\n");
    let ended = inbox.exotrace(&["run", "--once"]).run();
    assert_eq!(ended.code(), Some(0), "{ended}");
    let found = fs::read_to_string(inbox.path("documents")).unwrap();
    assert_eq!(found.lines().collect::<Vec<_>>(), records);
    assert!(!ended.stderr.contains("max_total_memory_bytes"), "{ended}");
}
