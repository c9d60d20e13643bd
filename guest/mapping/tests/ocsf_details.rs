//! Mapping ocsf-1.8: a delivery with its steps is an event beside that of its row, says why it failed, and shows nobody
//! who is hidden.

use exotrace_mapping::{NoGeo, Origin, Outcome, Session, Settings, Tenant, versions};
use serde_json::{Value, json};

fn settings() -> Settings {
    Settings {
        tenant: Some(Tenant { id: "aaaaaaaa-1111-2222-3333-444444444444".to_owned(), name: None }),
        local_domains: Some(vec!["contoso.com".to_owned()]),
        ..Settings::default()
    }
}

/// The events of records with their outcomes.
fn map(settings: &Settings, records: &str) -> Vec<(Value, Outcome)> {
    let mut session = Session::open(&versions::OCSF_1_8, settings).expect("the settings are right");
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

/// A delivery of this status with these steps.
fn delivery(status: &str, steps: &Value) -> String {
    let row = json!({
        "id": "6f1c1a1e-0b1e-4a53-9a4e-08dc00000001",
        "receivedDateTime": "2026-03-04T05:06:07Z",
        "senderAddress": "a@b.example",
        "recipientAddress": "ann@contoso.com",
        "status": status,
        "toIP": "192.0.2.7",
    });
    json!({ "trace": row, "details": steps }).to_string()
}

fn one(line: &str) -> Value {
    map(&settings(), line).pop().expect("an event").0
}

fn ids(outcome: &Outcome) -> (String, Option<String>) {
    match outcome {
        Outcome::Mapped { id, delivery_id, .. } => (id.clone(), Some(delivery_id.clone())),
        Outcome::Failed { id, delivery_id, .. } => (id.clone(), delivery_id.clone()),
        Outcome::Dropped(_) => panic!("nothing is dropped"),
    }
}

#[test]
fn the_fixtures_have_every_cause_with_what_was_done() {
    let mapped = map(&settings(), &fixture("details"));
    let causes: Vec<_> = mapped
        .iter()
        .map(|(event, outcome)| {
            assert!(matches!(outcome, Outcome::Mapped { .. }), "{event}");
            assert_eq!(event["metadata"]["log_name"], "messageTraceDetails");
            event["unmapped"]["details"]["cause_id"].as_str().unwrap_or("none").to_owned()
        })
        .collect();
    let expected: Vec<_> = exotrace_details::CAUSES.iter().map(|cause| cause.id).collect();
    assert_eq!(causes, expected);
    for (event, _) in &mapped {
        let cause = event["unmapped"]["details"]["cause_id"].as_str().unwrap();
        let expected = match (event["metadata"]["event_code"].as_str().unwrap(), cause) {
            ("quarantined", _) => (2, 3),
            ("filteredAsSpam", _) => (2, 2),
            ("delivered", _) => (1, 1),
            ("pending", _) => (3, 14),
            ("failed", "expired" | "loop" | "network" | "remote" | "tls") => (0, 27),
            ("failed", "remote-not-found" | "remote-mailbox-full") => (0, 27),
            ("failed", "restricted" | "not-found" | "mailbox-full" | "limits" | "relay" | "format") => (2, 25),
            ("failed", "deferred" | "dropped" | "other") => (2, 25),
            ("failed", _) => (2, 2),
            other => panic!("{other:?}"),
        };
        let found = ["action_id", "disposition_id"].map(|name| event[name].as_u64().unwrap_or(99));
        assert_eq!(found, [expected.0, expected.1], "{cause}: {event}");
    }
}

#[test]
fn codes_and_answers_are_the_status() {
    let fail = json!([{"dateTime":"2026-03-04T05:06:08.5Z","event":"Fail","description":"550 5.1.10 no such user"}]);
    let event = one(&delivery("failed", &fail));
    assert_eq!((&event["status_code"], &event["status"]), (&json!("5.1.10"), &json!("Failure")));
    assert_eq!(event["status_detail"], "550 5.1.10 no such user");
    assert_eq!([&event["start_time"], &event["end_time"]], [&json!(1_772_600_768_500_i64); 2]);
    assert_eq!(event["duration"], 0);
    let event = one(&delivery("failed", &json!([{"event":"Fail","description":"[Message=450 busy]"}])));
    assert_eq!((&event["status_code"], &event["status_detail"]), (&json!("450"), &json!("450 busy")));
    let event = one(&delivery("Failed", &json!([])));
    assert_eq!((&event["status_code"], &event["status_detail"]), (&Value::Null, &json!("failed")));
    // Of mail that is still tried, the attempt is what is known.
    let defer = json!([{"event":"Defer","description":"Reason: [{LED=451 4.4.0 DNS query failed}]"}]);
    for (status, found) in [("pending", 14), ("gettingStatus", 14), ("failed", 27), ("delivered", 1)] {
        assert_eq!(one(&delivery(status, &defer))["disposition_id"], found, "{status}");
    }
    assert_eq!(one(&delivery("pending", &json!([])))["disposition_id"], Value::Null);
}

#[test]
fn the_event_of_the_steps_stands_beside_that_of_the_row() {
    let steps = json!([{"event":"Fail","description":"550 5.1.10 x"}]);
    let row = serde_json::from_str::<Value>(&delivery("failed", &steps)).unwrap()["trace"].to_string();
    let lines = [row, delivery("failed", &json!([])), delivery("failed", &steps), delivery("pending", &steps)];
    let mapped = map(&settings(), &lines.join("\n"));
    let ids: Vec<_> = mapped.iter().map(|(_, outcome)| ids(outcome)).collect();
    assert!(ids.iter().all(|(_, delivery)| *delivery == ids[0].1), "{ids:?}");
    assert_eq!(ids[1].0, ids[2].0);
    assert!(ids[0].0 != ids[1].0 && ids[1].0 != ids[3].0, "{ids:?}");
    for ((event, _), (id, delivery)) in mapped.iter().zip(&ids) {
        assert_eq!(event["metadata"]["uid"], json!(id));
        assert_eq!(event["metadata"]["original_event_uid"].as_str(), delivery.as_deref());
    }
}

#[test]
fn the_event_has_what_that_of_the_row_has() {
    let lines = fixture("details");
    let trace = |line: &str| serde_json::from_str::<Value>(line).unwrap()["trace"].to_string();
    let rows = map(&settings(), &lines.lines().map(trace).collect::<Vec<_>>().join("\n"));
    for ((row, _), (event, _)) in rows.iter().zip(map(&settings(), &lines)) {
        for (field, value) in row.as_object().unwrap() {
            let differs =
                ["action", "disposition", "dst_endpoint", "message", "metadata", "observables", "status_detail"];
            if !differs.iter().any(|name| field.starts_with(name)) && field != "unmapped" {
                assert_eq!(*value, event[field], "{field}: {event}");
            }
        }
        let (message, of_row) = (event["message"].as_str().unwrap(), row["message"].as_str().unwrap());
        assert!(message.starts_with(&format!("{of_row}: ")), "{message}");
        for observable in row["observables"].as_array().unwrap() {
            let values = event["observables"].as_array().unwrap().iter().map(|it| &it["value"]);
            assert!(values.clone().any(|value| *value == observable["value"]), "{observable}: {event}");
        }
    }
}

#[test]
fn servers_and_rules_have_their_places() {
    let mapped = map(&settings(), &fixture("details"));
    let (dlp, _) = &mapped[0];
    let expected = json!({
        "group": {"name": "PCI DSS"},
        "name": "Credit cards",
        "type": "dlp",
        "uid": "5a4e08dc-0000-4000-8000-000000000001",
    });
    assert_eq!(dlp["policy"], expected);
    let (sent, _) = &map(&settings(), &fixture("odd-details"))[0];
    let expected = json!({"ip": "203.0.113.9", "domain": "fabrikam.com", "hostname": "mx.fabrikam.com"});
    assert_eq!(sent["dst_endpoint"], expected);
    // The row names another server.
    assert_eq!(sent["unmapped"]["toIP"], "198.51.100.7");
    assert_eq!(sent["unmapped"]["details"]["tls"]["version"], "1.2");
    let names = |value: &str| {
        let found = sent["observables"].as_array().unwrap().iter().filter(|it| it["value"] == value);
        found.map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("203.0.113.9"), ["dst_endpoint.ip"]);
    assert_eq!(names("198.51.100.7"), ["unmapped.toIP"]);
    assert_eq!(names("mx.fabrikam.com"), ["dst_endpoint.hostname"]);
    assert_eq!(names("am0pr04mb5555.eurprd04.prod.outlook.com"), ["unmapped.details.steps"]);
}

#[test]
fn a_member_of_the_record_makes_no_key_twice() {
    let line = r#"{"trace":{"id":"x","receivedDateTime":"2026-03-04T05:06:07Z","details":"own","exotrace":1},"details":[{"event":"Fail"}]}"#;
    let mut session = Session::open(&versions::OCSF_1_8, &settings()).unwrap();
    let batch = session.map_batch(line, &Origin::default(), &mut NoGeo);
    let text = String::from_utf8(batch.documents).unwrap();
    assert_eq!(text.matches(r#""details":"#).count(), 1, "{text}");
    let event = one(line);
    assert_eq!(event["unmapped"]["details"]["steps"], json!([{"event": "Fail"}]));
}

#[test]
fn what_is_no_list_of_steps_is_a_failure() {
    let line = delivery("failed", &json!("none"));
    let (event, outcome) = map(&settings(), &line).pop().unwrap();
    assert!(matches!(outcome, Outcome::Failed { .. }));
    let expected = json!(["`details` cannot be of this type: `\"none\"`"]);
    assert_eq!(event["unmapped"]["exotrace"]["error"]["message"], expected);
    assert_eq!(event["raw_data"], line);
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
    for (event, _) in map(&settings, &records) {
        let text = event.to_string();
        assert!(hidden.iter().all(|hidden| !text.contains(hidden)), "{text}");
    }
    let (event, _) = map(&settings, &fixture("details")).swap_remove(10);
    assert_eq!(event["unmapped"]["details"]["cause_id"], "remote-not-found");
    assert_eq!((&event["status_code"], &event["status_detail"]), (&json!("5.1.1"), &json!("550 5.1.1")));
    assert_eq!(event["dst_endpoint"]["ip"], "198.51.100.0");
    assert_eq!(event["dst_endpoint"]["hostname"], "mx.fabrikam.com");
    let (event, _) = map(&settings, &fixture("details")).swap_remove(0);
    assert_eq!(event["policy"], json!({"type": "dlp", "uid": "5a4e08dc-0000-4000-8000-000000000001"}));
}
