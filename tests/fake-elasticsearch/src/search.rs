//! Searches: for documents by their ids, and for all of a time, page by page; and what makes writes visible to them.
//!
//! As in the real one, what was written is not found before a refresh.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    State,
    routes::{error, json_answer},
};

/// The answer to a search; none when it is not a search.
pub(crate) fn answer(state: &State, method: &Method, path: &str, content: &[u8]) -> Option<Response> {
    if let Some(stream) = path.strip_suffix("/_refresh") {
        let mut memory = state.lock();
        let of_stream = memory.documents.keys().filter(|(name, _)| name == stream).cloned();
        memory.visible = of_stream.collect();
        return Some(json_answer(&json!({ "_shards": { "failed": 0 } })));
    }
    if path == "_search/scroll" {
        return Some(scroll(state, method, content));
    }
    let stream = path.strip_suffix("/_search")?;
    Some(search(state, stream, content))
}

fn search(state: &State, stream: &str, content: &[u8]) -> Response {
    let mut memory = state.lock();
    memory.searches += 1;
    if let Some(status) = memory.setup.search_failures.pop() {
        return error(StatusCode::from_u16(status).unwrap(), "search_phase_execution_exception", "as was asked for");
    }
    if !memory.has_stream(stream) {
        return error(StatusCode::NOT_FOUND, "index_not_found_exception", "no such index");
    }
    let body: Value = serde_json::from_slice(content).unwrap();
    let size = usize::try_from(body["size"].as_u64().unwrap_or(10)).unwrap();
    if size > 10_000 {
        return error(StatusCode::BAD_REQUEST, "illegal_argument_exception", "result window is too large");
    }
    let visible = |id: &str| memory.visible.contains(&(stream.to_owned(), id.to_owned()));
    if let Some(ids) = body["query"]["ids"]["values"].as_array() {
        let found = ids.iter().filter_map(Value::as_str).filter(|id| visible(id));
        return hits(found.take(size).map(|id| json!({ "_id": id })).collect(), None);
    }
    let range = &body["query"]["range"]["@timestamp"];
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let (from, to) = (time(&range["gte"]).unwrap(), time(&range["lte"]).unwrap());
    let mut found = Vec::new();
    for ((name, id), document) in &memory.documents {
        let Some(at) = time(&document["@timestamp"]).filter(|_| name == stream && visible(id)) else { continue };
        if (from..=to).contains(&at) {
            found.push((at.timestamp_millis(), id.clone()));
        }
    }
    found.sort();
    let mut found: Vec<_> = found.into_iter().map(|(at, id)| json!({ "_id": id, "sort": [at] })).collect();
    let rest = found.split_off(size.min(found.len()));
    memory.scrolls += 1;
    let name = format!("scroll-{}", memory.scrolls);
    memory.open_scrolls.insert(name.clone(), (size, rest));
    hits(found, Some(name))
}

fn scroll(state: &State, method: &Method, content: &[u8]) -> Response {
    let mut memory = state.lock();
    let body: Value = serde_json::from_slice(content).unwrap();
    let name = body["scroll_id"].as_str().unwrap_or_default().to_owned();
    if *method == Method::DELETE {
        let freed = memory.open_scrolls.remove(&name).is_some();
        return json_answer(&json!({ "succeeded": freed }));
    }
    let Some((size, rest)) = memory.open_scrolls.get_mut(&name) else {
        return error(StatusCode::NOT_FOUND, "search_context_missing_exception", "No search context found");
    };
    let after = rest.split_off((*size).min(rest.len()));
    let page = std::mem::replace(rest, after);
    hits(page, Some(name))
}

fn hits(found: Vec<Value>, scroll: Option<String>) -> Response {
    json_answer(&json!({
        "_scroll_id": scroll, "timed_out": false, "_shards": { "failed": 0 }, "hits": { "hits": found },
    }))
}
