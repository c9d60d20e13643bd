//! Whether the hosts are Elasticsearch or OpenSearch, of which version, and of one cluster.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::Value;

use crate::{
    outputs::{
        elasticsearch::{
            explain::{WRONG_SECRET, explain_answer},
            flavor::Flavor,
        },
        requests::{HostClient, Reply},
    },
    support::{finding::Finding, scrub::shown},
};

const STEP: &str = "product";

/// The first version of each that is known to work.
const OLDEST_ELASTICSEARCH: u32 = 8;
const OLDEST_OPENSEARCH: u32 = 2;

const ELSEWHERE: &str = "\nhint: `url` has to lead to Elasticsearch or OpenSearch itself, with the path that a gateway \
                         wants, if it wants one";

/// What answers.
pub(super) struct Cluster {
    pub(super) flavor: Flavor,
}

/// What a host says of itself.
struct Host {
    flavor: Flavor,
    /// Which cluster it belongs to.
    cluster: Option<String>,
}

/// Asks every host; a cluster is one that answers at least at one of them.
pub(super) async fn examine(client: &mut HostClient, has_credentials: bool) -> (Vec<Finding>, Option<Cluster>) {
    let mut findings = Vec::new();
    let mut hosts: Vec<Host> = Vec::new();
    for reply in client.probe().await {
        match reply.map_err(|error| Finding::error(STEP, &error)).and_then(|reply| host(&reply, has_credentials)) {
            Ok((host, finding)) => {
                hosts.push(host);
                findings.push(finding);
            }
            Err(finding) => findings.push(finding),
        }
    }
    let clusters: BTreeSet<_> = hosts.iter().filter_map(|host| host.cluster.as_deref()).collect();
    if clusters.len() > 1 || hosts.iter().any(|host| host.flavor != hosts[0].flavor) {
        let text = "the hosts belong to different clusters\nhint: `urls` is for hosts of one cluster; give every \
                    cluster an `[[output]]` of its own";
        findings.push(Finding::failed(STEP, text));
    }
    let cluster = hosts.first().map(|host| Cluster { flavor: host.flavor });
    (findings, cluster)
}

fn host(reply: &Reply, has_credentials: bool) -> Result<(Host, Finding), Finding> {
    let Reply { host, status, body, .. } = reply;
    let answers = format!("`{host}` answers {status}");
    match *status {
        StatusCode::OK => named(reply).ok_or_else(|| stranger(reply)),
        StatusCode::UNAUTHORIZED if has_credentials => {
            Err(Finding::failed(STEP, &(answers + &explain_answer(body) + WRONG_SECRET)))
        }
        StatusCode::UNAUTHORIZED => {
            let hint =
                "hint: it wants to know who asks: give `api_key` (or `api_key_file`), or `username` and `password`";
            Err(Finding::failed(STEP, &format!("{answers}{}\n{hint}", explain_answer(body))))
        }
        StatusCode::FORBIDDEN => unnamed(reply).ok_or_else(|| {
            Finding::failed(STEP, &format!("{answers}, and not as Elasticsearch or OpenSearch does{ELSEWHERE}"))
        }),
        status if status.is_server_error() => {
            let hint = "hint: is the cluster up, and does the gateway before it reach it?";
            Err(Finding::failed(STEP, &format!("{answers}\n{hint}")))
        }
        _ => Err(Finding::failed(STEP, &format!("{answers}, and not as Elasticsearch or OpenSearch does{ELSEWHERE}"))),
    }
}

/// A host that says what it is.
fn named(reply: &Reply) -> Option<(Host, Finding)> {
    let said: Value = serde_json::from_slice(&reply.body).ok()?;
    let version = said["version"]["number"].as_str()?;
    let tagline = said["tagline"].as_str().unwrap_or_default();
    let is_opensearch = said["version"]["distribution"] == "opensearch" || tagline.contains("OpenSearch");
    let flavor = if is_opensearch {
        Flavor::OpenSearch
    } else if reply.product.as_deref() == Some("Elasticsearch") || tagline == "You Know, for Search" {
        Flavor::Elasticsearch
    } else {
        return None;
    };
    let number: String = shown(version).chars().take(30).collect();
    let oldest = if is_opensearch { OLDEST_OPENSEARCH } else { OLDEST_ELASTICSEARCH };
    let name = name(flavor);
    let text = format!("`{}` is {name} {number}", reply.host);
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    // In its compatibility mode OpenSearch claims to be an Elasticsearch of old.
    let is_old = major.is_some_and(|major| major < oldest);
    let finding = if is_old {
        let hint = "hint: documents may be stored, but field types and templates are made for later versions";
        Finding::warning(STEP, &format!("{text}, older than {oldest}\n{hint}"))
    } else {
        Finding::ok(STEP, &text)
    };
    let cluster = said["cluster_uuid"].as_str().filter(|uuid| *uuid != "_na_").map(str::to_owned);
    Some((Host { flavor, cluster }, finding))
}

/// A host that refuses to say what it is, in the way of Elasticsearch or OpenSearch: a key that may write and nothing
/// else is a good key.
fn unnamed(reply: &Reply) -> Option<(Host, Finding)> {
    let said: Value = serde_json::from_slice(&reply.body).ok()?;
    let error = &said["error"];
    let reason = error["reason"].as_str()?;
    if error["type"] != "security_exception" || !reason.contains("cluster:monitor/main") {
        return None;
    }
    let is_opensearch = reply.product.is_none() && reason.starts_with("no permissions for");
    let flavor = if is_opensearch { Flavor::OpenSearch } else { Flavor::Elasticsearch };
    let text = format!("`{}` is {}, and does not tell this user its version", reply.host, name(flavor));
    let hint = "hint: the cluster privilege `monitor` lets `doctor` see it; delivering does not need it";
    let finding = Finding::not_asked(STEP, &format!("{text}\n{hint}"));
    Some((Host { flavor, cluster: None }, finding))
}

/// Something else that answers.
fn stranger(reply: &Reply) -> Finding {
    let text = String::from_utf8_lossy(&reply.body);
    let what = if text.trim_start().starts_with('<') {
        match title(&text) {
            Some(title) => format!("a web page, \"{title}\""),
            None => "a web page".to_owned(),
        }
    } else if serde_json::from_str::<Value>(&text).is_ok() {
        "JSON of another kind".to_owned()
    } else if text.trim().is_empty() {
        "nothing".to_owned()
    } else {
        "a text".to_owned()
    };
    let text = format!("`{}` is neither Elasticsearch nor OpenSearch: it answers with {what}{ELSEWHERE}", reply.host);
    Finding::failed(STEP, &text)
}

fn title(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<title>")?;
    let (title, _) = rest.split_once("</title>")?;
    Some(shown(title.trim()).chars().take(80).collect()).filter(|title: &String| !title.is_empty())
}

fn name(flavor: Flavor) -> &'static str {
    match flavor {
        Flavor::Elasticsearch => "Elasticsearch",
        Flavor::OpenSearch => "OpenSearch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::finding::Verdict;

    #[track_caller]
    fn check(status: u16, product: Option<&str>, body: &str, expected: (Verdict, &str)) {
        let reply = Reply {
            host: "http://host".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            product: product.map(str::to_owned),
            body: body.as_bytes().to_vec(),
        };
        let finding = host(&reply, true).map_or_else(|finding| finding, |(_, finding)| finding);
        assert_eq!(finding.verdict, expected.0, "{finding:?}");
        assert!(finding.detail.contains(expected.1), "{finding:?}");
        assert_eq!(finding.hint.is_some(), finding.verdict != Verdict::Ok, "{finding:?}");
    }

    #[test]
    fn only_elasticsearch_and_opensearch_are_taken_for_it() {
        let elastic = r#"{"version":{"number":"9.2.0"},"tagline":"You Know, for Search"}"#;
        check(200, None, elastic, (Verdict::Ok, "is Elasticsearch 9.2.0"));
        check(200, Some("Elasticsearch"), r#"{"version":{"number":"8.1.2"}}"#, (Verdict::Ok, "8.1.2"));
        check(200, None, &elastic.replace("9.2", "7.17"), (Verdict::Warning, "7.17.0, older than 8"));
        let open = r#"{"version":{"number":"3.1.0","distribution":"opensearch"}}"#;
        check(200, None, open, (Verdict::Ok, "is OpenSearch 3.1.0"));
        for (body, what) in [
            ("{}", "JSON of another kind"),
            ("[]", "JSON of another kind"),
            (r#"{"version":{"number":"1.2"}}"#, "JSON of another kind"),
            ("<html><head><title>Welcome to nginx!</title>", "a web page, \"Welcome to nginx!\""),
            ("<html>", "a web page"),
            ("", "nothing"),
            ("OK", "a text"),
        ] {
            check(200, None, body, (Verdict::Failed, what));
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let refusal = |reason: &str| format!(r#"{{"error":{{"type":"security_exception","reason":"{reason}"}}}}"#);
        let elastic = refusal("action [cluster:monitor/main] is unauthorized for API key id [x]");
        check(403, Some("Elasticsearch"), &elastic, (Verdict::NotAsked, "is Elasticsearch, and does not tell"));
        let open = refusal("no permissions for [cluster:monitor/main] and User [name=x]");
        check(403, None, &open, (Verdict::NotAsked, "is OpenSearch, and does not tell"));
        check(403, None, "<html>", (Verdict::Failed, "403 Forbidden, and not as"));
        check(403, None, &refusal("as was asked for"), (Verdict::Failed, "403 Forbidden, and not as"));
        check(404, None, "", (Verdict::Failed, "404 Not Found, and not as"));
        check(301, None, "", (Verdict::Failed, "301 Moved Permanently, and not as"));
        check(401, None, "", (Verdict::Failed, "401 Unauthorized"));
        check(502, None, "<html>", (Verdict::Failed, "502 Bad Gateway"));
    }
}
