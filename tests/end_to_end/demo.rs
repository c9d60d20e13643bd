//! The main job from beginning to end, as `make demo` shows it.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::{Folder, exotrace};

#[test]
fn the_demo_delivers_every_row_once() {
    let ended = exotrace(&["demo", "--rows", "120"], "").with(0);
    let documents = ended.documents();
    let deliveries: HashSet<_> = documents
        .iter()
        .map(|document| {
            let record = &document["microsoft"]["online_message_trace"];
            (record["MessageTraceId"].to_string(), record["RecipientAddress"].to_string())
        })
        .collect();
    assert_eq!((documents.len(), deliveries.len()), (120, 120));
    assert!(documents.iter().any(|document| document["source"]["geo"].is_object()));
    assert!(ended.stderr.ends_with("120 rows on 3 pages: 120 documents delivered\n"), "{ended}");
}

#[test]
fn a_demo_without_a_folder_says_how_to_name_one() {
    let ended = Folder::new().bare(&["demo"]).env("TMPDIR", "/none").ends(1);
    let said = ended.said();
    assert!(said.contains("could not make a folder for the demo: ") && said.contains("hint: `TMPDIR` "), "{said}");
}

#[test]
fn logs_have_no_record_content() {
    let ended = exotrace(&["demo"], "").with(0);
    let documents = ended.documents();
    assert!(!documents.is_empty());
    for document in documents {
        for address in document["related"]["user"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(!address.contains('@') || !ended.stderr.contains(address), "{address} is in the log");
        }
    }
}

#[test]
fn wrong_settings_end_with_their_own_code() {
    let said = exotrace(&["check", "--config", "fixtures/config/bad/unknown-key.toml"], "").with(78).stderr;
    assert!(said.contains("\nerror: fixtures/config/bad/unknown-key.toml:8: unknown key `source.intervall`"), "{said}");
    exotrace(&["run", "--config", "no-such-file.toml"], "").with(78);
}
