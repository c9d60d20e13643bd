//! What Elasticsearch says when it refuses a request, for people.

use http::StatusCode;
use serde_json::Value;

use crate::support::scrub::shown;

/// Who asks is not who was meant to.
pub(super) const WRONG_SECRET: &str = "\nhint: are `api_key`, or `username` and `password`, right?";

/// What the refusal of a template, a policy or a pipeline says, for people.
pub(super) fn explain_put(status: StatusCode, body: &[u8]) -> String {
    let lacks =
        |handler: &str| String::from_utf8_lossy(body).contains(&format!("no handler found for uri [/{handler}"));
    said(body, &["type", "reason"])
        + match status {
            StatusCode::UNAUTHORIZED => WRONG_SECRET,
            StatusCode::FORBIDDEN => {
                "\nhint: this needs the privileges `manage_index_templates`, `manage_ingest_pipelines` and `manage_ilm`, \
                 which delivering does not"
            }
            _ if lacks("_ilm/") => "\nhint: is it OpenSearch? Then `--opensearch`",
            _ if lacks("_plugins/_ism/") => {
                "\nhint: `--delete-after` needs the plugin `opensearch-index-management` in the cluster"
            }
            _ => "",
        }
}

/// What the answer to a question says that is not a document.
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
    fn a_cluster_without_policies_is_explained() {
        let no_handler = |path: &str| format!("{{\"error\":\"no handler found for uri [/{path}] and method [PUT]\"}}");
        let explain = |path: &str| explain_put(StatusCode::BAD_REQUEST, no_handler(path).as_bytes());
        assert!(explain("_ilm/policy/x").ends_with("hint: is it OpenSearch? Then `--opensearch`"));
        assert!(explain("_plugins/_ism/policies/x").ends_with("`opensearch-index-management` in the cluster"));
        assert!(!explain("_index_template/x").contains("hint"));
    }

    #[test]
    fn reasons_of_other_refusals_do_not_show() {
        let body = br#"{"error":{"type":"illegal_argument_exception","reason":"near [ann@contoso.com]"}}"#;
        assert_eq!(explain(StatusCode::BAD_REQUEST, body), ": illegal_argument_exception");
    }
}
