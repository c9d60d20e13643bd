//! A message of Apache Camel as its `wasm` component hands it over: one JSON object with the headers and the body.

use data_encoding::BASE64;
use exotrace_module::Transform;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The header that holds a document's `_id`.
pub const ID: &str = "exotrace-id";

/// The header of a message whose record is dropped: `true`.
pub const DROPPED: &str = "exotrace-dropped";

#[derive(Deserialize, Serialize)]
struct Message {
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    /// Base64, as Jackson writes bytes. None for a message without a body.
    #[serde(default)]
    body: Option<String>,
}

/// Maps the record that is the body of a message. The headers stay, and one tells the `_id`.
///
/// Where nothing is left, or nothing was there, the body is empty and not null: a message of Camel that comes from a file
/// and has no body stands for the whole file.
///
/// # Errors
///
/// When these bytes are not a message; the text is for people.
pub fn map(transform: &mut Transform, message: &[u8]) -> Result<Vec<u8>, String> {
    // What is in the message stays out of the text.
    let not_a_message = |problem: &str| format!("not a message of Apache Camel: {problem}");
    let message: Message = serde_json::from_slice(message)
        .map_err(|error| not_a_message(&format!("line {}, column {}", error.line(), error.column())))?;
    let mut headers = message.headers.unwrap_or_default();
    headers.remove(ID);
    headers.remove(DROPPED);
    let Some(body) = message.body.filter(|body| !body.is_empty()) else {
        return Ok(written(&Message { headers: Some(headers), body: Some(String::new()) }));
    };
    let record = BASE64.decode(body.as_bytes()).map_err(|error| not_a_message(&format!("its body: {error}")))?;
    let document = transform.map(&record);
    let body = Some(BASE64.encode(document));
    if document.is_empty() {
        headers.insert(DROPPED.to_owned(), "true".into());
    } else if !transform.id().is_empty() {
        headers.insert(ID.to_owned(), transform.id().into());
    }
    Ok(written(&Message { headers: Some(headers), body }))
}

fn written(message: &Message) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORD: &str = r#"{"receivedDateTime":"2026-03-04T05:06:07Z","recipientAddress":"bob@fabrikam.com","id":"1","status":"delivered"}"#;

    fn transform(settings: &str) -> Transform {
        Transform::new(settings.as_bytes(), &[], &[]).unwrap()
    }

    fn answer(settings: &str, message: &Value) -> Value {
        serde_json::from_slice(&map(&mut transform(settings), message.to_string().as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn the_body_becomes_a_document_and_the_headers_stay() {
        let message = json!({ "headers": { "CamelFileName": "a", "n": null, "exotrace-id": "of before" }, "body": BASE64.encode(RECORD.as_bytes()) });
        let answer = answer("", &message);
        let document = BASE64.decode(answer["body"].as_str().unwrap().as_bytes()).unwrap();
        let mut alone = transform("");
        assert_eq!(document, alone.map(RECORD.as_bytes()));
        assert_eq!(answer["headers"], json!({ "CamelFileName": "a", "n": null, "exotrace-id": alone.id() }));
    }

    #[test]
    fn what_is_dropped_has_an_empty_body_and_says_so() {
        let message = json!({ "headers": { "a": "b" }, "body": BASE64.encode(RECORD.as_bytes()) });
        let answer = answer(r#"{"drop_status":["delivered"]}"#, &message);
        assert_eq!(answer, json!({ "headers": { "a": "b", "exotrace-dropped": "true" }, "body": "" }));
    }

    #[test]
    fn a_message_without_a_body_gets_an_empty_one() {
        for body in [json!(null), json!("")] {
            let answer = answer("", &json!({ "headers": { "a": "b" }, "body": body }));
            assert_eq!(answer, json!({ "headers": { "a": "b" }, "body": "" }));
        }
        assert_eq!(answer("", &json!({})), json!({ "headers": {}, "body": "" }));
    }

    #[test]
    fn what_is_not_a_record_becomes_a_document_that_says_so() {
        let answer = answer("", &json!({ "headers": {}, "body": BASE64.encode(b"\xff not JSON") }));
        let document = BASE64.decode(answer["body"].as_str().unwrap().as_bytes()).unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["event"]["kind"], "pipeline_error");
        assert_eq!(answer["headers"], json!({}));
    }

    #[test]
    fn what_is_not_a_message_is_refused_without_its_content() {
        for bytes in [&b"subject of a mail"[..], br#"{"body":"subject of a mail"}"#, br#"{"headers":["subject"]}"#] {
            let error = map(&mut transform(""), bytes).unwrap_err();
            assert!(error.starts_with("not a message of Apache Camel: ") && !error.contains("subject"), "{error}");
        }
    }
}
