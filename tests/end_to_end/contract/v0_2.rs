//! The component of 0.2.0.

use chrono::DateTime;
use exotrace::mapper::{
    Component, DropReason, FailureReason, FilePosition, Origin, Outcome, PseudonymKey, Settings, Tenant,
};
use serde_json::json;

use super::{Kept, LONDON, REASONS};

const KEPT: Kept = Kept("0.2.0");

#[test]
fn it_says_what_it_is() {
    let component = Component::new(&KEPT.bytes()).unwrap();
    let description = component.description();
    assert_eq!(description.name, "contract 0.2.0");
    assert_eq!((&*description.mapping_version, &*description.wit_version), ("9.8.8", "0.2.0"));
    assert_eq!(description.schema.to_string(), "shown 1.0");
    let options = r#"{"type":"object","properties":{"list":{"type":"array"}}}"#;
    assert_eq!(description.options_schema.as_deref(), Some(options));
    let kinds: Vec<_> = description.record_kinds.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(kinds, ["Graph", "Legacy", "Details"]);
}

#[test]
fn it_gets_its_settings() {
    let settings = Settings {
        tenant: Tenant::known_by(Some("AAAAAAAA-2222-3333-4444-555555555555"), Some("Contoso")),
        local_domains: Some(vec!["contoso.com".to_owned()]),
        preserve_original_event: true,
        tags: vec!["a".to_owned(), "b".to_owned()],
        drop_status: vec!["Failed".to_owned()],
        fields: Some(json!({ "x": 1 })),
        suffix_list: Some("com".to_owned()),
        options: Some(json!({ "list": [1, "2"] })),
        pseudonym_key: Some(PseudonymKey::new(vec![1, 2])),
        previous_pseudonym_key: Some(PseudonymKey::new(vec![255])),
        record_kinds: Vec::new(),
    };
    let expected = r#"Some(("aaaaaaaa-2222-3333-4444-555555555555", Some("Contoso"))) Some(["contoso.com"]) true ["a", "b"] ["Failed"] Some("{\"x\":1}") Some("com") Some("{\"list\":[1,\"2\"]}") Some([1, 2]) Some([255])"#;
    KEPT.check_shown(settings, "settings", &Origin::default(), expected);
    let expected = "None None false [] [] None None None None None";
    KEPT.check_shown(Settings::default(), "settings", &Origin::default(), expected);
    let settings = Settings { tenant: Tenant::known_by(None, Some("Contoso")), ..Settings::default() };
    let expected = r#"Some(("", Some("Contoso"))) None false [] [] None None None None None"#;
    KEPT.check_shown(settings, "settings", &Origin::default(), expected);
}

#[test]
fn it_hears_where_records_come_from() {
    KEPT.check_shown(Settings::default(), "origin", &Origin::default(), "None");
    let origin = Origin {
        read_at: DateTime::from_timestamp_millis(1_700_000_000_123),
        file: Some(FilePosition { path: "trace.ndjson".to_owned(), offset: 5_000_000_000 }),
    };
    KEPT.check_shown(Settings::default(), "origin", &origin, r#"Some(1700000000123) "trace.ndjson" 5000000000"#);
}

#[test]
fn it_asks_about_networks() {
    KEPT.check_shown(Settings::default(), "192.0.2.1", &Origin::default(), LONDON);
    KEPT.check_shown(Settings::default(), "10.0.0.1", &Origin::default(), "nothing");
}

#[test]
fn it_tells_what_became_of_records() {
    let reasons = REASONS.into_iter().chain([("unsupported-kind", FailureReason::UnsupportedKind)]);
    let names: Vec<_> = reasons.clone().map(|(name, _)| name).collect();
    let records = format!("10.0.0.1\ndropped\nempty\n{}\n", names.join("\n"));
    let batch = KEPT.map(Settings::default(), &records, &Origin::default());
    let mut found = batch.outcomes.into_iter();
    let length = r#"{"shown":"nothing"}"#.len() as u32;
    let timestamp = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
    let (id, delivery_id) = ("id 0".to_owned(), "delivery 0".to_owned());
    assert_eq!(found.next(), Some(Outcome::Mapped { id, delivery_id, timestamp, length }));
    assert_eq!(found.next(), Some(Outcome::Dropped(DropReason::Status)));
    assert_eq!(found.next(), Some(Outcome::Dropped(DropReason::EmptyPage)));
    for (place, (name, reason)) in reasons.enumerate() {
        let timestamp = DateTime::from_timestamp_millis(-1);
        let (id, delivery_id) = (format!("id {}", place + 3), format!("delivery {}", place + 3));
        let delivery_id = (reason != FailureReason::NotJson).then_some(delivery_id);
        assert_eq!(found.next(), Some(Outcome::Failed { id, delivery_id, timestamp, reason, length }), "{name}");
    }
    assert_eq!(found.next(), None);
}

#[test]
fn a_delivery_id_that_is_none_is_not_believed() {
    let batch = KEPT.map(Settings::default(), "10.0.0.1\nbad-delivery-id\n", &Origin::default());
    assert_eq!(batch.documents.lines().count(), 1);
    match &batch.outcomes[1] {
        Outcome::Rejected(reason) => {
            assert_eq!(reason, "mapping component broke its contract: document 0: its delivery id is not plain text");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_refuses_settings() {
    let expected = [
        ("invalid-fields", "fields to add: reason"),
        ("reserved-field", "field `event.kind` is written by the mapping itself"),
        ("invalid-suffix-list", "public suffix list: reason"),
        ("unsupported", "this mapping version has no rule for `drop_status`"),
        ("invalid-options", "options at `/list/1`: reason"),
        ("invalid-pseudonym-key", "key of pseudonyms: `pseudonym_key`: reason"),
    ];
    for (tag, expected) in expected {
        assert_eq!(KEPT.refusal(tag), format!("mapping refuses its settings: {expected}"));
    }
}
