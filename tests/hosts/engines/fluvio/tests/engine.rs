//! The SmartModule in the engine of Fluvio.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{collections::BTreeMap, fs};

use exotrace_engine_fixtures::{VERSIONS, file, module, records, without_id};
use exotrace_fluvio_host::{MEMORY_BYTES, NAME, VERSION, process, start};
use fluvio_smartengine::{SmartModuleChainInstance, transformation::TransformationConfig};
use fluvio_smartmodule::Record;
use serde_json::Value;

const RECORD: &str = r#"{"id":"1","receivedDateTime":"2026-03-04T05:06:07Z","senderAddress":"ann@contoso.com","recipientAddress":"bob@fabrikam.com","status":"delivered"}"#;

fn parameters(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn try_start(texts: &[(&str, &str)]) -> anyhow::Result<SmartModuleChainInstance> {
    start(module("fluvio.wasm")?, parameters(texts).into(), VERSION, MEMORY_BYTES)
}

fn map(chain: &mut SmartModuleChainInstance, values: &[&[u8]]) -> Vec<Record> {
    process(chain, values.iter().map(|value| Record::new(*value)).collect(), VERSION).unwrap()
}

fn document(record: &Record) -> Value {
    without_id(record.value.as_ref()).unwrap().0
}

#[test]
fn documents_are_those_of_the_mapping() {
    for version in VERSIONS {
        let mut chain = try_start(&[("mapping", version)]).unwrap();
        for (name, records, expected) in records(version).unwrap() {
            let values: Vec<_> = records.iter().map(String::as_bytes).collect();
            let mut found = map(&mut chain, &values).into_iter();
            for outcome in expected.iter().filter(|outcome| outcome.get("dropped").is_none()) {
                let (document, id) = without_id(found.next().unwrap().value.as_ref()).unwrap();
                assert_eq!((document, id), (outcome["document"].clone(), outcome["_id"].clone()), "{version} {name}");
            }
            assert!(found.next().is_none(), "{version} {name}: a record that is to be dropped is there");
        }
    }
}

#[test]
fn what_is_dropped_is_gone_and_the_rest_keeps_its_key_and_its_place() {
    let mut chain = try_start(&[("drop_status", "Delivered")]).unwrap();
    let values = [RECORD, r#"{"value":[]}"#, "", " \n", &RECORD.replace("delivered", "failed")];
    let records = values.iter().enumerate().map(|(place, value)| {
        let mut record = Record::new_key_value(format!("key {place}"), *value);
        record.preamble.set_offset_delta(place as i64);
        record.preamble.set_timestamp_delta(10 * place as i64);
        record
    });
    let found = process(&mut chain, records.collect(), VERSION).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].offset_delta(), found[0].timestamp_delta()), (4, 40));
    assert_eq!(found[0].key.as_ref().unwrap().as_ref(), b"key 4");
    assert_eq!(document(&found[0])["event"]["outcome"], "failure");
}

#[test]
fn nothing_ends_the_stream() {
    let mut chain = try_start(&[("preserve_original_event", "true")]).unwrap();
    let big = format!(r#"{{"receivedDateTime":"2026-03-04T05:06:07Z","subject":"{}"}}"#, "x".repeat(2_000_000));
    let too_big = "x".repeat(17 * 1024 * 1024);
    let deep = "[".repeat(100_000);
    let values: [&[u8]; 9] = [
        b"not JSON",
        b"{\"subject\":\"\xff\xfe\"}",
        b"\0\0\0\0",
        b"\xef\xbb\xbf",
        b"[]",
        deep.as_bytes(),
        big.as_bytes(),
        too_big.as_bytes(),
        RECORD.as_bytes(),
    ];
    let found = map(&mut chain, &values);
    // NUL and byte order marks alone are no records, as for `exotrace map`.
    let documents: Vec<_> = found.iter().map(document).collect();
    let is_error: Vec<_> = documents.iter().map(|document| document["event"]["kind"] == "pipeline_error").collect();
    assert_eq!(is_error, [true, true, true, true, false, true, false]);
    assert_eq!(documents[0]["event"]["original"], "not JSON");
    assert_eq!(documents[1]["error"]["message"][0], "record is not UTF-8 at byte 12");
    assert_eq!(documents[4]["email"]["subject"].as_str().unwrap().len(), 2_000_000);
    assert_eq!(documents[6]["email"]["direction"], "outbound");
    assert_eq!(map(&mut chain, &[]).len(), 0);
}

#[test]
fn settings_that_cannot_be_used_are_refused_with_the_reason() {
    for (texts, reason) in [
        ([("local_domain", "contoso.com")], "there is no setting `local_domain`\nhint: there are `mapping`, "),
        ([("local_domains", "https://contoso.com")], "setting `local_domains`: `https://contoso.com` is a URL"),
        ([("mapping", "9.9")], "setting `mapping`: there is no mapping `9.9`; there are 1.20"),
        ([("fields", "{")], "setting `fields`: it is not JSON: "),
        ([("fields", r#"{"event.kind":"x"}"#)], "mapping refuses its settings: "),
        ([("options", r#"{"privacy":{"key_id":"1"}}"#)], "mapping refuses its settings: this mapping has no rule for"),
        ([("timestamp", "yes")], "setting `timestamp`: it is `true` or `false`, not `yes`"),
        ([("settings", r#"{"tags":"x"}"#)], "setting `tags`: invalid type"),
    ] {
        let error = format!("{:#}", try_start(&texts).unwrap_err());
        assert!(error.starts_with(reason), "{error}");
    }
}

#[test]
fn people_are_hidden_with_a_key_and_nothing_is_mapped_without() {
    let options = [("mapping", "3.0"), ("options", r#"{"privacy":{"key_id":"1"}}"#)];
    assert!(format!("{:#}", try_start(&options).unwrap_err()).starts_with("mapping refuses its settings: "));
    let key = ("privacy_key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    let mut chain = try_start(&[options[0], options[1], key]).unwrap();
    let found = map(&mut chain, &[RECORD.as_bytes(), b"{\"senderAddress\":\"ann@contoso.com\xff\"}"]);
    for record in found {
        let text = String::from_utf8(record.value.to_vec()).unwrap();
        assert!(!text.contains("ann@") && !text.contains("000102"), "{text}");
    }
}

/// The engine gives no memory back, and has a limit for it.
#[test]
fn memory_and_fuel_stay_as_they_are() {
    let module = module("fluvio.wasm").unwrap();
    let mut chain = start(module, BTreeMap::new().into(), VERSION, 48 * 1024 * 1024).unwrap();
    let batch = vec![RECORD.as_bytes(); 1000];
    let mut fuel = |batches: u64| {
        for _ in 0..batches {
            assert_eq!(map(&mut chain, &batch).len(), batch.len());
        }
        let metrics = chain.metrics_export();
        assert_eq!(metrics[NAME].invocation_count(), batches);
        metrics[NAME].fuel_used() / (batches * 1000)
    };
    let warm = fuel(10);
    let hot = fuel(90);
    assert!(hot > 0 && hot <= warm + warm / 50, "fuel for one record: {warm}, then {hot}");
    println!("fuel for one record: {hot}");
}

#[test]
fn older_versions_of_the_protocol_work() {
    for version in [17, 20, 21, VERSION] {
        let parameters = parameters(&[("tags", "old")]);
        let mut chain = start(module("fluvio.wasm").unwrap(), parameters.into(), version, MEMORY_BYTES).unwrap();
        let found = process(&mut chain, vec![Record::new(RECORD)], version).unwrap();
        assert_eq!(document(&found[0])["tags"][1], "old", "{version}");
    }
}

/// The first block of the page that is a transformation.
#[test]
fn the_example_of_the_page_starts() {
    let page = fs::read_to_string(file("guest/docs/fluvio.md")).unwrap();
    let example = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let config: TransformationConfig = serde_yaml::from_str(example).unwrap();
    let step = config.transforms.into_iter().next().unwrap();
    let texts: BTreeMap<String, String> = step.with.into_iter().map(|(name, text)| (name, text.into())).collect();
    assert!(texts.len() > 3, "{texts:?}");
    let mut chain = start(module("fluvio.wasm").unwrap(), texts.into(), VERSION, MEMORY_BYTES).unwrap();
    assert_eq!(document(&map(&mut chain, &[RECORD.as_bytes()])[0])["email"]["direction"], "outbound");
}
