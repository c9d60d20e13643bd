//! Mapping 3.0: one delivery is one delivery, from any service or export.

use exotrace_mapping::{NoGeo, Origin, Outcome, Session, Settings, Tenant, versions};
use serde_json::Value;

const TENANT: &str = "aaaaaaaa-1111-2222-3333-444444444444";

fn settings() -> Settings {
    Settings {
        tenant: Some(Tenant { id: TENANT.to_owned(), name: Some("Contoso".to_owned()) }),
        local_domains: Some(vec!["contoso.com".to_owned(), "*.fabrikam.com".to_owned()]),
        ..Settings::default()
    }
}

/// The document of a record, its `_id`, and what names its delivery.
fn map(settings: &Settings, record: &str) -> (Value, String, Option<String>) {
    let mut session = Session::open(&versions::V3_0, settings).expect("the settings are right");
    let mut batch = session.map_batch(record, &Origin::default(), &mut NoGeo);
    let document = serde_json::from_slice(&batch.documents).expect("a document is JSON");
    match batch.outcomes.pop() {
        Some(Outcome::Mapped { id, delivery_id, .. }) => (document, id, Some(delivery_id)),
        Some(Outcome::Failed { id, delivery_id, .. }) => (document, id, delivery_id),
        other => panic!("{other:?}"),
    }
}

/// One delivery as Graph, the Reporting Web Service, and PowerShell in two languages and with other GUIDs write it.
fn shapes(status: &str) -> [String; 5] {
    let (first, rest) = status.split_at(1);
    let lower = first.to_lowercase() + rest;
    [
        format!(
            r#"{{"id":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","messageId":"<1@b.example>","status":"{lower}","receivedDateTime":"2026-03-04T05:06:07.89Z","recipientAddress":"ann@contoso.com","senderAddress":"<>","subject":"x","size":100,"fromIP":"192.0.2.1","toIP":""}}"#
        ),
        format!(
            r#"{{"Organization":"contoso.onmicrosoft.com","MessageId":"\u003c1@b.example\u003e","Received":"2026-03-04T05:06:07.8901234","SenderAddress":"<>","RecipientAddress":"Ann@Contoso.com","Subject":"x","Status":"{status}","ToIP":null,"FromIP":"192.0.2.1","Size":101,"MessageTraceId":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","StartDate":"2026-03-04T05:00:00Z","EndDate":"2026-03-04T06:00:00Z","Index":7}}"#
        ),
        format!(
            r#"{{"MessageTraceId":"6F1C1A1E-0B1E-4A53-9A4E-08DC00000001","Received":"2026-03-04T06:06:07.8901234+01:00","SenderAddress":"","RecipientAddress":"ANN@contoso.com","Subject":"x","Status":"{status}","Size":"102"}}"#
        ),
        format!(
            r#"{{"PSComputerName":"outlook.office365.com","MessageTraceId":"{{6f1c1a1e-0b1e-4a53-9a4e-08dc00000001}}","Received":"2026-03-04T05:06:07","SenderAddress":null,"RecipientAddress":"ann\u0040contoso.com","Status":"{}"}}"#,
            status.to_uppercase()
        ),
        format!(
            r#"{{"MessageTraceId":"6f1c1a1e0b1e4a539a4e08dc00000001","Received":"2026-03-04T05:06:07,8Z","RecipientAddress":"ann@contoso.com","Status":"{status}"}}"#
        ),
    ]
}

#[test]
fn every_shape_of_a_delivery_has_the_same_ids() {
    for status in ["Delivered", "FilteredAsSpam", "GettingStatus", "Deferred"] {
        let mapped = shapes(status).map(|record| map(&settings(), &record));
        let (first, id, delivery_id) = &mapped[0];
        assert_eq!(first["event"]["id"].as_str(), delivery_id.as_deref());
        for (document, other_id, other_delivery_id) in &mapped {
            assert_eq!((other_id, other_delivery_id), (id, delivery_id), "{document}");
            for field in ["/event/id", "/event/action", "/email/local_id", "/email/to/address", "/event/url", "/user"] {
                assert!(first.pointer(field).is_some(), "{field}");
                assert_eq!(document.pointer(field), first.pointer(field), "{field}");
            }
        }
    }
}

#[test]
fn a_delivery_keeps_its_id_through_its_statuses() {
    let [(pending, pending_id, _), (delivered, delivered_id, _)] =
        ["Pending", "Delivered"].map(|status| map(&settings(), &shapes(status)[0]));
    assert_eq!(pending["event"]["id"], delivered["event"]["id"]);
    assert_ne!(pending_id, delivered_id);
}

#[test]
fn another_recipient_tenant_or_id_is_another_delivery() {
    let record = &shapes("Delivered")[0];
    let (_, id, delivery_id) = map(&settings(), record);
    let other_tenant = Settings { tenant: None, ..settings() };
    for (document, other_id, other_delivery_id) in [
        map(&settings(), &record.replace("ann@", "bob@")),
        map(&settings(), &record.replace("dc00000001", "dc00000002")),
        map(&other_tenant, record),
    ] {
        assert_ne!((&other_id, &other_delivery_id), (&id, &delivery_id), "{document}");
        assert_ne!(other_delivery_id, delivery_id);
    }
    let capitals = Settings { tenant: Some(Tenant { id: TENANT.to_uppercase(), name: None }), ..settings() };
    assert_eq!(map(&capitals, record).1, id);
}

#[test]
fn a_failed_document_has_the_ids_that_can_be_had() {
    let good = map(&settings(), &shapes("Delivered")[0]);
    let record = shapes("Delivered")[0].replace("2026-03-04T05:06:07.89Z", "no date");
    let (document, id, delivery_id) = map(&settings(), &record);
    assert_eq!(document["event"]["kind"], "pipeline_error");
    assert_eq!(document["event"]["id"], good.0["event"]["id"]);
    assert_eq!(delivery_id, good.2);
    // The document that is right is not to be taken for one that is there already.
    assert_ne!(id, good.1);
    assert_eq!(document["related"], good.0["related"]);
    assert_eq!(document["email"]["to"], good.0["email"]["to"]);
    let (document, _, delivery_id) = map(&settings(), "no record");
    assert_eq!((document["event"].get("id"), delivery_id), (None, None));
    assert_eq!(document["organization"]["id"], TENANT);
}

#[test]
fn ids_are_the_same_in_every_batch_and_place() {
    let records: Vec<String> =
        (0..300).map(|number| shapes("Delivered")[0].replace("dc00000001", &format!("dc{number:08}"))).collect();
    let mut session = Session::open(&versions::V3_0, &settings()).unwrap();
    let batch = session.map_batch(&records.join("\n"), &Origin::default(), &mut NoGeo);
    let documents = std::str::from_utf8(&batch.documents).unwrap().lines();
    for ((record, outcome), document) in records.iter().zip(batch.outcomes).zip(documents) {
        let alone = map(&settings(), record);
        let Outcome::Mapped { id, delivery_id, .. } = outcome else { panic!("{outcome:?}") };
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!((document, id, Some(delivery_id)), alone);
    }
}

#[test]
fn addresses_that_stand_for_none_are_left_out() {
    for placeholder in ["255.255.255.255", "0.0.0.0", "::"] {
        let record = shapes("Delivered")[0].replace("192.0.2.1", placeholder);
        let (document, ..) = map(&settings(), &record);
        assert_eq!(document["event"]["kind"], "event");
        assert_eq!(document.pointer("/source"), None);
        assert_eq!(document.pointer("/related/ip"), None);
        assert_eq!(document.pointer("/network/protocol"), None);
        assert_eq!(document["microsoft"]["online_message_trace"]["FromIP"], placeholder);
    }
}

#[test]
fn sub_domains_and_patterns_are_local() {
    for (sender, recipient, direction) in [
        ("a@Mail.CONTOSO.com", "b@x.example", "outbound"),
        ("a@x.example", "b@contoso.com.", "inbound"),
        ("a@mail.fabrikam.com", "b@contoso.com", "internal"),
        ("a@fabrikam.com", "b@x.example", "external"),
        ("\"a@contoso.com\"@x.example", "b@y.example", "external"),
    ] {
        let record = serde_json::json!({ "Received": "2026", "SenderAddress": sender, "RecipientAddress": recipient });
        let (document, ..) = map(&settings(), &record.to_string());
        assert_eq!(document["email"]["direction"], direction, "{sender} {recipient}");
        assert_eq!(document["network"]["direction"], direction);
    }
}
