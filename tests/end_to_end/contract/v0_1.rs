//! The component of 0.1.0.

use chrono::DateTime;
use exotrace::mapper::{
    Component, DropReason, FilePosition, MapperError, Origin, Outcome, PseudonymKey, Settings, SettingsRefusal, Tenant,
};
use serde_json::json;

use super::{Kept, LONDON, REASONS};

const KEPT: Kept = Kept("0.1.0");

#[test]
fn it_says_what_it_is() {
    let component = Component::new(&KEPT.bytes()).unwrap();
    let description = component.description();
    assert_eq!(description.name, "contract 0.1.0");
    assert_eq!((&*description.mapping_version, &*description.wit_version), ("9.8.7", "0.1.0"));
    assert_eq!(description.schema.to_string(), "ecs 8.11.0");
    assert_eq!(description.options_schema, None);
    let kinds: Vec<_> = description.record_kinds.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(kinds, ["Graph", "Legacy"]);
}

#[test]
fn it_gets_its_settings() {
    let settings = Settings {
        local_domains: Some(vec!["contoso.com".to_owned()]),
        preserve_original_event: true,
        tags: vec!["a".to_owned(), "b".to_owned()],
        drop_status: vec!["Failed".to_owned()],
        fields: Some(json!({ "x": 1 })),
        suffix_list: Some("com".to_owned()),
        ..Settings::default()
    };
    let expected = r#"Some(["contoso.com"]) true ["a", "b"] ["Failed"] Some("{\"x\":1}") Some("com")"#;
    KEPT.check_shown(settings, "settings", &Origin::default(), expected);
    KEPT.check_shown(Settings::default(), "settings", &Origin::default(), "None false [] [] None None");
}

#[test]
fn of_the_tenant_it_gets_the_name_as_a_field() {
    let tenant = Tenant::known_by(Some("11111111-2222-3333-4444-555555555555"), None);
    let settings = Settings { tenant, ..Settings::default() };
    KEPT.check_shown(settings, "settings", &Origin::default(), "None false [] [] None None");
    let settings = Settings { tenant: Tenant::known_by(None, Some("Contoso")), ..Settings::default() };
    let expected = r#"None false [] [] Some("{\"organization\":{\"name\":\"Contoso\"}}") None"#;
    KEPT.check_shown(settings, "settings", &Origin::default(), expected);
}

#[test]
fn settings_that_it_cannot_be_told_are_refused_by_name() {
    let key = || Some(PseudonymKey::new(vec![1; 32]));
    for (settings, name) in [
        (Settings { options: Some(json!({})), ..Settings::default() }, "mapping.options"),
        (Settings { pseudonym_key: key(), ..Settings::default() }, "mapping.privacy"),
        (Settings { previous_pseudonym_key: key(), ..Settings::default() }, "mapping.privacy"),
    ] {
        let Err(MapperError::Settings(refusal)) = KEPT.mapper(settings) else { panic!("{name}") };
        assert!(matches!(&refusal, SettingsRefusal::OtherContract { setting, .. } if *setting == name), "{refusal:?}");
        let expected = format!("it was built for version `0.1.0` of the contract, which has no `{name}`\nhint: ");
        assert!(refusal.to_string().starts_with(&expected), "{refusal}");
    }
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
    let names: Vec<_> = REASONS.iter().map(|(name, _)| *name).collect();
    let records = format!("10.0.0.1\ndropped\nempty\n{}\n", names.join("\n"));
    let batch = KEPT.map(Settings::default(), &records, &Origin::default());
    let mut found = batch.outcomes.into_iter();
    let length = r#"{"shown":"nothing"}"#.len() as u32;
    match found.next() {
        Some(Outcome::Mapped { id, delivery_id, timestamp, length: found }) => {
            assert_eq!((id.as_str(), found), ("id 0", length));
            assert_eq!(timestamp, DateTime::from_timestamp_millis(1_700_000_000_123).unwrap());
            assert_eq!(delivery_id.len(), 22, "the host's own: {delivery_id}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(found.next(), Some(Outcome::Dropped(DropReason::Status)));
    assert_eq!(found.next(), Some(Outcome::Dropped(DropReason::EmptyPage)));
    for (place, (name, reason)) in REASONS.into_iter().enumerate() {
        let (timestamp, delivery_id) = (DateTime::from_timestamp_millis(-1), None);
        let id = format!("id {}", place + 3);
        assert_eq!(found.next(), Some(Outcome::Failed { id, delivery_id, timestamp, reason, length }), "{name}");
    }
    assert_eq!(found.next(), None);
}

#[test]
fn the_host_names_deliveries_for_it() {
    let record = |id: &str, recipient: &str, status: &str| {
        format!(r#"{{"id":"{id}","recipientAddress":"{recipient}","status":"{status}"}}"#)
    };
    let records = [
        record("1", "a@b.c", "pending"),
        record("1", "A@b.C", "delivered"),
        record("2", "a@b.c", "pending"),
        record("1", "d@b.c", "pending"),
        r#"{"MessageTraceId":"1","RecipientAddress":"a@b.c","Status":"Failed"}"#.to_owned(),
        r#"{"size":1}"#.to_owned(),
        r#"{"size":2}"#.to_owned(),
    ];
    let batch = KEPT.map(Settings::default(), &records.join("\n"), &Origin::default());
    let ids: Vec<_> = batch.entries().map(|entry| entry.outcome.delivery_id().unwrap()).collect();
    let same = |place: usize| (0..ids.len()).filter(|other| ids[*other] == ids[place]).collect::<Vec<_>>();
    assert_eq!(same(0), [0, 1, 4], "letter case, status and whose record it is do not count");
    for place in [2, 3, 5, 6] {
        assert_eq!(same(place), [place]);
    }
}

#[test]
fn it_refuses_settings() {
    let expected = [
        ("invalid-fields", "fields to add: reason"),
        ("reserved-field", "field `event.kind` is written by the mapping itself"),
        ("invalid-suffix-list", "public suffix list: reason"),
        ("unsupported", "this mapping version has no rule for `drop_status`"),
    ];
    for (tag, expected) in expected {
        assert_eq!(KEPT.refusal(tag), format!("mapping refuses its settings: {expected}"));
    }
}
