//! Mapping 3.0: a delivery with its steps says why it failed, and shows nobody who is hidden.

use exotrace_mapping::{NoGeo, Origin, Outcome, Session, Settings, Tenant, versions};
use serde_json::{Value, json};

const TENANT: &str = "aaaaaaaa-1111-2222-3333-444444444444";

fn settings() -> Settings {
    Settings {
        tenant: Some(Tenant { id: TENANT.to_owned(), name: None }),
        local_domains: Some(vec!["contoso.com".to_owned()]),
        ..Settings::default()
    }
}

/// The documents of records with their outcomes.
fn map(settings: &Settings, records: &str) -> Vec<(Value, Outcome)> {
    let mut session = Session::open(&versions::V3_0, settings).expect("the settings are right");
    let batch = session.map_batch(records, &Origin::default(), &mut NoGeo);
    let documents = batch.documents.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let documents: Vec<Value> = documents.map(|line| serde_json::from_slice(line).expect("JSON")).collect();
    assert_eq!(documents.len(), batch.outcomes.len());
    documents.into_iter().zip(batch.outcomes).collect()
}

fn fixture(name: &str) -> String {
    let file = format!("{}/../../fixtures/records/{name}.ndjson", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).expect("the fixture is there")
}

fn ids(outcome: &Outcome) -> (String, Option<String>) {
    match outcome {
        Outcome::Mapped { id, delivery_id, .. } => (id.clone(), Some(delivery_id.clone())),
        Outcome::Failed { id, delivery_id, .. } => (id.clone(), delivery_id.clone()),
        Outcome::Dropped(_) => panic!("nothing is dropped"),
    }
}

#[test]
fn the_fixtures_have_every_cause_in_the_order_of_decision() {
    let mapped = map(&settings(), &fixture("details"));
    let causes: Vec<_> = mapped
        .iter()
        .map(|(document, outcome)| {
            assert!(matches!(outcome, Outcome::Mapped { .. }), "{document}");
            assert_eq!(document["event"]["action"], "trace-details");
            document["microsoft"]["online_message_trace"]["details"]["cause_id"].as_str().unwrap_or("none").to_owned()
        })
        .collect();
    let expected: Vec<_> = exotrace_details::CAUSES.iter().map(|cause| cause.id).collect();
    assert_eq!(causes, expected);
}

#[test]
fn the_document_of_the_steps_stands_beside_that_of_the_row() {
    let row = r#"{"id":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","receivedDateTime":"2026-03-04T05:06:07Z","senderAddress":"a@b.example","recipientAddress":"ann@contoso.com","status":"STATUS"}"#;
    let line =
        |status: &str, steps: &str| format!(r#"{{"trace":{},"details":{steps}}}"#, row.replace("STATUS", status));
    let steps = r#"[{"event":"Fail","description":"550 5.1.10 x"}]"#;
    let records =
        [row.replace("STATUS", "failed"), line("failed", "[]"), line("Failed", steps), line("pending", steps)];
    let mapped = map(&settings(), &records.join("\n"));
    let ids: Vec<_> = mapped.iter().map(|(_, outcome)| ids(outcome)).collect();
    // One delivery; the steps of one status are one document, and never that of the row.
    assert!(ids.iter().all(|(_, delivery)| *delivery == ids[0].1), "{ids:?}");
    assert_eq!(ids[1].0, ids[2].0);
    assert!(ids[0].0 != ids[1].0 && ids[1].0 != ids[3].0, "{ids:?}");
    for (document, _) in &mapped {
        assert_eq!(document["event"]["id"].as_str(), ids[0].1.as_deref());
    }
    assert_eq!(mapped[2].0["event"]["code"], "5.1.10");
    assert_eq!(mapped[2].0["microsoft"]["online_message_trace"]["Status"], "Failed");
}

#[test]
fn the_document_has_what_that_of_the_row_has() {
    let lines = fixture("details");
    let rows: Vec<String> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["trace"].to_string()
        })
        .collect();
    let rows = map(&settings(), &rows.join("\n"));
    let details = map(&settings(), &lines);
    assert_eq!(rows.len(), details.len());
    for ((row, row_outcome), (details, outcome)) in rows.iter().zip(&details) {
        for field in ["@timestamp", "ecs", "email", "network", "observer", "organization", "source", "tags", "user"] {
            assert_eq!(row[field], details[field], "{field}: {details}");
        }
        for field in ["id", "kind", "outcome", "category", "type", "url", "provider"] {
            assert_eq!(row["event"][field], details["event"][field], "{field}: {details}");
        }
        let (row, details) = (&row["message"], &details["message"]);
        assert!(details.as_str().unwrap().starts_with(&format!("{}: ", row.as_str().unwrap())), "{details}");
        assert_eq!(ids(row_outcome).1, ids(outcome).1);
    }
}

#[test]
fn what_is_odd_is_kept_and_no_failure() {
    let steps = r#"[{"dateTime":"2026-03-04T05:06:08Z","event":"Teleport","data":"<root><MEP Name=\"Flux\" String=\"1.21\"/><MEP Na"},7]"#;
    let line = format!(
        r#"{{"trace":{{"id":"x","receivedDateTime":"2026-03-04T05:06:07Z","status":"failed"}},"details":{steps}}}"#
    );
    let (document, outcome) = map(&settings(), &line).pop().unwrap();
    assert!(matches!(outcome, Outcome::Mapped { .. }), "{document}");
    let details = &document["microsoft"]["online_message_trace"]["details"];
    let expected = json!([
        {"at": "2026-03-04T05:06:08.000Z", "event": "Teleport", "other": ["Flux=1.21"], "unread": "<MEP Na"},
        {"description": "7"},
    ]);
    assert_eq!(details["steps"], expected);
}

#[test]
fn what_is_no_list_of_steps_is_a_failure() {
    let line = r#"{"trace":{"id":"x","receivedDateTime":"2026-03-04T05:06:07Z"},"details":"none"}"#;
    let (document, outcome) = map(&settings(), line).pop().unwrap();
    assert!(matches!(outcome, Outcome::Failed { .. }));
    assert_eq!(document["error"]["message"], json!(["`details` cannot be of this type: `\"none\"`"]));
    assert_eq!(document["event"]["original"], line);
}

#[test]
fn older_versions_do_not_map_steps() {
    let mut session = Session::open(&versions::V2_2, &Settings::default()).unwrap();
    let batch = session.map_batch(&fixture("details"), &Origin::default(), &mut NoGeo);
    assert!(batch.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Failed { .. })));
}

#[test]
fn no_step_shows_anybody_who_is_hidden() {
    let settings = Settings {
        options: Some(r#"{"privacy":{"key_id":"k1"}}"#.to_owned()),
        pseudonym_key: Some(b"0123456789abcdef0123456789ABCDEF".to_vec()),
        ..settings()
    };
    let records = fixture("details") + &fixture("odd-details");
    let hidden = [
        "ann@",
        "bob@",
        "carol",
        "Bob's",
        "invoices",
        "PCI",
        "198.51.100.7",
        "192.0.2.10",
        "203.0.113.9",
        "Default AM0",
    ];
    for text in hidden {
        assert!(records.contains(text), "the fixtures would have `{text}` to leak");
    }
    for (document, _) in map(&settings, &records) {
        let text = document.to_string();
        for hidden in hidden {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
    let (document, _) = map(&settings, &fixture("details")).swap_remove(10);
    assert_eq!(document["microsoft"]["online_message_trace"]["details"]["cause_id"], "remote-not-found");
    assert_eq!(document["event"]["reason"], "550 5.1.1");
    assert_eq!(document["destination"]["ip"], "198.51.100.0");
    assert_eq!(document["destination"]["domain"], "mx.fabrikam.com");
    let steps = &document["microsoft"]["online_message_trace"]["details"]["steps"];
    assert_eq!(steps[0]["client_ip"], "192.0.2.0");
}
