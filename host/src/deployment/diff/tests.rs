use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::mapper::{DropReason, FailureReason, MappedBy};

/// A batch of documents, each mapped with the id of its place.
fn batch(documents: &[Value]) -> MappedBatch {
    let mut batch = MappedBatch::default();
    for (place, document) in documents.iter().enumerate() {
        push(&mut batch, &place.to_string(), document);
    }
    batch
}

fn push(batch: &mut MappedBatch, id: &str, document: &Value) {
    let text = document.to_string();
    batch.outcomes.push(Outcome::Mapped {
        id: id.to_owned(),
        delivery_id: id.to_owned(),
        timestamp: chrono::DateTime::default(),
        length: text.len().try_into().unwrap(),
    });
    batch.documents.push_str(&text);
    batch.documents.push('\n');
}

fn compare(examples: Examples, before: &[Value], after: &[Value]) -> Differences {
    let mut differences = Differences::new(examples);
    differences.add(&batch(before), &batch(after));
    differences
}

/// Compares two documents: `name added removed changed` for each field that differs.
#[track_caller]
fn check(before: Value, after: Value, expected: &[&str]) {
    let differences = compare(Examples::Shapes, &[before], &[after]);
    let found: Vec<_> = differences
        .fields
        .iter()
        .map(|(name, field)| format!("{name} {} {} {}", field.added, field.removed, field.changed))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn equal_documents_are_equal_in_any_order_of_their_members() {
    check(json!({ "a": 1, "b": { "c": [1, 2] } }), json!({ "b": { "c": [1, 2] }, "a": 1 }), &[]);
    let mut differences = Differences::new(Examples::Shapes);
    differences.add(&MappedBatch::default(), &MappedBatch::default());
    assert!(differences.is_empty() && differences.rate() == 0.0);
}

#[test]
fn a_field_is_added_removed_or_changed() {
    check(
        json!({ "event": { "outcome": "success", "kind": "event" }, "size": 1 }),
        json!({ "event": { "outcome": "failure", "kind": "event" }, "tags": ["x"] }),
        &["event.outcome 0 0 1", "size 0 1 0", "tags 1 0 0"],
    );
}

#[test]
fn an_object_is_told_by_its_fields() {
    check(
        json!({}),
        json!({ "geo": { "city": "x", "location": { "lat": 1, "lon": 2 } } }),
        &["geo.city 1 0 0", "geo.location.lat 1 0 0", "geo.location.lon 1 0 0"],
    );
    check(json!({ "user": "ann" }), json!({ "user": { "name": "ann" } }), &["user 0 1 0", "user.name 1 0 0"]);
    check(json!({ "user": {} }), json!({ "user": { "name": "ann" } }), &["user.name 1 0 0"]);
    check(json!({ "user": {} }), json!({}), &["user 0 1 0"]);
}

#[test]
fn a_number_that_becomes_text_has_changed() {
    let differences = compare(Examples::Shapes, &[json!({ "size": 12 })], &[json!({ "size": "12" })]);
    let expected = Example { before: Some("00".to_owned()), after: Some("\"00\"".to_owned()) };
    assert_eq!(differences.fields["size"].examples, [expected]);
}

#[test]
fn counts_and_examples_are_over_many_records() {
    let before: Vec<_> = (0..100).map(|number| json!({ "name": "x".repeat(number % 10) })).collect();
    let after: Vec<_> = (0..100).map(|number| json!({ "name": "y".repeat(number % 10) })).collect();
    let differences = compare(Examples::Shapes, &before, &after);
    assert_eq!((differences.records, differences.different), (100, 90));
    let field = &differences.fields["name"];
    assert_eq!((field.changed, field.examples.len()), (90, MAX_EXAMPLES));
    assert_eq!(differences.rate(), 0.9);
}

#[test]
fn values_show_only_when_they_are_asked_for() {
    let (before, after) = ([json!({ "subject": "Marker" })], [json!({ "subject": "Other" })]);
    let text = serde_json::to_string(&compare(Examples::Shapes, &before, &after)).unwrap();
    assert!(!text.contains("Marker") && !text.contains("Other"), "{text}");
    let text = serde_json::to_string(&compare(Examples::Values, &before, &after)).unwrap();
    assert!(text.contains("Marker") && text.contains("Other"), "{text}");
}

#[test]
fn another_outcome_or_id_is_a_difference() {
    let mut before = MappedBatch::default();
    push(&mut before, "a", &json!({}));
    push(&mut before, "b", &json!({}));
    before.outcomes.push(Outcome::Dropped(DropReason::Status));
    before.outcomes.push(Outcome::Rejected("trap".to_owned()));
    let mut after = MappedBatch::default();
    push(&mut after, "other", &json!({}));
    after.documents.push_str("{\"error\":1}\n");
    after.outcomes.push(Outcome::Failed {
        id: "b".to_owned(),
        delivery_id: None,
        timestamp: None,
        reason: FailureReason::NotJson,
        length: 11,
    });
    push(&mut after, "c", &json!({ "a": 1 }));
    let mut differences = Differences::new(Examples::Shapes);
    differences.add(&before, &after);
    // "c" was dropped and is mapped now; the last one has no answer any more.
    assert_eq!((differences.records, differences.different, differences.different_ids), (4, 4, 2));
    let outcomes: Vec<_> = differences.outcomes.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(outcomes, [("dropped to mapped", 1), ("mapped to failed", 1), ("rejected to missing", 1)]);
    assert_eq!(differences.fields.keys().collect::<Vec<_>>(), ["error"]);
}

#[test]
fn a_document_that_is_not_json_is_compared_as_text() {
    let mut after = batch(&[json!({})]);
    after.documents = "{]\n".to_owned();
    let mut differences = Differences::new(Examples::Shapes);
    differences.add(&batch(&[json!({})]), &after);
    assert_eq!(differences.different, 1);
}

#[test]
fn names_made_out_of_records_do_not_fill_the_memory() {
    let after: Vec<_> = (0..2000).map(|number| json!({ number.to_string(): 1 })).collect();
    let differences = compare(Examples::Shapes, &vec![json!({}); 2000], &after);
    assert_eq!((differences.fields.len(), differences.in_other_fields), (MAX_FIELDS, 1000));
}

/// Of two schemas the fields are not compared: all of them would differ, and nobody learns anything.
#[test]
fn between_two_schemas_outcomes_and_ids_are_compared() {
    let of = |name: &str, ids: &[&str]| {
        let schema = DocumentSchema { name: name.to_owned(), version: "1".to_owned() };
        let document = json!({ "of": name });
        let [name, version, digest] = ["mail", "1.0.0", name].map(str::to_owned);
        let mapped_by = vec![(Arc::new(MappedBy { name, version, digest, schema }), ids.len())];
        let mut batch = MappedBatch { mapped_by, ..MappedBatch::default() };
        ids.iter().for_each(|id| push(&mut batch, id, &document));
        batch
    };
    let mut differences = Differences::new(Examples::Shapes);
    differences.add(&of("ecs", &["1", "2"]), &of("ocsf", &["1", "3"]));
    let Differences { records, different, different_ids, .. } = differences;
    assert_eq!((records, different, different_ids), (2, 1, 1));
    assert!(differences.fields.is_empty() && !differences.is_empty());
    assert_eq!(differences.schema_change.as_deref(), Some("ecs 1 to ocsf 1"));
    let mut same = Differences::new(Examples::Shapes);
    same.add(&of("ecs", &["1"]), &of("ecs", &["1"]));
    assert!(same.is_empty());
}
