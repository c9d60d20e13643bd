//! The plug-in in the runtime of Extism.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use exotrace_engine_fixtures::{VERSIONS, module, records, without_id};
use exotrace_extism_host::load;
use extism::Plugin;
use serde_json::Value;

const RECORD: &str = r#"{"id":"1","receivedDateTime":"2026-03-04T05:06:07Z","senderAddress":"ann@contoso.com","recipientAddress":"bob@fabrikam.com","status":"delivered"}"#;

fn plugin(config: &[(&str, &str)]) -> Plugin {
    load(module("extism.wasm").unwrap(), config.iter().copied()).unwrap()
}

fn lines(plugin: &mut Plugin, function: &str, records: &[u8]) -> Vec<String> {
    plugin.call::<&[u8], String>(function, records).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn documents_are_those_of_the_mapping() {
    for version in VERSIONS {
        let mut plugin = plugin(&[("mapping", version)]);
        for (name, records, expected) in records(version).unwrap() {
            let text = records.join("\n");
            let kept: Vec<_> = expected.iter().filter(|outcome| outcome.get("dropped").is_none()).collect();
            let found = lines(&mut plugin, "map", text.as_bytes());
            assert_eq!(found.len(), kept.len(), "{version} {name}");
            for (document, outcome) in found.iter().zip(kept) {
                let found = without_id(document.as_bytes()).unwrap();
                assert_eq!(found, (outcome["document"].clone(), outcome["_id"].clone()), "{version} {name}");
            }
            check_each(&mut plugin, &text, &expected);
        }
    }
}

/// `map_each` has a line for every record.
#[track_caller]
fn check_each(plugin: &mut Plugin, records: &str, expected: &[Value]) {
    let found = lines(plugin, "map_each", records.as_bytes());
    assert_eq!(found.len(), expected.len());
    for (line, expected) in found.iter().zip(expected) {
        let line: Value = serde_json::from_str(line).unwrap();
        if expected.get("dropped").is_some() {
            assert_eq!(line, serde_json::json!({ "outcome": "dropped", "reason": "empty-page" }));
            continue;
        }
        let (document, _) = without_id(line["document"].to_string().as_bytes()).unwrap();
        assert_eq!((&document, &line["_id"]), (&expected["document"], &expected["_id"]));
        // Documents of OCSF say what is wrong in another way.
        if let Some(event) = document.get("event") {
            assert_eq!(line["outcome"], if event["kind"] == "pipeline_error" { "failed" } else { "mapped" });
        }
    }
}

#[test]
fn no_record_fails_its_call() {
    let mut plugin = plugin(&[("drop_status", "Failed")]);
    let big = format!(r#"{{"receivedDateTime":"2026-03-04T05:06:07Z","subject":"{}"}}"#, "x".repeat(2_000_000));
    let too_big = "x".repeat(17 * 1024 * 1024);
    let dropped = RECORD.replace("delivered", "failed");
    let records: [&[u8]; 8] = [
        b"\xef\xbb\xbfnot JSON",
        b"{\"subject\":\"\xff\xfe\"}\r",
        b"",
        b"[]",
        dropped.as_bytes(),
        big.as_bytes(),
        too_big.as_bytes(),
        RECORD.as_bytes(),
    ];
    let found = lines(&mut plugin, "map_each", &records.join(&b"\n"[..]));
    let found: Vec<Value> = found.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<_> = found.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "failed", "failed", "dropped", "mapped", "failed", "mapped"]);
    assert_eq!(found[0]["document"]["event"]["original"], "not JSON");
    assert_eq!(found[1]["document"]["error"]["message"][0], "record is not UTF-8 at byte 12");
    assert_eq!(found[1]["document"]["event"]["original"], "{\"subject\":\"\u{fffd}\u{fffd}\"}");
    assert_eq!(found[3]["reason"], "status");
    assert_eq!(found[6]["delivery_id"].as_str().unwrap().len(), 28);
    assert_eq!(lines(&mut plugin, "map", b""), [""; 0]);
}

#[test]
fn settings_that_cannot_be_used_are_refused_with_the_reason() {
    for (config, reason) in [
        (("settings", r#"{"local_domain":["x"]}"#), "there is no setting `local_domain`\nhint: there are `mapping`, "),
        (("settings", "{"), "setting `settings`: it is not JSON: "),
        (("local_domains", "https://contoso.com"), "setting `local_domains`: `https://contoso.com` is a URL"),
        (("mapping", "9.9"), "setting `mapping`: there is no mapping `9.9`; there are 1.20"),
        (("fields", r#"{"event.kind":"x"}"#), "mapping refuses its settings: "),
    ] {
        let mut plugin = plugin(&[config]);
        for _ in 0..2 {
            let error = plugin.call::<&str, &str>("map", "").unwrap_err();
            assert!(format!("{error:#}").starts_with(reason), "{error:#}");
        }
    }
}

#[test]
fn a_single_setting_wins_over_settings_and_these_over_what_is_inside() {
    let settings = r#"{"tags":["together"],"tenant_name":"Contoso"}"#;
    let mut plugin = plugin(&[("settings", settings), ("tags", "alone"), ("local_domains", "")]);
    let document: Value = serde_json::from_str(&lines(&mut plugin, "map", RECORD.as_bytes())[0]).unwrap();
    assert_eq!(document["tags"][1], "alone");
    assert_eq!(document["organization"]["name"], "Contoso");
    assert_eq!(document["email"]["direction"], "outbound");
}

#[test]
fn a_hundred_calls_leave_the_memory_as_it_is() {
    let limit = extism::Manifest::new([extism::Wasm::data(module("extism.wasm").unwrap())]).with_memory_max(768);
    let mut plugin = extism::PluginBuilder::new(limit).with_cache_disabled().build().unwrap();
    let records = [RECORD; 1000].join("\n");
    for _ in 0..100 {
        assert_eq!(lines(&mut plugin, "map", records.as_bytes()).len(), 1000);
    }
}
