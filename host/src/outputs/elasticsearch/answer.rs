//! What Elasticsearch answers, read leniently: only what is needed.

use std::{collections::BTreeMap, fmt};

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::outputs::request_error::shown;

/// The answer to `_bulk`.
#[derive(Deserialize)]
pub(super) struct BulkAnswer {
    /// One per document, in order.
    pub(super) items: Vec<Item>,
}

/// What became of one document: below the name of what was done, `create`.
#[derive(Deserialize)]
#[serde(try_from = "BTreeMap<String, Done>")]
pub(super) struct Item(Done);

#[derive(Deserialize)]
struct Done {
    status: u16,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    failure_store: Value,
}

impl TryFrom<BTreeMap<String, Done>> for Item {
    type Error = &'static str;

    fn try_from(mut actions: BTreeMap<String, Done>) -> Result<Self, Self::Error> {
        actions.pop_first().map(|(_, done)| Self(done)).ok_or("nothing was done")
    }
}

impl Item {
    pub(super) fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether it was put aside, where the mapping of fields does not count.
    pub(super) fn is_in_failure_store(&self) -> bool {
        self.0.failure_store == "used"
    }

    pub(super) fn refusal(&self) -> Refusal<'_> {
        Refusal { status: self.0.status, error: &self.0.error }
    }
}

/// Why a document was not stored. What it says may show parts of the document: for the dead letter, not for logs.
pub(super) struct Refusal<'a> {
    status: u16,
    error: &'a Value,
}

impl Refusal<'_> {
    /// Whether the ingest pipeline of the settings is missing.
    pub(super) fn is_of_the_pipeline(&self) -> bool {
        self.error["reason"].as_str().is_some_and(|reason| reason.starts_with("pipeline with id ["))
    }

    /// The kind: a word of Elasticsearch, for logs.
    pub(super) fn kind(&self) -> String {
        let kind = self.error["type"].as_str().unwrap_or("no reason given");
        let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.' | ' ');
        kind.chars().filter(|it| is_word(*it)).take(80).collect()
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status)?;
        let error = self.error;
        for part in [error, &error["type"], &error["reason"], &error["caused_by"]["reason"]] {
            if let Some(text) = part.as_str() {
                write!(formatter, ": {}", shown(text))?;
            }
        }
        Ok(())
    }
}

pub(super) const WRONG_SECRET: &str = "\nhint: are `api_key`, or `username` and `password`, right?";

/// What the refusal of a template says, for people.
pub(super) fn explain_put(status: StatusCode, body: &[u8]) -> String {
    said(body, &["type", "reason"])
        + match status {
            StatusCode::UNAUTHORIZED => WRONG_SECRET,
            StatusCode::FORBIDDEN => {
                "\nhint: this needs the privileges `manage_index_templates` and `manage_ilm`, which delivering does not"
            }
            _ => "",
        }
}

/// What the answer to a question says that is no document.
pub(super) fn explain_answer(body: &[u8]) -> String {
    said(body, &["type", "reason"])
}

/// Parts of an error, or the error itself where it is but a text.
fn said(body: &[u8], parts: &[&str]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    let mut text = String::new();
    for part in [error].into_iter().chain(parts.iter().map(|part| &error[*part])) {
        if let Some(part) = part.as_str() {
            text.push_str(": ");
            text.push_str(&shown(part));
        }
    }
    text
}

/// What a refusal of a whole request says, for people. Such a refusal knows nothing of documents.
pub(super) fn explain(status: StatusCode, body: &[u8]) -> String {
    // Who may do what, and which index: no document.
    let parts: &[&str] = if matches!(status.as_u16(), 401 | 403 | 404) { &["type", "reason"] } else { &["type"] };
    said(body, parts)
        + match status {
            StatusCode::UNAUTHORIZED => WRONG_SECRET,
            StatusCode::FORBIDDEN => {
                "\nhint: the user or API key needs the privileges `create_doc` and `auto_configure` on the data stream"
            }
            StatusCode::NOT_FOUND => "\nhint: does `url` lead to Elasticsearch, and may it create the data stream?",
            status if status.is_redirection() => "\nhint: `url` has to lead to Elasticsearch itself",
            _ => "",
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_explained() {
        let body = br#"{"error":{"type":"security_exception","reason":"missing\nauthentication"},"status":401}"#;
        let said = explain(StatusCode::UNAUTHORIZED, body);
        assert_eq!(
            said,
            ": security_exception: missing authentication\nhint: are `api_key`, or `username` and `password`, right?"
        );
        assert_eq!(explain(StatusCode::BAD_REQUEST, br#"{"error":"no handler found"}"#), ": no handler found");
        assert_eq!(explain(StatusCode::BAD_GATEWAY, b"<html>"), "");
    }

    #[test]
    fn reasons_of_other_refusals_do_not_show() {
        let body = br#"{"error":{"type":"illegal_argument_exception","reason":"near [ann@contoso.com]"}}"#;
        assert_eq!(explain(StatusCode::BAD_REQUEST, body), ": illegal_argument_exception");
    }
}
