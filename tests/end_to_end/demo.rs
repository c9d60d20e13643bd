//! The main job from beginning to end, as `make demo` shows it.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::exotrace;

#[test]
fn the_demo_delivers_every_row_once() {
    let output = exotrace(&["demo", "--rows", "120"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let documents: Vec<Value> =
        str::from_utf8(&output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let deliveries: HashSet<_> = documents
        .iter()
        .map(|document| {
            let record = &document["microsoft"]["online_message_trace"];
            (record["MessageTraceId"].to_string(), record["RecipientAddress"].to_string())
        })
        .collect();
    assert_eq!((documents.len(), deliveries.len()), (120, 120));
    assert!(documents.iter().any(|document| document["source"]["geo"].is_object()));
    assert!(said.ends_with("120 rows on 3 pages: 120 documents delivered\n"), "{said}");
}

#[test]
fn logs_have_no_record_content() {
    let output = exotrace(&["demo"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    for document in str::from_utf8(&output.stdout).unwrap().lines() {
        let document: Value = serde_json::from_str(document).unwrap();
        for address in document["related"]["user"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(!address.contains('@') || !said.contains(address), "{address} is in the log");
        }
    }
}

#[test]
fn wrong_settings_end_with_their_own_code() {
    let output = exotrace(&["check", "--config", "fixtures/config/bad/unknown-key.toml"], "");
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("\nerror: fixtures/config/bad/unknown-key.toml:8: unknown key `source.intervall`"), "{said}");
    assert_eq!(exotrace(&["run", "--config", "no-such-file.toml"], "").status.code(), Some(78));
}
