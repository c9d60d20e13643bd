//! `fixtures/conformance`: what Elastic's packages make of the same records.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use exotrace::geo::Geo;
use exotrace_mapping::Origin;
use serde_json::{Value, json};

use crate::harness::{Settings, assert_same, documents, fixture, geo, map};

fn elastic_geo() -> Arc<Geo> {
    let database = |name| fixture("conformance/geo").join(name);
    geo(&database("GeoLite2-City-Test.mmdb"), &database("GeoLite2-ASN-Test.mmdb"))
}

fn read(name: &str) -> String {
    text_of(&fixture("conformance").join(name))
}

/// An example that is part of Elastic's packages, whose licence is not ours: it is not in the repository.
fn read_example(name: &str) -> String {
    let folder = std::env::var_os("EXOTRACE_ELASTIC_EXAMPLES").expect("the folder with Elastic's examples");
    text_of(&PathBuf::from(folder).join(name))
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of an `-expected.json` file; a null stands for a record that is dropped.
fn expected(text: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(text).unwrap();
    value.get("expected").unwrap_or(&value).as_array().unwrap().clone()
}

/// A whole event and the record that it was made of. What the agent and Fleet add is theirs, and taken away.
fn whole_event(text: &str) -> (String, Value) {
    let mut expected: Value = serde_json::from_str(text).unwrap();
    let record = expected["event"]["original"].as_str().unwrap().to_owned();
    for name in ["agent", "elastic_agent"] {
        expected.as_object_mut().unwrap().remove(name);
    }
    for name in ["ingested", "agent_id_status"] {
        expected["event"].as_object_mut().unwrap().remove(name);
    }
    (record, expected)
}

/// The fields of an event that a host gives to the mapping.
fn host_fields(event: &Value) -> Value {
    json!({
        "data_stream": event["data_stream"],
        "event": { "dataset": event["event"]["dataset"] },
        "input": event["input"],
    })
}

#[test]
#[ignore = "needs Elastic's own examples"]
fn the_event_of_1_20_is_as_by_elastics_own_examples() {
    let (record, expected) = whole_event(&read_example("seed-example-event.json"));
    let settings = Settings {
        // The example was made without local domains.
        local_domains: None,
        fields: Some(host_fields(&expected)),
        ..Settings::new(&[], &["preserve_original_event", "forwarded"])
    };
    let read_at = chrono::DateTime::parse_from_rfc3339(expected["event"]["created"].as_str().unwrap()).unwrap();
    let found = map(
        "1.20",
        &settings,
        &elastic_geo(),
        &record,
        &Origin { read_at: Some(read_at.timestamp_millis()), file: None },
    );
    assert_same("seed example", &found[0]["document"], &expected);
    assert_eq!(found[0]["_id"], "mculcoDonlUqgawR2/Yc6MluakU=");
}

#[test]
#[ignore = "needs Elastic's own examples"]
fn legacy_records_are_mapped_as_by_elastics_own_examples() {
    let records = read_example("elastic-legacy.ndjson");
    let settings = Settings::new(&["contoso.com"], &["preserve_original_event"]);
    let found = map("1.20", &settings, &elastic_geo(), &records, &Origin::default());
    let mut expected = expected(&read_example("elastic-legacy-expected-1.21.json"));
    // The only difference between 1.20 and 1.21.
    for document in expected.iter_mut().filter(|document| !document.is_null()) {
        document["event"]["outcome"] = document["microsoft"]["online_message_trace"]["Status"].clone();
    }
    check_all(&found, &expected);
    let ids: Vec<_> = found.iter().map(|found| found["_id"].as_str()).collect();
    assert_eq!(
        ids,
        [
            Some("t5Ouitb1gdDeN9kQRPbbwaKER/k="),
            Some("Gbkdv9V7GyN7+QtyYr3bXIxRolQ="),
            Some("PTmAOHhrzU3kDr1JqeH4iE6sQvg="),
            Some("ydirqDxPMASgewP3HQCGjgoBU28="),
            None,
        ]
    );
}

#[test]
#[ignore = "needs Elastic's own examples"]
fn records_of_2_1_are_mapped_as_by_elastics_own_examples() {
    let records = read_example("elastic-2.1.ndjson");
    let settings = Settings::new(&["contoso.com"], &["preserve_original_event"]);
    let found = map("2.2", &settings, &elastic_geo(), &records, &Origin::default());
    check_all(&found, &expected(&read_example("elastic-2.1-expected.json")));
    assert_eq!(found[5]["_id"], "S5Hz0wo8KvMSl3Betz4S3iB+y28=");
    assert_eq!(found[6]["_id"], "S+a8VXB6m7BU4XZ++2a6tmxVL78=");
    assert_eq!(found[7]["_id"], "VgrPk+8f+jmDrhS4Bplu8bgwSOk=");
}

#[track_caller]
fn check_all(found: &[Value], expected: &[Value]) {
    assert_eq!(found.len(), expected.len());
    for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
        let found = found.get("document").unwrap_or(&Value::Null);
        assert_same(&format!("record {}", number + 1), found, expected);
    }
}

#[test]
#[ignore = "needs Elastic's own examples"]
fn the_whole_event_of_2_1_is_as_by_elastics_own_examples() {
    let (record, expected) = whole_event(&read_example("elastic-2.1-example-event.json"));
    let settings = Settings {
        fields: Some(host_fields(&expected)),
        ..Settings::new(&["contoso.com"], &["preserve_original_event", "forwarded"])
    };
    let found = map("2.2", &settings, &elastic_geo(), &record, &Origin::default());
    assert_same("2.1 example", &found[0]["document"], &expected);
    assert_eq!(found[0]["_id"], "NPGm8m43KsE2jkcTKojV4MPKTLw=");
}

#[test]
fn the_edge_cases_are_mapped_as_by_elastic() {
    let cases = documents(&read("edge-cases.ndjson"));
    assert_eq!(cases.len(), 28);
    for (case, version) in cases.iter().flat_map(|case| [(case, "1.20"), (case, "2.2")]) {
        check_edge_case(case, version);
    }
}

#[track_caller]
fn check_edge_case(case: &Value, version: &str) {
    let what = format!("{}, mapping {version}", case["case"]);
    let texts = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(vec![text.clone()]),
        texts => Some(texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()),
    };
    // 1.20 has no such rule, and refuses the setting instead of ignoring it.
    let drop_status = if version == "1.20" { None } else { texts(&case["drop_status"]) };
    let settings = Settings {
        local_domains: texts(&case["local_domains"]),
        tags: texts(&case["tags"]).unwrap_or_default(),
        drop_status: drop_status.unwrap_or_default(),
        ..Settings::default()
    };
    let found = map(version, &settings, &Arc::default(), case["input"].as_str().unwrap(), &Origin::default()).remove(0);
    let expected = &case[version];
    let Some(document) = expected.get("doc").filter(|document| !document.is_null()) else {
        assert!(found.get("dropped").is_some(), "{what}: found {found}, expected it dropped");
        return;
    };
    if document["event"]["kind"] == "pipeline_error" {
        // What else Elastic leaves in a failed document is not binding.
        assert_eq!(found["document"]["event"]["kind"], "pipeline_error", "{what}");
        assert!(found["document"]["error"]["message"][0].is_string(), "{what}");
        return;
    }
    let mut document = document.clone();
    if !settings.tags.iter().any(|tag| tag == "preserve_original_event") {
        // From 1.25 on the package leaves this to Fleet's final pipeline; we have none.
        document["event"].as_object_mut().unwrap().remove("original");
    }
    assert_same(&what, &found["document"], &document);
    assert_eq!(found["_id"], expected["_id"], "{what}");
}
