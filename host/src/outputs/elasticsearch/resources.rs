//! What a cluster has to know before documents come: field types, index template and life cycle.
//!
//! Our own work after ECS 8.11. No ingest pipeline: the documents are mapped already.

use serde_json::{Value, json};

use super::flavor::Flavor;
use crate::config::{DATASET, data_stream};

mod fields;

use fields::properties;

/// What the policy, the component template and the index template are called.
pub(super) const NAME: &str = "exotrace-message-trace";

/// Above the templates of Elastic for logs (100) and for its integrations (200), one of which is for the same data
/// stream and would map the documents once more.
const PRIORITY: u32 = 250;

/// Something to put to a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    /// The path below the address of the cluster.
    pub path: String,
    /// What to put there.
    pub body: Value,
    /// Whether one that is there already stays: people change how long documents are kept.
    pub is_kept: bool,
}

/// Everything in the order in which it has to be put; for the data streams of all namespaces, or of one.
pub(crate) fn resources(flavor: Flavor, namespace: Option<&str>) -> Vec<Resource> {
    // Templates for single namespaces stand beside each other.
    let name = namespace.map_or_else(|| NAME.to_owned(), |namespace| format!("{NAME}-{namespace}"));
    let meta = json!({
        "description": "Exchange Online message trace, mapped to ECS by exotrace",
        "managed_by": "exotrace",
        "version": env!("CARGO_PKG_VERSION"),
    });
    let mut resources = Vec::new();
    if flavor == Flavor::Elasticsearch {
        resources.push(policy(&meta));
    }
    resources.push(Resource {
        path: format!("_component_template/{name}"),
        body: json!({ "template": { "settings": settings(flavor), "mappings": mappings(flavor, namespace) }, "_meta": meta }),
        is_kept: false,
    });
    // Who has the template of one namespace beside that of all wants the former.
    let priority = PRIORITY + u32::from(namespace.is_some());
    resources.push(Resource {
        path: format!("_index_template/{name}"),
        body: json!({
            "index_patterns": [data_stream(namespace.unwrap_or("*"))],
            "priority": priority,
            "composed_of": [name],
            "data_stream": {},
            "_meta": meta,
        }),
        is_kept: false,
    });
    resources
}

/// New indices now and then; nothing is deleted unless people say so.
fn policy(meta: &Value) -> Resource {
    let rollover = json!({ "max_primary_shard_size": "50gb", "max_age": "30d" });
    let phases = json!({ "hot": { "actions": { "rollover": rollover } } });
    Resource {
        path: format!("_ilm/policy/{NAME}"),
        body: json!({ "policy": { "phases": phases, "_meta": meta } }),
        is_kept: true,
    }
}

fn settings(flavor: Flavor) -> Value {
    let mut settings = json!({
        "index": {
            "codec": "best_compression",
            // A number or an address that is none leaves the rest of its document to be found.
            "mapping": { "ignore_malformed": true },
        },
    });
    if flavor == Flavor::Elasticsearch {
        settings["index"]["lifecycle"] = json!({ "name": NAME });
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
    json!({
        "date_detection": false,
        "dynamic_templates": [{
            "other_texts": { "match_mapping_type": "string", "mapping": { "type": "keyword", "ignore_above": 1024 } },
        }],
        "properties": properties,
    })
}

#[cfg(test)]
mod tests;
