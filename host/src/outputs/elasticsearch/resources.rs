//! What a cluster has to know before documents come: field types, index template, life cycle and final pipeline.
//!
//! Our own work after ECS 8.11. The documents are mapped already; the final pipeline adds what only the cluster knows.

use serde_json::{Value, json};

use super::flavor::Flavor;
use crate::config::DATASET;

mod fields;
mod options;
mod policy;
mod retention;

pub(super) use options::{Existing, NAME};
pub(crate) use options::{Resource, TemplateOptions};
pub(super) use policy::amended;
pub(crate) use retention::Retention;

use fields::properties;
use policy::policy;

/// The field that only the cluster can set.
pub(super) const INGESTED: &str = "event.ingested";

/// Everything in the order in which it has to be put.
pub(crate) fn resources(options: &TemplateOptions<'_>) -> Vec<Resource> {
    let meta = json!({
        "description": "Exchange Online message trace, mapped to ECS by exotrace",
        "managed_by": "exotrace",
        "version": env!("CARGO_PKG_VERSION"),
    });
    let name = options.name();
    let mut resources: Vec<_> = policy(options, &meta).into_iter().collect();
    // Before the template that names it: an index whose pipeline is missing refuses every document.
    resources.push(final_pipeline(options.flavor));
    resources.push(Resource {
        path: format!("_component_template/{name}"),
        body: json!({
            "template": { "settings": settings(options), "mappings": mappings(options.flavor, options.namespace) },
            "_meta": meta,
        }),
        existing: Existing::Replaced,
    });
    resources.push(Resource {
        path: format!("_index_template/{name}"),
        body: json!({
            "index_patterns": [options.pattern()],
            "priority": options.priority(),
            "composed_of": [name],
            "data_stream": {},
            "_meta": meta,
        }),
        existing: Existing::Replaced,
    });
    resources
}

/// Sets `event.ingested`, by which detection rules find rows that came late. It runs with any `pipeline` of a request.
///
/// A record that could not be read has no date, and a data stream takes no document without one: it gets the same time.
fn final_pipeline(flavor: Flavor) -> Resource {
    let now = match flavor {
        Flavor::Elasticsearch => ("copy_from", "_ingest.timestamp"),
        // It has no `copy_from`.
        Flavor::OpenSearch => ("value", "{{_ingest.timestamp}}"),
    };
    Resource {
        path: format!("_ingest/pipeline/{NAME}"),
        body: json!({
            "description": concat!("Sets event.ingested; put by exotrace ", env!("CARGO_PKG_VERSION")),
            "processors": [
                { "set": { "field": INGESTED, now.0: now.1 } },
                { "set": { "field": "@timestamp", now.0: now.1, "override": false } },
            ],
        }),
        existing: Existing::Replaced,
    }
}

fn settings(options: &TemplateOptions<'_>) -> Value {
    let mut settings = json!({
        "index": {
            "codec": "best_compression",
            "final_pipeline": NAME,
            // A number or an address that is none leaves the rest of its document to be found.
            "mapping": { "ignore_malformed": true },
        },
    });
    if options.flavor == Flavor::Elasticsearch {
        settings["index"]["lifecycle"] = json!({ "name": options.policy_name() });
    }
    settings
}

fn mappings(flavor: Flavor, namespace: Option<&str>) -> Value {
    let mut properties = properties(flavor);
    if flavor == Flavor::Elasticsearch {
        let mut set = |field: &[&str], value: &str| {
            let mut place = &mut properties;
            for (depth, name) in field.iter().enumerate() {
                place = if depth == 0 { &mut place[*name] } else { &mut place["properties"][*name] };
            }
            place["value"] = json!(value);
        };
        set(&["data_stream", "type"], "logs");
        set(&["data_stream", "dataset"], DATASET);
        set(&["event", "dataset"], DATASET);
        if let Some(namespace) = namespace {
            set(&["data_stream", "namespace"], namespace);
        }
    }
    json!({ "date_detection": false, "dynamic_templates": dynamic_templates(), "properties": properties })
}

/// The types of fields that nobody knows. A record may have any, and of another type in the next record: in its own part
/// of a document one type takes all values, so that no document is refused for another one that came before.
fn dynamic_templates() -> Value {
    let keyword = json!({ "type": "keyword", "ignore_above": 1024 });
    let of_record = |kind: &str, mapping: &Value| {
        let path = "microsoft.online_message_trace.*";
        json!({ "path_match": path, "match_mapping_type": kind, "mapping": mapping })
    };
    json!([
        { "record_objects": of_record("object", &json!({ "type": "object", "enabled": false })) },
        { "record_booleans": of_record("boolean", &keyword) },
        { "record_integers": of_record("long", &keyword) },
        { "record_numbers": of_record("double", &keyword) },
        { "other_texts": { "match_mapping_type": "string", "mapping": keyword } },
    ])
}

#[cfg(test)]
mod tests;
