//! Whole records.

use serde_json::{Value, json};

use crate::{Mapped, Origin, Settings, V1_20, V2_2, Version, map};

/// The document, its id, and whether it failed; `None` if the record was dropped.
fn mapped(version: Version, settings: &Settings, line: &str) -> Option<(Value, String, bool)> {
    match map(version, settings, &Origin::default(), &|_| None, line) {
        Mapped::Dropped => None,
        Mapped::Document { document, id, failed, .. } => Some((document, id, failed)),
    }
}

fn contoso() -> Settings {
    Settings { local_domains: Some(vec!["contoso.com".to_owned()]), ..Settings::default() }
}

fn record(sender: &str, recipient: &str) -> String {
    json!({ "Received": "2026-01-02T03:04:05", "SenderAddress": sender, "RecipientAddress": recipient }).to_string()
}

#[track_caller]
fn check_direction(version: Version, sender: &str, recipient: &str, direction: &str, user: &Value) {
    let (document, _, failed) = mapped(version, &contoso(), &record(sender, recipient)).unwrap();
    assert!(!failed);
    assert_eq!(document["email"]["direction"], direction);
    assert_eq!(document["user"]["name"], *user);
}

#[test]
fn the_direction_says_who_the_user_is() {
    check_direction(V1_20, "a@x.com", "b@contoso.com", "inbound", &json!("b"));
    check_direction(V1_20, "a@contoso.com", "b@x.com", "outbound", &json!("a"));
    check_direction(V1_20, "a@contoso.com", "b@contoso.com", "internal", &json!(["b", "a"]));
    check_direction(V1_20, "a@contoso.com", "@contoso.com", "internal", &json!(["a"]));
    check_direction(V1_20, "a@contoso.com", "a@contoso.com", "internal", &json!("a"));
    check_direction(V1_20, "a@x.com", "b@CONTOSO.com", "external", &Value::Null);
    check_direction(V2_2, "a@x.com", "b@CONTOSO.com", "inbound", &json!("b"));
    check_direction(V2_2, "<>", "b@contoso.com", "inbound", &json!("b"));
}

#[test]
fn names_of_both_interfaces_are_known_and_the_last_counts() {
    let line = r#"{"Size":1,"receivedDateTime":"2026-01-02","size":2,"siz\u0065":3,"id":"x","Subject":""}"#;
    for version in [V1_20, V2_2] {
        let (document, ..) = mapped(version, &Settings::default(), line).unwrap();
        let expected = json!({ "Received": "2026-01-02", "MessageTraceId": "x", "Size": 3 });
        assert_eq!(document["microsoft"]["online_message_trace"], expected);
        assert_eq!(document["email"]["attachments"]["file"]["size"], 3);
    }
}

#[test]
fn a_failed_record_keeps_what_could_be_mapped() {
    let line = r#"{"Received":"2026-01-02","SenderAddress":"a","RecipientAddress":"b@x.com","ToIP":"nowhere"}"#;
    let (document, id, failed) = mapped(V2_2, &contoso(), line).unwrap();
    assert!(failed);
    assert_eq!(id, crate::fingerprint::of_bytes(line.as_bytes()));
    assert_eq!(document["@timestamp"], "2026-01-02T00:00:00.000Z");
    assert_eq!(document["event"]["kind"], "pipeline_error");
    assert_eq!(document["event"]["original"], line);
    assert_eq!(document["tags"], json!(["preserve_original_event"]));
    assert_eq!(document["error"]["message"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["destination"]["domain"], "x.com");
    assert_eq!(document["destination"].get("ip"), None);
    assert_eq!(document["source"]["user"], json!({ "id": "a", "email": "a" }));
}

#[test]
fn what_is_no_record_gives_a_document_with_nothing_of_it() {
    let (document, _, failed) = mapped(V1_20, &Settings::default(), "[1]").unwrap();
    assert!(failed);
    let members: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(members, ["ecs", "error", "event"]);
    assert_eq!(document["event"], json!({ "kind": "pipeline_error", "original": "[1]" }));
}

#[test]
fn pages_and_statuses_are_dropped() {
    let settings = Settings { drop_status: vec!["GettingStatus".to_owned()], ..Settings::default() };
    let line = r#"{"Received":"2026","status":"gettingstatus"}"#;
    assert_eq!(mapped(V2_2, &settings, line), None);
    assert!(mapped(V1_20, &settings, line).is_some());
    assert_eq!(mapped(V1_20, &settings, r#"{"value":[]}"#), None);
    assert!(mapped(V1_20, &settings, r#"{"value":[{}]}"#).unwrap().2);
}

#[test]
fn tags_stand_once_and_the_original_is_kept_by_one() {
    let settings =
        Settings { tags: ["x", "", "preserve_original_event", "x"].map(str::to_owned).to_vec(), ..contoso() };
    let line = record("a@x.com", "b@x.com");
    let (document, ..) = mapped(V2_2, &settings, &line).unwrap();
    assert_eq!(document["tags"], json!(["x", "preserve_original_event"]));
    assert_eq!(document["event"]["original"], line);
    let (document, ..) = mapped(V2_2, &contoso(), &line).unwrap();
    assert_eq!(document["event"].get("original"), None);
}
