//! Batches of every size: a large one is handed to the component in parts, and nobody can tell.

use std::{fs, sync::Arc};

use exotrace::mapper::{BUILT_IN, BuiltIn};
use exotrace_mapping::{FilePosition, MAX_RECORD_BYTES, Origin};

use crate::harness::{Settings, fixture, map};

/// Every record of the fixtures, several times over: some megabytes.
fn records() -> String {
    let folder = fixture("records");
    let read = |name| fs::read_to_string(folder.join(name)).unwrap();
    let all = ["well-formed.ndjson", "odd.ndjson", "broken.ndjson"].map(read).concat();
    all.repeat(3_000_000 / all.len())
}

#[test]
fn a_large_batch_is_mapped_like_many_small_ones() {
    let records = records();
    let origin = Origin { read_at: None, file: Some(FilePosition { path: "trace.ndjson".to_owned(), offset: 1000 }) };
    for BuiltIn { version, .. } in BUILT_IN {
        let found = map(version, &Settings::new(&["contoso.com"], &["forwarded"]), &Arc::default(), &records, &origin);
        let offset = if version.starts_with("ocsf") { "/unmapped/exotrace/log/offset" } else { "/log/offset" };
        let mut begin = 1000;
        let mut found = found.iter();
        for line in records.split_inclusive('\n') {
            let outcome = found.next().expect("every record has an outcome");
            if outcome.get("dropped").is_none() {
                assert_eq!(outcome["document"].pointer(offset), Some(&begin.into()), "{line}");
            }
            begin += line.len();
        }
        assert!(found.next().is_none());
    }
}

#[test]
fn a_record_may_be_as_long_as_the_limit() {
    let rest = r#"{"Received":"2026-01-02","SenderAddress":"@contoso.com"}"#.len();
    let settings = Settings { preserve_original_event: true, ..Settings::default() };
    for (length, has_failed) in [(MAX_RECORD_BYTES, false), (MAX_RECORD_BYTES + 1, true)] {
        let name = "x".repeat(length - rest);
        let records = format!(r#"{{"Received":"2026-01-02","SenderAddress":"{name}@contoso.com"}}"#);
        let found = map("2.2", &settings, &Arc::default(), &records, &Origin::default());
        let document = &found[0]["document"];
        assert_eq!(document.get("error").is_some(), has_failed);
        assert_eq!(document["event"]["original"], records);
        if !has_failed {
            assert_eq!(document["source"]["user"]["name"], name);
        }
    }
}
