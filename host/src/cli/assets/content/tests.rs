//! Every field that panels and searches name is in documents and in the index template.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{SEARCHES, SECTIONS};
use crate::outputs::{Flavor, TemplateOptions, resources};

/// Fields of documents of a version, by dotted name.
fn documented(version: &str) -> BTreeSet<String> {
    let folder =
        |name: &str| fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)).unwrap();
    let mut fields = BTreeSet::new();
    for entry in folder("records").chain(folder("tenant")) {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(&format!("-{version}-expected.json")) {
            let lines: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            for line in &lines {
                collect("", &line["document"], &mut fields);
            }
        }
    }
    assert!(fields.len() > 50, "{version}: {fields:?}");
    fields
}

fn collect(name: &str, value: &Value, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                collect(&name, value, fields);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(name, value, fields)),
        _ => drop(fields.insert(name.to_owned())),
    }
}

/// The type of a field in the template, and whether its values can be counted.
fn type_of(name: &str, flavor: Flavor) -> Option<String> {
    let options = TemplateOptions { flavor, namespace: None, delete_after: None, has_own_policy: false };
    let resources = resources(&options);
    let template = resources.iter().find(|resource| resource.path.starts_with("_component_template/")).unwrap();
    let mut place = &template.body["template"]["mappings"];
    for part in name.split('.') {
        place = place["properties"].get(part).or_else(|| place["fields"].get(part))?;
    }
    place["type"].as_str().map(str::to_owned)
}

/// What the cluster sets itself.
const OF_CLUSTER: &str = "event.ingested";

#[track_caller]
fn check(what: &str, fields: &[&str], needs_3_0: bool, documents: &[(BTreeSet<String>, bool)]) {
    for field in fields.iter().filter(|field| **field != OF_CLUSTER) {
        let whole = field.strip_suffix(".text").unwrap_or(field);
        for (known, is_3_0) in documents {
            assert!(known.contains(whole) || (needs_3_0 && !is_3_0), "{what}: `{field}`, 3.0: {is_3_0}");
        }
        let is_in_both = documents.iter().all(|(known, _)| known.contains(whole));
        assert!(is_in_both || needs_3_0, "{what}: `{field}`");
    }
    let all_in_both = fields
        .iter()
        .filter(|field| **field != OF_CLUSTER)
        .all(|field| documents.iter().all(|(known, _)| known.contains(field.strip_suffix(".text").unwrap_or(field))));
    assert!(!needs_3_0 || !all_in_both, "{what} needs no mapping 3.0");
    for flavor in [Flavor::Elasticsearch, Flavor::OpenSearch] {
        for field in fields {
            assert!(type_of(field, flavor).is_some(), "{what}: `{field}` is not in the template of {flavor:?}");
        }
    }
}

#[test]
fn every_field_is_in_documents_and_in_the_index_template() {
    let documents = [(documented("3.0"), true), (documented("2.2"), false)];
    let panels = SECTIONS.iter().flat_map(|section| section.panels);
    for panel in panels {
        check(panel.title, &panel.fields(), panel.needs_3_0, &documents);
    }
    for search in SEARCHES {
        check(search.title, &search.fields(), search.needs_3_0, &documents);
    }
}

#[test]
fn slugs_are_told_apart() {
    let panels: Vec<_> = SECTIONS.iter().flat_map(|section| section.panels).map(|panel| panel.slug).collect();
    let searches: Vec<_> = SEARCHES.iter().map(|search| search.slug).collect();
    for slugs in [&panels, &searches] {
        assert_eq!(slugs.iter().collect::<BTreeSet<_>>().len(), slugs.len(), "{slugs:?}");
    }
    assert!(panels.len() > 20 && searches.len() > 10, "{} {}", panels.len(), searches.len());
}
