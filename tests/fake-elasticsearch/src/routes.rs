//! Which request is what; who may ask; what goes wrong on purpose.

use std::{future, io::Read as _};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State as Extract},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::{CannedAnswer, Echo, Failure, Product, Request, State, bulk, cut::CutBody, examined, other, search};

pub(crate) fn router(state: State) -> Router {
    Router::new().fallback(serve).layer(DefaultBodyLimit::disable()).with_state(state)
}

async fn serve(Extract(state): Extract<State>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(CannedAnswer { status, content_type, body }) = state.lock().setup.answer_to_all.clone() {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
    }
    let echo = state.lock().setup.echo;
    if let Some(Echo::Answer(status)) = echo {
        note(&state, &uri, &headers, &body, body.len());
        return error(StatusCode::from_u16(status).unwrap(), "security_exception", &repeated(&headers));
    }
    let mut response = answer(&state, &method, &uri, &headers, &body).await;
    if state.lock().setup.product == Product::Elasticsearch {
        // The official clients talk to nobody else.
        response.headers_mut().insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    }
    response
}

async fn answer(state: &State, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let wanted = state.lock().setup.authorization.clone();
    if wanted.is_some_and(|wanted| headers.get(header::AUTHORIZATION).is_none_or(|found| found != wanted.as_str())) {
        return error(StatusCode::UNAUTHORIZED, "security_exception", "missing authentication credentials");
    }
    let Some(content) = decompressed(headers, body) else {
        return error(StatusCode::BAD_REQUEST, "parse_exception", "body is not gzip");
    };
    if let Some(response) = examined::answer(state, method, uri.path().trim_start_matches('/'), &content) {
        return response;
    }
    if let Some(response) = search::answer(state, method, uri.path().trim_start_matches('/'), &content) {
        return response;
    }
    // The official clients put what others post.
    let is_bulk = uri.path().ends_with("/_bulk");
    if *method != Method::POST && !is_bulk {
        return other::answer(state, method, uri, &content);
    }
    let max_bytes = state.lock().setup.max_bytes;
    note(state, uri, headers, &content, body.len());
    if max_bytes.is_some_and(|max_bytes| content.len() > max_bytes) {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is too large");
    }
    let echo = state.lock().setup.echo;
    if let Some(Echo::Documents(status)) = echo {
        return if is_bulk {
            bulk::refuse_all(&content, status, &repeated(headers))
        } else {
            error(StatusCode::from_u16(status).unwrap(), "security_exception", &repeated(headers))
        };
    }
    let failure = state.lock().failures.pop_front();
    match failure {
        None => stored(state, uri, &content, None),
        Some(Failure::Answer { status, retry_after, kind }) => {
            let mut response = error(StatusCode::from_u16(status).unwrap(), kind, "as was asked for");
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Some(Failure::Partly { status, kind }) => stored(state, uri, &content, Some((status, kind))),
        Some(Failure::Hang) => future::pending().await,
        Some(Failure::StoreAndHang) => {
            drop(stored(state, uri, &content, None));
            future::pending().await
        }
        Some(Failure::StoreAndCut) => {
            let whole = stored(state, uri, &content, None);
            let (parts, body) = whole.into_parts();
            let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            Response::from_parts(parts, Body::new(CutBody::new(&whole)))
        }
        Some(Failure::StoreAndAnswerMarkup) => {
            drop(stored(state, uri, &content, None));
            "<html>all is well</html>".into_response()
        }
        Some(Failure::StoreAndAnswerForOne) => {
            drop(stored(state, uri, &content, None));
            json_answer(&json!({ "errors": false, "items": [{ "create": { "status": 201 } }] }))
        }
        Some(Failure::Cut) => Response::new(Body::new(CutBody::new(&Bytes::from_static(b"12")))),
    }
}

fn note(state: &State, uri: &Uri, headers: &HeaderMap, body: &[u8], sent_bytes: usize) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let request = Request { target: uri.to_string(), headers, body: body.to_vec(), sent_bytes };
    state.lock().requests.push(request);
}

/// All that the headers of a request have.
fn repeated(headers: &HeaderMap) -> String {
    let said = headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    said.collect::<Vec<_>>().join("; ")
}

fn stored(state: &State, uri: &Uri, content: &[u8], partly: Option<(u16, &'static str)>) -> Response {
    match uri.path().strip_suffix("/_bulk") {
        Some(path) => bulk::store(state, path.trim_start_matches('/'), content, partly),
        None => other::store(state, content),
    }
}

fn decompressed(headers: &HeaderMap, body: &Bytes) -> Option<Vec<u8>> {
    if headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding != "gzip") {
        return Some(body.to_vec());
    }
    let mut content = Vec::new();
    GzDecoder::new(&**body).read_to_end(&mut content).ok()?;
    Some(content)
}

pub(crate) fn error(status: StatusCode, kind: &str, reason: &str) -> Response {
    let error = json!({ "type": kind, "reason": reason, "root_cause": [] });
    (status, json_answer(&json!({ "error": error, "status": status.as_u16() }))).into_response()
}

pub(crate) fn json_answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
