//! Mappings in other languages, which `make languages` builds of `tests/hosts/languages`: each does what the contract
//! asks for, all make the same documents, and each takes over in a running program.

use std::path::PathBuf;

use crate::harness::{Folder, exotrace, project, text, wait_for};

const RECORDS: &str = "tests/hosts/languages/records.ndjson";
const EXPECTED: &str = "tests/hosts/languages/expected.json";
const CITY: &str = "fixtures/geo/City.mmdb";

/// From file to file, with the mapping that the program has.
const SETTINGS: &str = r#"
    state_dir = "state"
    [[source]]
    type = "file"
    paths = ["mail/*"]
    interval = "50ms"
    [[output]]
    type = "file"
    path = "documents.ndjson"
"#;

const RECORD: &str = r#"{"id":"NUMBER","receivedDateTime":"2026-03-04T05:06:07Z","senderAddress":"ann@contoso.com","recipientAddress":"bob@fabrikam.com","status":"delivered"}"#;

fn component(language: &str) -> PathBuf {
    project().join(format!("target/languages/{language}.wasm"))
}

/// It keeps the contract, and its documents are those of the other languages.
#[track_caller]
fn check_documents(language: &str) {
    let file = component(language);
    let command = ["mapping", "test", text(&file), RECORDS, EXPECTED, "--geoip-city", CITY, "--tag", "x"];
    exotrace(&command, "").with(0);
    let inspected = exotrace(&["mapping", "inspect", text(&file)], "").with(0).stdout;
    let imports: Vec<_> = inspected.lines().filter(|line| line.starts_with("imports")).collect();
    assert_eq!(imports, ["imports      exotrace:mapping/geo@0.2.0"], "{inspected}");
}

/// It takes over while records come in.
#[track_caller]
fn check_replacement(language: &str, version: &str) {
    let folder = Folder::with_settings(SETTINGS);
    let mut daemon = folder.exotrace(&["run"]).start();
    let map = |number: &str, count| {
        folder.write(&format!("mail/{number}.ndjson"), RECORD.replace("NUMBER", number) + "\n");
        wait_for("its document", || folder.count("documents") == count);
    };
    map("1", 1);
    let file = component(language);
    folder.exotrace(&["mapping", "replace", text(&file), "--accept-new-ids"]).ends(0);
    map("2", 2);
    let status = folder.exotrace(&["mapping", "status", "--json"]).ends(0).json();
    assert_eq!((&status["mapping"], &status["rolled_back"]), (&version.into(), &0.into()));
    daemon.stop();
    let documents = folder.documents("documents");
    let [before, after] = &documents[..] else { panic!("{documents:?}") };
    assert_eq!((&before["email"]["local_id"], &after["email"]["local_id"]), (&"1".into(), &"2".into()));
    // The small mapping has no fields of the recipient; what the program adds is in the documents of both.
    assert!(before.get("destination").is_some() && after.get("destination").is_none(), "{after}");
    for field in ["agent", "data_stream", "input"] {
        assert!(after[field].is_object() && after[field] == before[field], "{field}: {after}");
    }
}

#[test]
#[ignore = "needs the component that `make languages` builds"]
fn javascript_keeps_the_contract() {
    check_documents("javascript");
}

#[test]
#[ignore = "needs the component that `make languages` builds"]
fn javascript_takes_over() {
    check_replacement("javascript", "9.1.0");
}

#[test]
#[ignore = "needs the component that `make languages` builds"]
fn python_keeps_the_contract() {
    check_documents("python");
}

#[test]
#[ignore = "needs the component that `make languages` builds"]
fn python_takes_over() {
    check_replacement("python", "9.2.0");
}
