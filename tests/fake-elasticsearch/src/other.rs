//! What is not `_bulk`: who it is, templates, single documents, and documents that come in lines or in an array.

use axum::{
    body::Body,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::{
    State,
    routes::{error, json_answer},
};

pub(crate) fn answer(state: &State, method: &Method, uri: &Uri, content: &[u8]) -> Response {
    let path = uri.path().trim_start_matches('/');
    let mut memory = state.lock();
    if *method == Method::PUT {
        let Ok(value) = serde_json::from_slice(content) else {
            return error(StatusCode::BAD_REQUEST, "parse_exception", "body is not JSON");
        };
        // OpenSearch changes no policy for a client that does not say which one it has seen.
        let is_blind = path.starts_with("_plugins/_ism/") && uri.query() != Some("if_seq_no=5&if_primary_term=1");
        if is_blind && memory.resources.contains_key(path) {
            return error(StatusCode::CONFLICT, "version_conflict_engine_exception", "document already exists");
        }
        memory.resources.insert(path.to_owned(), value);
        return json_answer(&json!({ "acknowledged": true }));
    }
    if let Some((stream, id)) = path.split_once("/_doc/") {
        let id = percent_decode_str(id).decode_utf8_lossy().into_owned();
        let found = memory.documents.get(&(stream.to_owned(), id.clone()));
        return match found {
            Some(document) => json_answer(&json!({ "_index": stream, "_id": id, "found": true, "_source": document })),
            None => (StatusCode::NOT_FOUND, json_answer(&json!({ "found": false }))).into_response(),
        };
    }
    match memory.resources.get(path) {
        Some(value) => json_answer(value),
        None if *method == Method::HEAD => (StatusCode::NOT_FOUND, Body::empty()).into_response(),
        None => error(StatusCode::NOT_FOUND, "resource_not_found_exception", "there is nothing of this name"),
    }
}

/// Takes documents in lines, or in one array.
pub(crate) fn store(state: &State, content: &[u8]) -> Response {
    let stream = serde_json::Deserializer::from_slice(content).into_iter::<Value>();
    let Ok(values) = stream.collect::<Result<Vec<_>, _>>() else {
        return error(StatusCode::BAD_REQUEST, "parse_exception", "body is not JSON");
    };
    let mut memory = state.lock();
    for value in values {
        match value {
            Value::Array(documents) => memory.lines.extend(documents),
            document => memory.lines.push(document),
        }
    }
    StatusCode::OK.into_response()
}
