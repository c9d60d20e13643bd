//! The module for Redpanda Connect, under the rules of its processor.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use exotrace_module_hosts::{REDPANDA_CONNECT, RedpandaConnect, fixture, fixtures};
use serde_json::Value;

fn load() -> RedpandaConnect {
    RedpandaConnect::load(Path::new(REDPANDA_CONNECT)).unwrap()
}

#[track_caller]
fn check_fixture(name: &str) {
    let mut processor = load();
    for (record, expected) in fixture(name).unwrap() {
        let message = processor.process(record.as_bytes()).unwrap();
        let id = message.metadata.get("exotrace_id").unwrap();
        if expected.get("dropped").is_some() {
            assert_eq!((message.bytes.len(), id.as_str()), (0, ""));
            continue;
        }
        let mut found: Value = serde_json::from_slice(&message.bytes).unwrap();
        assert_eq!(found.as_object_mut().unwrap().remove("exotrace_id"), Some(expected["_id"].clone()));
        assert_eq!(found, expected["document"], "{record}");
        assert_eq!(expected["_id"], id.as_str());
    }
}

#[test]
fn documents_are_those_of_the_component() {
    for name in &fixtures().unwrap() {
        check_fixture(name);
    }
}

#[test]
fn what_is_no_text_does_not_fail_its_batch() {
    let message = load().process(b"{\"subject\":\"\xff\"}").unwrap();
    let document: Value = serde_json::from_slice(&message.bytes).unwrap();
    assert_eq!(document["error"]["message"][0], "record is not UTF-8 at byte 12");
}

#[test]
fn a_hundred_thousand_messages_leave_the_memory_as_it_is() {
    let mut processor = load();
    let records = fixture("well-formed").unwrap();
    let mut turn = |rounds: usize| {
        for round in 0..rounds {
            let (record, _) = &records[round % records.len()];
            assert!(!processor.process(record.as_bytes()).unwrap().bytes.is_empty());
        }
        processor.memory_bytes()
    };
    let warm = turn(5_000);
    assert_eq!(turn(100_000), warm);
}
