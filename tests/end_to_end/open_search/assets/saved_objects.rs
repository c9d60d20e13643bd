//! The index of saved objects as OpenSearch Dashboards makes it, which refuses attributes that it does not know.

use serde_json::{Value, json};

use crate::harness::StoreNode;

/// The attributes of each type of object, as the sources of OpenSearch Dashboards list them.
fn mappings() -> Value {
    let (text, keyword, number) =
        (json!({ "type": "text" }), json!({ "type": "keyword" }), json!({ "type": "integer" }));
    let hidden = json!({ "type": "text", "index": false });
    let source = json!({ "properties": { "searchSourceJSON": hidden } });
    json!({
        "dynamic": "strict",
        "properties": {
            "type": keyword,
            "updated_at": { "type": "date" },
            "migrationVersion": { "dynamic": "true", "type": "object" },
            "references": { "type": "nested", "properties": { "id": keyword, "name": keyword, "type": keyword } },
            "index-pattern": { "properties": {
                "fieldFormatMap": text, "fields": text, "intervalName": keyword, "notExpandable": { "type": "boolean" },
                "sourceFilters": text, "timeFieldName": keyword, "title": text, "type": keyword, "typeMeta": keyword,
            } },
            "search": { "properties": {
                "columns": keyword, "description": text, "hits": number, "kibanaSavedObjectMeta": source, "sort": keyword,
                "title": text, "version": number,
            } },
            "visualization": { "properties": {
                "description": text, "kibanaSavedObjectMeta": source, "savedSearchRefName": keyword, "title": text,
                "uiStateJSON": hidden, "version": number, "visState": hidden,
            } },
            "dashboard": { "properties": {
                "description": text, "hits": number, "kibanaSavedObjectMeta": source, "optionsJSON": hidden,
                "panelsJSON": hidden, "timeFrom": keyword, "timeRestore": { "type": "boolean" }, "timeTo": keyword,
                "title": text, "version": number,
            } },
        },
    })
}

/// Every object is stored as its program stores it, and what it refers to is there.
pub(super) fn check(store: &StoreNode, objects: &[Value]) {
    let index = "saved-objects";
    store.ask("PUT", index, &json!({ "mappings": mappings() }));
    for object in objects {
        let (kind, id) = (object["type"].as_str().unwrap(), object["id"].as_str().unwrap());
        let stored = json!({
            "type": kind,
            kind: object["attributes"],
            "references": object["references"],
            "migrationVersion": object["migrationVersion"],
            "updated_at": "2026-03-04T05:06:07Z",
        });
        store.ask("PUT", &format!("{index}/_doc/{kind}:{id}"), &stored);
        for reference in object["references"].as_array().unwrap() {
            let is_there = objects.iter().any(|it| it["type"] == reference["type"] && it["id"] == reference["id"]);
            assert!(is_there, "{id} refers to {reference}");
        }
    }
    let found = store.search(index, &json!({ "query": { "term": { "type": "dashboard" } } }));
    assert_eq!(found["hits"]["total"]["value"], 1, "{found}");
}
