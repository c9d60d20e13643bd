//! Outputs against a fake Elasticsearch: what they say of a batch, and what they send again.

use std::time::Duration;

use exotrace_fake_elasticsearch::{Failure, FakeElasticsearch, Setup};
use url::Url;

use super::{documents::testing::batch, *};
use crate::config::{Authentication, BodyConfig, Compression, ConnectionConfig, ElasticsearchConfig};

fn output(fake: &FakeElasticsearch) -> Output {
    let config = ElasticsearchConfig {
        urls: vec![Url::parse(&fake.url()).unwrap()],
        data_stream: "logs-x-default".to_owned(),
        pipeline: "_none".to_owned(),
        authentication: Authentication::None,
        connection: ConnectionConfig {
            ca_file: None,
            certificate: None,
            proxy_url: None,
            request_timeout: Duration::from_secs(1),
        },
        body: BodyConfig { max_bytes: 1_000_000, max_documents: 1000, compression: Compression::Gzip },
    };
    Output::Elasticsearch(Box::new(Elasticsearch::new(&config).unwrap()))
}

/// The ids in each request.
fn sent(fake: &FakeElasticsearch) -> Vec<Vec<String>> {
    let ids = |request: exotrace_fake_elasticsearch::Request| {
        let text = String::from_utf8(request.body).unwrap();
        let actions = text.lines().step_by(2).map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        actions.map(|action| action["create"]["_id"].as_str().unwrap().to_owned()).collect()
    };
    fake.requests().into_iter().map(ids).collect()
}

fn stored(fake: &FakeElasticsearch) -> Vec<String> {
    fake.documents("logs-x-default").into_keys().collect()
}

#[tokio::test]
async fn only_what_was_not_taken_is_sent_again() {
    let fake = FakeElasticsearch::start(Setup { busy_id_ends: vec!['b', 'd'], ..Setup::default() });
    let mut output = output(&fake);
    let batch = batch(&["a", "b", "c", "d"]);
    let error = output.deliver(&batch).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(error.to_string().ends_with("could not take 2 of 4 documents yet: 429: es_rejected_execution_exception"));
    assert_eq!(stored(&fake), ["a", "c"]);
    assert_eq!(output.deliver(&batch).await.unwrap(), Receipt::default());
    assert_eq!(sent(&fake), [vec!["a", "b", "c", "d"], vec!["b", "d"]]);
    assert_eq!(stored(&fake), ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn what_an_earlier_attempt_has_come_to_is_in_the_receipt() {
    let refused_text = Some("\"n\":\"a\"".to_owned());
    let fake = FakeElasticsearch::start(Setup { refused_text, busy_id_ends: vec!['c'], ..Setup::default() });
    let mut output = output(&fake);
    output.deliver(&batch(&["b"])).await.unwrap();
    let batch = batch(&["a", "b", "c"]);
    output.deliver(&batch).await.unwrap_err();
    let receipt = output.deliver(&batch).await.unwrap();
    assert_eq!(receipt.duplicates, 1);
    let reason = "400: document_parsing_exception: failed to parse field".to_owned();
    assert_eq!(receipt.rejected, [RejectedDocument { outcome: 0, reason }]);
    assert_eq!(stored(&fake), ["b", "c"]);
}

#[tokio::test]
async fn documents_that_would_spoil_their_request_are_rejected_alone() {
    let fake = FakeElasticsearch::start(Setup::default());
    let long = "x".repeat(513);
    let receipt = output(&fake).deliver(&batch(&["a", "", &long, "b"])).await.unwrap();
    assert_eq!(receipt.rejected.iter().map(|it| it.outcome).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(stored(&fake), ["a", "b"]);
}

#[tokio::test]
async fn a_document_that_is_too_large_alone_is_rejected() {
    let fake = FakeElasticsearch::start(Setup { max_bytes: Some(200), ..Setup::default() });
    let large = "x".repeat(100);
    let receipt = output(&fake).deliver(&batch(&["a", "b", &large, "c", "d", "e"])).await.unwrap();
    assert_eq!(receipt.rejected.len(), 1);
    assert_eq!(receipt.rejected[0].outcome, 2);
    assert!(receipt.rejected[0].reason.contains("are too large for `http://127.0.0.1"), "{receipt:?}");
    assert_eq!(stored(&fake), ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn a_host_says_when_it_wants_to_be_asked_again() {
    let failures = vec![Failure::Answer { status: 429, retry_after: Some(17), kind: "busy" }];
    let fake = FakeElasticsearch::start(Setup { failures, ..Setup::default() });
    let error = output(&fake).deliver(&batch(&["a"])).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn nobody_waits_for_what_a_person_has_to_mend() {
    for (failure, said) in [
        (Failure::Answer { status: 403, retry_after: None, kind: "security_exception" }, "403 Forbidden"),
        (Failure::Answer { status: 404, retry_after: None, kind: "index_not_found_exception" }, "404 Not Found"),
        (Failure::Answer { status: 302, retry_after: None, kind: "moved" }, "302 Found"),
        (Failure::Partly { status: 403, kind: "security_exception" }, "did not let 1 of 2 documents be stored"),
    ] {
        let fake = FakeElasticsearch::start(Setup { failures: vec![failure], ..Setup::default() });
        let error = output(&fake).deliver(&batch(&["a", "b"])).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert!(error.to_string().contains(said) && error.to_string().contains("\nhint: "), "{error}");
    }
}
