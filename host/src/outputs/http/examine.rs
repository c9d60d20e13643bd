//! Whether a receiver over HTTP would take documents, as far as can be asked without sending any.

use http::StatusCode;
use serde_json::Value;

use super::plain_documents::hint;
use crate::{
    outputs::requests::{BatchSender, Protocol, Reply},
    support::finding::{Finding, Verdict},
};

const REACHABLE: &str = "reachable";
const DOCUMENTS: &str = "documents";

/// Asks what can be asked; sends no documents, and an empty request only if that is allowed.
pub(super) async fn examine(sender: &mut BatchSender<impl Protocol>, may_post: bool) -> Vec<Finding> {
    let content_type = sender.content_type();
    let client = sender.client();
    let mut findings = Vec::new();
    for reply in client.probe().await {
        findings.push(match reply {
            Ok(reply) => reachable(&reply),
            Err(error) => Finding::error(REACHABLE, &error),
        });
    }
    if findings.iter().any(|finding| finding.verdict == Verdict::Failed) {
        findings.push(Finding::not_asked(DOCUMENTS, "the receiver cannot be reached as it should"));
        return findings;
    }
    if !may_post {
        let text = "whether it takes documents is known only when something is sent\nhint: `exotrace doctor \
                    --post-empty` sends an empty request, which most receivers take as no documents";
        findings.push(Finding::not_asked(DOCUMENTS, text));
        return findings;
    }
    let posted = client.post_nothing(content_type).await;
    findings.push(match posted {
        Ok(reply) => posted_empty(&reply),
        Err(error) => Finding::error(DOCUMENTS, &error),
    });
    findings
}

/// What the answer to a `GET` says. Receivers are for `POST`, so that few answers are sure.
fn reachable(reply: &Reply) -> Finding {
    let Reply { host, status, .. } = reply;
    let text = format!("`{host}` answers {status} to `GET`");
    match *status {
        StatusCode::UNAUTHORIZED => Finding::failed(REACHABLE, &(text + hint(*status))),
        status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
            Finding::failed(REACHABLE, &format!("{text}\nhint: is the receiver behind it up?"))
        }
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Finding::warning(REACHABLE, &(text + hint(*status))),
        status if status.is_redirection() => Finding::warning(REACHABLE, &(text + hint(status))),
        _ if is_page(reply) => Finding::warning(
            REACHABLE,
            &format!("{text} with a web page\nhint: does `url` lead to the receiver, with its path?"),
        ),
        _ => Finding::ok(REACHABLE, &text),
    }
}

fn is_page(reply: &Reply) -> bool {
    let start = reply.body.trim_ascii_start();
    start.starts_with(b"<!") || start.to_ascii_lowercase().starts_with(b"<html")
}

/// What the answer to an empty `POST` says.
fn posted_empty(reply: &Reply) -> Finding {
    let Reply { host, status, body, .. } = reply;
    let text = format!("`{host}` answers {status} to an empty request");
    if status.is_success() && is_page(reply) {
        let hint = "hint: does `url` lead to the receiver, with its path?";
        return Finding::failed(DOCUMENTS, &format!("{text} with a web page\n{hint}"));
    }
    if status.is_success() {
        return Finding::ok(DOCUMENTS, &text);
    }
    match *status {
        StatusCode::BAD_REQUEST if is_no_data(body) => {
            Finding::ok(DOCUMENTS, &format!("{text} that it has no data, as Splunk does when the token is right"))
        }
        StatusCode::BAD_REQUEST | StatusCode::LENGTH_REQUIRED | StatusCode::UNPROCESSABLE_ENTITY => {
            let hint = "hint: it refuses requests without documents, so that only a run shows whether it takes them";
            Finding::not_asked(DOCUMENTS, &format!("{text}\n{hint}"))
        }
        status => Finding::failed(DOCUMENTS, &(text + hint(status))),
    }
}

/// Splunk's answer to a request that has a right token and no event.
fn is_no_data(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|said| said["code"] == 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_a_get_is_good_only_when_nothing_speaks_against_it() {
        for (status, body, expected) in [
            (200, "", Verdict::Ok),
            (405, "", Verdict::Ok),
            (200, "<html>", Verdict::Warning),
            (200, "  <!DOCTYPE html>", Verdict::Warning),
            (301, "", Verdict::Warning),
            (403, "", Verdict::Warning),
            (404, "", Verdict::Warning),
            (401, "", Verdict::Failed),
            (502, "", Verdict::Failed),
        ] {
            let finding = reachable(&Reply::of(status, body));
            assert_eq!(finding.verdict, expected, "{status} {finding:?}");
            assert_eq!(finding.hint.is_some(), expected != Verdict::Ok, "{finding:?}");
        }
    }

    #[test]
    fn an_answer_to_an_empty_post_says_more() {
        for (status, body, expected) in [
            (200, "", Verdict::Ok),
            (204, "", Verdict::Ok),
            (400, r#"{"text":"No data","code":5}"#, Verdict::Ok),
            (400, "", Verdict::NotAsked),
            (200, "<html>", Verdict::Failed),
            (401, "", Verdict::Failed),
            (403, r#"{"text":"Invalid token","code":4}"#, Verdict::Failed),
            (404, "", Verdict::Failed),
            (500, "", Verdict::Failed),
        ] {
            let finding = posted_empty(&Reply::of(status, body));
            assert_eq!(finding.verdict, expected, "{status} {finding:?}");
        }
    }
}
