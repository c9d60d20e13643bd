//! What a client may ask before it delivers: who it is, privileges, templates, data streams, pipelines.

use axum::{
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::{
    Memory, Product, State,
    routes::{error, json_answer},
};

/// The answer to a request that is not about documents; none for other requests.
pub(crate) fn answer(state: &State, method: &Method, path: &str, content: &[u8]) -> Option<Response> {
    let memory = state.lock();
    let setup = &memory.setup;
    let is_elastic = setup.product == Product::Elasticsearch;
    Some(match path {
        "" if *method == Method::GET => root(&memory),
        "_security/user/_has_privileges" if is_elastic && setup.is_without_security => no_handler(path),
        "_security/user/_has_privileges" if is_elastic => has_privileges(&memory, content),
        "_plugins/_security/authinfo" if !is_elastic && setup.is_without_security => no_handler(path),
        "_plugins/_security/authinfo" if !is_elastic => {
            json_answer(&json!({ "user_name": "exotrace", "backend_roles": [], "roles": setup.roles }))
        }
        // Where receivers of documents take `POST` alone.
        "in" if *method == Method::GET => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        "_index_template" if *method == Method::GET => templates(&memory),
        _ if *method == Method::GET => return got(&memory, path),
        _ => return None,
    })
}

/// What is asked for by its name.
fn got(memory: &Memory, path: &str) -> Option<Response> {
    let resource = |path: &str| memory.resources.get(path);
    let not_found = || (StatusCode::NOT_FOUND, json_answer(&json!({}))).into_response();
    if let Some(name) = path.strip_prefix("_component_template/") {
        let named = |body: &Value| json!({ "component_templates": [{ "name": name, "component_template": body }] });
        return Some(resource(path).map_or_else(not_found, |body| json_answer(&named(body))));
    }
    if let Some(name) = path.strip_prefix("_ingest/pipeline/") {
        return Some(resource(path).map_or_else(not_found, |body| json_answer(&json!({ name: body }))));
    }
    if let Some(name) = path.strip_prefix("_ilm/policy/") {
        let named = |body: &Value| json!({ name: { "version": 1, "policy": body["policy"] } });
        return Some(resource(path).map_or_else(not_found, |body| json_answer(&named(body))));
    }
    if let Some(name) = path.strip_prefix("_plugins/_ism/policies/") {
        let named = |body: &Value| json!({ "_id": name, "_seq_no": 5, "_primary_term": 1, "policy": body["policy"] });
        return Some(resource(path).map_or_else(not_found, |body| json_answer(&named(body))));
    }
    if let Some(index) = path.strip_suffix("/_settings/index.final_pipeline") {
        let stream = index.trim_start_matches(".ds-").trim_end_matches("-000001");
        let template = resource("_component_template/exotrace-message-trace").filter(|_| memory.has_stream(stream));
        let name = template.map(|body| &body["template"]["settings"]["index"]["final_pipeline"]);
        let settings = name.map_or_else(|| json!({}), |name| json!({ "index.final_pipeline": name }));
        return Some(json_answer(&json!({ index: { "settings": settings } })));
    }
    if path.starts_with("_data_stream/") {
        return Some(data_stream(memory, path));
    }
    if memory.has_stream(path) {
        return Some(json_answer(&json!({ format!(".ds-{path}-000001"): { "aliases": {} } })));
    }
    if memory.setup.indices.iter().any(|index| index == path) {
        return Some(json_answer(&json!({ path: { "aliases": {} } })));
    }
    let is_missing = path.starts_with("logs-") && !path.contains('/');
    is_missing.then(|| error(StatusCode::NOT_FOUND, "index_not_found_exception", "no such index"))
}

fn root(memory: &Memory) -> Response {
    let setup = &memory.setup;
    if setup.is_blind {
        let reason = match setup.product {
            Product::Elasticsearch => "action [cluster:monitor/main] is unauthorized for API key id [fake]",
            Product::OpenSearch => "no permissions for [cluster:monitor/main] and User [name=exotrace]",
        };
        return error(StatusCode::FORBIDDEN, "security_exception", reason);
    }
    let version = setup.version.clone().unwrap_or_else(|| "9.2.0".to_owned());
    let (version, tagline) = match setup.product {
        Product::Elasticsearch => (json!({ "number": version, "build_flavor": "default" }), "You Know, for Search"),
        Product::OpenSearch => (
            json!({ "number": version, "distribution": "opensearch" }),
            "The OpenSearch Project: https://opensearch.org/",
        ),
    };
    json_answer(&json!({
        "name": "fake", "cluster_name": "fake", "cluster_uuid": "fake", "version": version, "tagline": tagline,
    }))
}

fn no_handler(path: &str) -> Response {
    let text = format!("no handler found for uri [/{path}] and method [POST]");
    (StatusCode::BAD_REQUEST, json_answer(&json!({ "error": text }))).into_response()
}

fn has_privileges(memory: &Memory, content: &[u8]) -> Response {
    let asked: Value = serde_json::from_slice(content).unwrap_or_default();
    let mut index = json!({});
    for entry in asked["index"].as_array().into_iter().flatten() {
        let name = entry["names"][0].as_str().unwrap_or_default();
        for privilege in entry["privileges"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let has = memory.setup.missing_privileges.iter().all(|missing| missing != privilege);
            index[name][privilege] = json!(has);
        }
    }
    json_answer(&json!({ "username": "exotrace", "has_all_requested": false, "cluster": {}, "index": index }))
}

/// The templates that were put, and those that the setup has, without their field types.
fn templates(memory: &Memory) -> Response {
    if memory.setup.is_blind {
        return error(StatusCode::FORBIDDEN, "security_exception", "action is unauthorized");
    }
    let mut templates = memory.setup.templates.clone();
    for (path, body) in &memory.resources {
        if let Some(name) = path.strip_prefix("_index_template/") {
            templates.push(json!({ "name": name, "index_template": body }));
        }
    }
    json_answer(&json!({ "index_templates": templates }))
}

fn data_stream(memory: &Memory, path: &str) -> Response {
    let name = path.trim_start_matches("_data_stream/");
    if memory.setup.is_blind {
        return error(StatusCode::FORBIDDEN, "security_exception", "action is unauthorized");
    }
    if !memory.has_stream(name) {
        return error(StatusCode::NOT_FOUND, "index_not_found_exception", "no such index");
    }
    let template = memory.setup.stream_template.clone().unwrap_or_else(|| "exotrace-message-trace".to_owned());
    let indices = json!([{ "index_name": format!(".ds-{name}-000001") }]);
    json_answer(&json!({ "data_streams": [
        { "name": name, "status": "GREEN", "template": template, "generation": 1, "indices": indices },
    ] }))
}
