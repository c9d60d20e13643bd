//! `_bulk`, with `create` alone.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    Memory, State,
    routes::{error, json_answer},
};

/// Stores the documents of a request; every second one only if `partly` does not say how it fails.
pub(crate) fn store(state: &State, path: &str, content: &[u8], partly: Option<(u16, &'static str)>) -> Response {
    let Ok(text) = str::from_utf8(content) else {
        return error(StatusCode::BAD_REQUEST, "parse_exception", "body is not UTF-8");
    };
    if !text.ends_with('\n') {
        return error(StatusCode::BAD_REQUEST, "illegal_argument_exception", "the request must end with a newline");
    }
    let mut memory = state.lock();
    let (mut items, mut errors) = (Vec::new(), false);
    let mut lines = text.lines();
    while let Some(action) = lines.next() {
        let action: Value = match serde_json::from_str(action) {
            Ok(action) => action,
            Err(_) => return error(StatusCode::BAD_REQUEST, "illegal_argument_exception", "malformed action"),
        };
        let (create, document) = (&action["create"], lines.next().unwrap_or_default());
        let stream = create["_index"].as_str().unwrap_or(path).to_owned();
        let Some(id) = create["_id"].as_str().filter(|id| !id.is_empty() && id.len() <= 512) else {
            // As the real one: the whole request is refused.
            return error(StatusCode::BAD_REQUEST, "action_request_validation_exception", "id is empty or too long");
        };
        let failed = partly.filter(|_| items.len() % 2 == 1);
        let item = match failed {
            Some((status, kind)) => failure(status, kind, "as was asked for"),
            None => create_one(&mut memory, &stream, id, document),
        };
        let mut item = item;
        item["_index"] = json!(format!(".ds-{stream}-000001"));
        item["_id"] = json!(id);
        errors |= item.get("error").is_some();
        items.push(json!({ "create": item }));
    }
    json_answer(&json!({ "took": 1, "errors": errors, "items": items }))
}

/// Refuses every document of a request.
pub(crate) fn refuse_all(content: &[u8], status: u16, reason: &str) -> Response {
    let documents = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() / 2;
    let item = json!({ "create": failure(status, "document_parsing_exception", reason) });
    json_answer(&json!({ "took": 1, "errors": true, "items": vec![item; documents] }))
}

fn create_one(memory: &mut Memory, stream: &str, id: &str, document: &str) -> Value {
    let Ok(value) = serde_json::from_str::<Value>(document) else {
        return failure(400, "document_parsing_exception", "failed to parse");
    };
    if memory.setup.refused_text.as_ref().is_some_and(|text| document.contains(text)) {
        return failure(400, "document_parsing_exception", "failed to parse field");
    }
    let is_busy = memory.setup.busy_id_ends.iter().any(|end| id.ends_with(*end));
    if is_busy && !memory.seen_busy.iter().any(|seen| seen == id) {
        memory.seen_busy.push(id.to_owned());
        return failure(429, "es_rejected_execution_exception", "queue is full");
    }
    let key = (stream.to_owned(), id.to_owned());
    if memory.documents.contains_key(&key) {
        memory.duplicates += 1;
        return failure(409, "version_conflict_engine_exception", "document already exists");
    }
    memory.documents.insert(key, value);
    json!({ "_version": 1, "result": "created", "_seq_no": 0, "_primary_term": 1, "status": 201 })
}

fn failure(status: u16, kind: &str, reason: &str) -> Value {
    json!({ "status": status, "error": { "type": kind, "reason": reason } })
}
