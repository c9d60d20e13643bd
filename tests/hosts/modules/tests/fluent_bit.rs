//! The module for Fluent Bit, under the rules of its plugin, and in what stands before and behind it there.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use exotrace_module_hosts::{FLUENT_BIT, Filtered, FluentBit, Parser, Pipeline, READ_AT, carried, fixture, fixtures};
use serde_json::{Value, json};

fn load() -> FluentBit {
    FluentBit::load(Path::new(FLUENT_BIT)).unwrap()
}

#[track_caller]
fn body(filtered: Filtered) -> Value {
    let Filtered::Body(body) = filtered else { panic!("{filtered:?}") };
    body
}

#[track_caller]
fn check_fixture(name: &str) {
    let mut filter = load();
    for (record, expected) in fixture(name).unwrap() {
        if expected.get("dropped").is_some() {
            assert_eq!(filter.filter(record.as_bytes()), Filtered::Dropped("on purpose"));
            continue;
        }
        let mut found = body(filter.filter(record.as_bytes()));
        assert_eq!(found.as_object_mut().unwrap().remove("exotrace_id"), Some(expected["_id"].clone()));
        assert_eq!(found, expected["document"], "{record}");
    }
}

#[test]
fn documents_are_those_of_the_component() {
    for name in &fixtures().unwrap() {
        check_fixture(name);
    }
}

/// Sends the fixtures through Fluent Bit, and returns which of their records come out as other documents, or with
/// another `_id`, than `exotrace map` gives them. What Fluent Bit's JSON does to any document does not count.
fn differences(parser: Parser) -> Vec<String> {
    let mut pipeline = Pipeline::new(parser, load());
    let mut different = Vec::new();
    for name in &fixtures().unwrap() {
        for (number, (record, mut expected)) in (1..).zip(fixture(name).unwrap()) {
            let found = pipeline.document(&record);
            if expected.get("dropped").is_some() {
                assert_eq!(found, Err("on purpose"));
                continue;
            }
            let mut found = found.unwrap();
            let id = found.as_object_mut().unwrap().remove("exotrace_id").unwrap();
            let document = &mut expected["document"];
            if document.get("@timestamp").is_none() {
                document["@timestamp"] = json!(READ_AT);
            }
            if parser != Parser::None {
                let original = carried(document["event"]["original"].as_str().unwrap());
                document["event"]["original"] = json!(original);
            }
            let document: Value = serde_json::from_str(&carried(&document.to_string())).unwrap();
            if found != document {
                different.push(format!("{name} {number}"));
            } else if id != expected["_id"] {
                different.push(format!("{name} {number}, `_id`"));
            }
        }
    }
    different
}

#[test]
fn lines_that_are_not_parsed_come_out_as_elsewhere() {
    assert_eq!(differences(Parser::None), [""; 0]);
}

#[test]
fn lines_that_fluent_bit_has_parsed_come_out_as_it_read_them() {
    let expected = [
        // What stands behind an object is lost.
        "broken 3",
        // The `_id` of a record that failed is made of its text, in which `\/` has become `/`.
        "dates 20, `_id`",
        "dates 49, `_id`",
        // The same, in which half of a surrogate pair has been replaced.
        "odd-details 9, `_id`",
        // It has nothing else that an `_id` is made of than its text, in which Fluent Bit rounds a long integer.
        "odd 12, `_id`",
    ];
    assert_eq!(differences(Parser::Json), expected);
}

#[test]
fn the_time_of_the_mail_replaces_that_of_the_event() {
    let mut pipeline = Pipeline::new(Parser::JsonWithTime, load());
    let mut wrong = 0;
    for (record, expected) in fixture("dates").unwrap() {
        let document = pipeline.document(&record).unwrap();
        let expected = expected["document"].get("@timestamp").cloned().unwrap_or_else(|| json!(READ_AT));
        assert_eq!(document["@timestamp"], expected, "{record}");
        wrong += usize::from(pipeline.event_time(&record) != expected);
    }
    // What a document without a time of its own would have had.
    assert!(wrong > 20, "{wrong}");
}

#[test]
fn a_hundred_thousand_records_leave_the_memory_as_it_is() {
    let mut filter = load();
    let records = fixture("well-formed").unwrap();
    let mut turn = |rounds: usize| {
        for round in 0..rounds {
            let (record, _) = &records[round % records.len()];
            body(filter.filter(record.as_bytes()));
        }
        filter.memory_bytes()
    };
    let warm = turn(5_000);
    assert_eq!(turn(100_000), warm);
}

#[test]
fn other_addresses_in_every_record_leave_the_memory_bounded() {
    let mut filter = load();
    let mut turn = |from: usize, to: usize| {
        for number in from..to {
            let record = format!(
                r#"{{"receivedDateTime":"2026-03-04T05:06:07Z","senderAddress":"a{number}@d{number}.example","fromIP":"2001:db8::{:x}"}}"#,
                number % 65_536
            );
            body(filter.filter(record.as_bytes()));
        }
        filter.memory_bytes()
    };
    // What is kept of addresses and domains is forgotten and collected again, many times over.
    let warm = turn(0, 30_000);
    let grown = turn(30_000, 130_000) - warm;
    assert!(grown < 1 << 20, "{warm} bytes, and {grown} more");
}

#[test]
fn a_record_of_a_megabyte_goes_through() {
    let mut filter = load();
    let subject = "ü".repeat(512 * 1024);
    let record = json!({ "receivedDateTime": "2026-03-04T05:06:07Z", "subject": subject }).to_string();
    assert_eq!(body(filter.filter(record.as_bytes()))["email"]["subject"], subject);
}

#[test]
fn hostile_records_are_kept_with_what_is_wrong() {
    let mut filter = load();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long_key = format!(r#"{{"{}":1}}"#, "k".repeat(100_000));
    for record in [
        b"not JSON".as_slice(),
        b"{\"subject\":\"\xff\xfe\"}",
        b"{\"subject\":\"\0\"}",
        b"[1,2]",
        b"1e999",
        b"{",
        b"{\"Size\":123456789012345678901234567890}",
        b"{\"receivedDateTime\":5,\"senderAddress\":{},\"fromIP\":\"x\"}",
        deep.as_bytes(),
        long_key.as_bytes(),
    ] {
        let document = body(filter.filter(record));
        assert_eq!(document["event"]["kind"], "pipeline_error", "{document}");
        assert!(document["error"]["message"][0].is_string(), "{document}");
        assert!(document["event"]["original"].is_string(), "{document}");
    }
    assert_eq!(filter.filter(b"  "), Filtered::Dropped("on purpose"));
}

#[test]
fn an_instance_goes_on_after_its_memory_was_used_up() {
    let mut filter = load();
    let (record, _) = fixture("well-formed").unwrap().swap_remove(0);
    let before = body(filter.filter(record.as_bytes()));
    filter.limit_memory(filter.memory_bytes());
    let large = json!({ "subject": "x".repeat(4 * 1024 * 1024) }).to_string();
    assert!(matches!(filter.filter(large.as_bytes()), Filtered::Dropped("trap" | "no memory for the record")));
    filter.limit_memory(1 << 30);
    assert_eq!(body(filter.filter(record.as_bytes())), before);
    assert_eq!(body(filter.filter(large.as_bytes()))["event"]["kind"], "pipeline_error");
}
