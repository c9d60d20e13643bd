//! The output against a fake Elasticsearch: what they say of a batch, and what they send again.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use exotrace_fake_elasticsearch::{Failure, FakeElasticsearch, Setup};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use url::Url;

use super::*;
use crate::{
    mapper::{Entry, Outcome},
    outputs::{
        client_settings::{BodyConfig, Compression, ConnectionConfig},
        requests::testing::batch,
    },
    pipeline::RejectedDocument,
    support::finding::Verdict,
};

fn output(fake: &FakeElasticsearch) -> ElasticsearchOutput {
    output_to(&[&fake.url()])
}

fn output_to(urls: &[&str]) -> ElasticsearchOutput {
    ElasticsearchOutput::new(&config(urls)).unwrap()
}

fn config(urls: &[&str]) -> ElasticsearchConfig {
    ElasticsearchConfig {
        urls: urls.iter().map(|url| Url::parse(url).unwrap()).collect(),
        data_stream: "logs-x-default".to_owned(),
        pipeline: "_none".to_owned(),
        authentication: Authentication::None,
        connection: ConnectionConfig {
            ca_file: None,
            certificate: None,
            proxy_url: None,
            request_timeout: Duration::from_secs(60),
        },
        body: BodyConfig { max_bytes: 1_000_000, max_documents: 1000, compression: Compression::Gzip },
        concurrency: 2,
    }
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

/// A batch with this many documents.
fn many(count: usize) -> MappedBatch {
    let ids: Vec<_> = (0..count).map(|number| format!("{number:03}")).collect();
    batch(&ids.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Answers no request before another one is there.
async fn only_pairs() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let both = Arc::new(tokio::sync::Barrier::new(2));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let both = Arc::clone(&both);
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let body = read_body(&mut stream, usize::MAX).await.unwrap();
                both.wait().await;
                answer(&mut stream, &body).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn two_requests_are_under_way_at_a_time() {
    let mut output = plain_output(&only_pairs().await);
    assert_eq!(output.deliver(&many(200)).await.unwrap(), Receipt::default());
}

#[tokio::test]
async fn what_one_of_two_requests_did_not_bring_is_sent_again_alone() {
    for failure in [
        Failure::Answer { status: 429, retry_after: Some(17), kind: "es_rejected_execution_exception" },
        Failure::Answer { status: 503, retry_after: None, kind: "unavailable_shards_exception" },
        Failure::Hang,
    ] {
        let fake = FakeElasticsearch::start(Setup { failures: vec![failure.clone()], ..Setup::default() });
        let mut config = config(&[&fake.url()]);
        config.connection.request_timeout = Duration::from_secs(3);
        let mut output = ElasticsearchOutput::new(&config).unwrap();
        let batch = many(250);
        let error = output.deliver(&batch).await.unwrap_err();
        assert!(error.is_transient(), "{failure:?}: {error}");
        assert_eq!(stored(&fake).len(), 125, "{failure:?}");
        assert_eq!(output.deliver(&batch).await.unwrap(), Receipt::default());
        assert_eq!(stored(&fake).len(), 250, "{failure:?}");
        // A host that was busy gets one request at a time.
        assert_eq!(sent(&fake).iter().map(Vec::len).collect::<Vec<_>>(), [125; 3], "{failure:?}");
    }
}

#[tokio::test]
async fn documents_of_one_id_are_sent_one_request_after_the_other() {
    let fake = FakeElasticsearch::start(Setup::default());
    let mut config = config(&[&fake.url()]);
    (config.body.max_documents, config.concurrency) = (100, 8);
    let mut batch = many(250);
    let again = Outcome::Mapped {
        id: "000".to_owned(),
        delivery_id: "000".to_owned(),
        timestamp: chrono::DateTime::UNIX_EPOCH,
        length: 13,
    };
    batch.push(Entry { outcome: &again, document: Some(r#"{"n":"later"}"#), mapping: None });
    let receipt = ElasticsearchOutput::new(&config).unwrap().deliver(&batch).await.unwrap();
    assert_eq!(receipt, Receipt { duplicates: 1, rejected: Vec::new() });
    assert_eq!(fake.documents("logs-x-default")["000"]["n"], "000");
    let firsts: Vec<_> = sent(&fake).into_iter().map(|ids| ids[0].clone()).collect();
    assert_eq!(firsts, ["000", "100", "200"]);
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

/// A host that closes the connection on a client that sends more than `max_bytes` at once, and takes everything else.
/// Counts the requests that it has answered, and the connections.
async fn abrupt(max_bytes: usize) -> (String, [Arc<AtomicUsize>; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counts = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let [taken, opened] = counts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            let mut stream = BufReader::new(stream);
            let Some(body) = read_body(&mut stream, max_bytes).await else { continue };
            answer(&mut stream, &body).await;
            taken.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, counts)
}

/// The body of a request, unless it is longer.
async fn read_body(stream: &mut BufReader<TcpStream>, max_bytes: usize) -> Option<Vec<u8>> {
    let (mut length, mut line) = (0, String::new());
    while stream.read_line(&mut line).await.unwrap() > 2 {
        let header = std::mem::take(&mut line).to_lowercase();
        length = header.strip_prefix("content-length:").map_or(length, |it| it.trim().parse().unwrap());
    }
    if length > max_bytes {
        return None;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Some(body)
}

/// Says that every document is stored.
async fn answer(stream: &mut BufReader<TcpStream>, body: &[u8]) {
    let count = body.split(|byte| *byte == b'\n').count() / 2;
    let items = vec![r#"{"create":{"status":201}}"#; count].join(",");
    let answer = format!("{{\"errors\":false,\"items\":[{items}]}}");
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
    stream.write_all((head + &answer).as_bytes()).await.unwrap();
}

/// A batch of `count` documents of about 100 kB each.
fn long_batch(count: usize) -> MappedBatch {
    let mut long = batch(&[]);
    for number in 0..count {
        let document = format!("{{\"n\":\"{}\"}}", "x".repeat(100_000));
        let length = document.len().try_into().unwrap();
        let (id, delivery_id) = (number.to_string(), number.to_string());
        let outcome = Outcome::Mapped { id, delivery_id, timestamp: chrono::DateTime::UNIX_EPOCH, length };
        long.push(Entry { outcome: &outcome, document: Some(&document), mapping: None });
    }
    long
}

/// Not compressed: what the host counts is what is sent.
fn plain_output(url: &str) -> ElasticsearchOutput {
    let mut config = config(&[url]);
    config.body.compression = Compression::None;
    ElasticsearchOutput::new(&config).unwrap()
}

#[tokio::test]
async fn a_host_that_closes_the_connection_gets_half_as_much_at_once() {
    let (url, [taken, opened]) = abrupt(600_000).await;
    let mut output = plain_output(&url);
    assert_eq!(output.deliver(&long_batch(9)).await.unwrap(), Receipt::default());
    assert_eq!(taken.load(Ordering::SeqCst), 3, "of four documents at most");
    // It is remembered, but not for ever.
    output.deliver(&long_batch(8)).await.unwrap();
    assert_eq!((taken.load(Ordering::SeqCst), opened.load(Ordering::SeqCst)), (5, 6));
    for _ in 0..1000 {
        output.deliver(&batch(&["a"])).await.unwrap();
    }
    output.deliver(&long_batch(8)).await.unwrap();
    assert_eq!((taken.load(Ordering::SeqCst), opened.load(Ordering::SeqCst)), (1007, 1009));
}

#[tokio::test]
async fn a_host_that_keeps_closing_the_connection_is_left_alone_for_a_while() {
    let (url, [taken, _]) = abrupt(10).await;
    let mut output = plain_output(&url);
    for _ in 0..3 {
        let error = output.deliver(&long_batch(9)).await.unwrap_err();
        assert!(error.is_transient() && error.to_string().starts_with("could not reach"), "{error}");
    }
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

/// What an examination finds: the verdict and the text of each step.
async fn findings(mut output: ElasticsearchOutput) -> Vec<(Verdict, String)> {
    let options = ExamineOptions { settings: Path::new("exotrace.toml"), may_post: false };
    output.examine(&options).await.into_iter().map(|finding| (finding.verdict, finding.detail)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_is_examined_and_nothing_delivered() {
    let fake = FakeElasticsearch::start(Setup::default());
    let found = findings(output_to(&[&fake.url(), "http://127.0.0.1:9"])).await;
    assert_eq!(found[0], (Verdict::Ok, format!("`{}` is Elasticsearch 9.2.0", fake.url())));
    assert_eq!(found[1].0, Verdict::Failed, "{found:?}");
    assert!(found[1].1.starts_with("could not reach `http://127.0.0.1:9`"), "{found:?}");
    assert!(fake.requests().is_empty());
}
