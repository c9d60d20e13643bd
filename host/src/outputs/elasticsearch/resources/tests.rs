use std::{fs, net::IpAddr, path::Path};

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::*;

/// The documents of the fixtures that follow ECS, which the template is for.
fn documents(which: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/records");
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with(which) && name.ends_with("-expected.json") {
            let lines: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let all = lines.into_iter().filter_map(|line| line.get("document").cloned());
            documents.extend(all.filter(|document| document.get("ecs").is_some()));
        }
    }
    assert!(documents.len() > 5, "{which}");
    documents
}

fn options(flavor: Flavor, namespace: Option<&str>) -> TemplateOptions<'_> {
    TemplateOptions { flavor, namespace, delete_after: None, has_own_policy: false }
}

fn properties_of(flavor: Flavor) -> Value {
    let resources = resources(&options(flavor, None));
    let template = resources.iter().find(|resource| resource.path.starts_with("_component_template/")).unwrap();
    template.body["template"]["mappings"]["properties"].clone()
}

/// Calls `visit` with every value, the name of its field, and what the template says of it.
fn walk(name: &str, value: &Value, definition: &Value, visit: &mut impl FnMut(&str, &Value, &Value)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(name, value, definition, visit)),
        Value::Object(members) if definition["type"].is_null() || definition["type"] == "nested" => {
            for (member, value) in members {
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                walk(&name, value, &definition["properties"][member], visit);
            }
        }
        value => visit(name, value, definition),
    }
}

fn fits(value: &Value, kind: &str) -> bool {
    let text = value.as_str().unwrap_or_default();
    match kind {
        "date" | "date_nanos" => {
            let is_date = NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
            // A time without a zone is taken for UTC.
            let is_time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
            is_date || is_time || DateTime::parse_from_rfc3339(text).is_ok()
        }
        "ip" => text.parse::<IpAddr>().is_ok(),
        // A number in quotes is taken for one.
        "long" => value.is_i64() || text.parse::<i64>().is_ok(),
        "geo_point" => value["lat"].is_f64() && value["lon"].is_f64(),
        "keyword" | "wildcard" | "match_only_text" | "constant_keyword" | "text" => value.is_string(),
        _ => false,
    }
}

/// Whether a field is a member of a record, which may have members that nobody knows.
fn is_of_the_record(name: &str) -> bool {
    name.starts_with("microsoft.online_message_trace.")
}

#[test]
fn every_field_of_a_well_formed_document_has_a_type_that_fits() {
    for flavor in [Flavor::Elasticsearch, Flavor::OpenSearch] {
        let definition = json!({ "properties": properties_of(flavor) });
        let mut wrong = Vec::new();
        for document in ["well-formed", "details-3.0"].into_iter().flat_map(documents) {
            walk("", &document, &definition, &mut |name, value, definition| {
                let is_known = !definition["type"].is_null() || !is_of_the_record(name);
                if is_known && !fits(value, definition["type"].as_str().unwrap_or("no type")) {
                    wrong.push(format!("{name}: {value} is not {}", definition["type"]));
                }
            });
        }
        assert!(wrong.is_empty(), "{flavor:?}: {wrong:#?}");
    }
}

#[test]
fn every_field_of_any_document_has_a_type() {
    let definition = json!({ "properties": properties_of(Flavor::Elasticsearch) });
    let mut missing = Vec::new();
    for document in documents("") {
        walk("", &document, &definition, &mut |name, _, definition| {
            if definition["type"].is_null() && !is_of_the_record(name) {
                missing.push(name.to_owned());
            }
        });
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_template_is_for_all_namespaces_or_for_one() {
    let patterns = |namespace| {
        resources(&options(Flavor::Elasticsearch, namespace)).last().unwrap().body["index_patterns"].clone()
    };
    assert_eq!(patterns(None), json!(["logs-microsoft_exchange_online_message_trace.log-*"]));
    assert_eq!(patterns(Some("it")), json!(["logs-microsoft_exchange_online_message_trace.log-it"]));
    let of_one = resources(&options(Flavor::Elasticsearch, Some("it")));
    let data_stream = &of_one[2].body["template"]["mappings"]["properties"]["data_stream"]["properties"];
    assert_eq!(data_stream["namespace"], json!({ "type": "constant_keyword", "value": "it" }));
    assert_eq!(data_stream["type"], json!({ "type": "constant_keyword", "value": "logs" }));
}

#[test]
fn open_search_gets_nothing_that_it_does_not_know() {
    let text = format!("{:?}", resources(&options(Flavor::OpenSearch, None)));
    for unknown in ["_ilm", "lifecycle", "match_only_text", "constant_keyword", "wildcard", "copy_from", "_ism"] {
        assert!(!text.contains(unknown), "{unknown}");
    }
}

#[test]
fn the_template_names_a_pipeline_that_is_put_before_it() {
    for flavor in [Flavor::Elasticsearch, Flavor::OpenSearch] {
        for namespace in [None, Some("it")] {
            let resources = resources(&options(flavor, namespace));
            let at = |start: &str| resources.iter().position(|it| it.path.starts_with(start)).unwrap();
            let (pipeline, template) = (at("_ingest/pipeline/"), at("_component_template/"));
            assert!(pipeline < template, "{flavor:?}");
            let name = &resources[template].body["template"]["settings"]["index"]["final_pipeline"];
            assert_eq!(resources[pipeline].path, format!("_ingest/pipeline/{}", name.as_str().unwrap()));
            assert_eq!(resources[pipeline].body["processors"][0]["set"]["field"], "event.ingested");
        }
    }
}

#[test]
fn a_namespace_whose_documents_are_deleted_has_a_policy_of_its_own() {
    let policy = |options: &TemplateOptions<'_>| {
        let resources = resources(options);
        let template = resources.iter().find(|it| it.path.starts_with("_component_template/")).unwrap();
        let name = template.body["template"]["settings"]["index"]["lifecycle"]["name"].as_str().unwrap().to_owned();
        assert_eq!(resources[0].path, format!("_ilm/policy/{name}"));
        name
    };
    let shared = options(Flavor::Elasticsearch, Some("it"));
    assert_eq!(policy(&shared), "exotrace-message-trace");
    assert_eq!(shared.own_policy_path().unwrap(), "_ilm/policy/exotrace-message-trace-it");
    let delete_after = Some("21d".parse().unwrap());
    assert_eq!(policy(&TemplateOptions { delete_after, ..shared }), "exotrace-message-trace-it");
    // Later, without saying it again.
    assert_eq!(policy(&TemplateOptions { has_own_policy: true, ..shared }), "exotrace-message-trace-it");
    assert_eq!(policy(&TemplateOptions { namespace: None, delete_after, ..shared }), "exotrace-message-trace");
}
