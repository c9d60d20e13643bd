//! The whole way, against a simulated tenant on loopback.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use exotrace_simulator::{Tenant, TenantConfig};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    config::{Credential, ServiceConfig, ServiceKind},
    ledger::Window,
    mapper::{Component, Mapper, Settings, built_in},
    output::Stdout,
    secret::Secret,
};
use tokio::time::sleep;

/// What an output has got, and after how many batches it refuses more.
#[derive(Clone, Default)]
struct Sink {
    bytes: Arc<Mutex<Vec<u8>>>,
    writes_left: Option<Arc<Mutex<usize>>>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(left) = &self.writes_left {
            let mut left = left.lock().unwrap();
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("full"))?;
        }
        self.bytes.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    /// The records of the documents, each as `id`, recipient, status.
    fn delivered(&self) -> Vec<(String, String, String)> {
        let bytes = self.bytes.lock().unwrap();
        let documents =
            str::from_utf8(&bytes).unwrap().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        documents
            .map(|document| {
                let record = &document["microsoft"]["online_message_trace"];
                let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
                (text("MessageTraceId"), text("RecipientAddress"), text("Status"))
            })
            .collect()
    }
}

async fn tenant(rows: usize) -> (Arc<Tenant>, ServiceConfig) {
    let config = TenantConfig { rows, ..TenantConfig::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse::<url::Url>().unwrap();
    let tenant = Arc::new(Tenant::new(config.clone()));
    tokio::spawn(exotrace_simulator::serve(listener, Arc::clone(&tenant), std::future::pending()));
    let hour = Duration::from_secs(3600);
    let graph = ServiceConfig {
        tenant_id: config.tenant_id,
        kind: ServiceKind::Graph,
        credential: Credential::Secret { client_id: config.client_id, secret: Secret::new(config.client_secret) },
        outlook_scope: "",
        request_budget: 90,
        proxy_url: None,
        ca_file: None,
        request_trace_dir: None,
        local_domains: None,
        login_url: url.clone(),
        url,
        interval: hour,
        initial_interval: 2 * hour,
        additional_look_back: hour,
        min_age: Duration::ZERO,
        batch_size: 7,
        request_timeout: Duration::from_secs(10),
    };
    (tenant, graph)
}

fn set_secret(graph: &mut ServiceConfig, text: &str) {
    let Credential::Secret { secret, .. } = &mut graph.credential else { unreachable!() };
    *secret = Secret::new(text.to_owned());
}

fn stages(state_dir: &Path, graph: &ServiceConfig, sink: &Sink) -> Stages {
    let component = Component::new(built_in("2.2").unwrap().bytes).unwrap();
    let mapper = Mapper::new(component, Settings::default(), Arc::default()).unwrap();
    Stages {
        collectors: vec![Collector::new(graph, mapper).unwrap()],
        outputs: vec![Output::Stdout(Stdout::to(Box::new(sink.clone())))],
        ledger: Ledger::open(state_dir).unwrap(),
        backoff: Backoff { shortest: Duration::from_millis(1), longest: Duration::from_millis(2), attempts: 2 },
    }
}

async fn run_once(state_dir: &Path, graph: &ServiceConfig, sink: &Sink) -> Result<Summary, RunError> {
    run(stages(state_dir, graph, sink), Mode::Once, std::future::pending()).await
}

/// Every row of the tenant once, and nothing else.
#[track_caller]
fn assert_all_delivered(tenant: &Tenant, sink: &Sink) {
    let delivered = sink.delivered();
    let unique: HashSet<_> = delivered.iter().cloned().collect();
    assert_eq!(unique.len(), delivered.len(), "nothing twice");
    let truth: HashSet<_> = tenant
        .rows()
        .iter()
        .map(|row| (row.id.clone(), row.recipient.clone(), row.status.as_str().to_owned()))
        .collect();
    assert_eq!(unique, truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_delivered_once() {
    let (tenant, graph) = tenant(100).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let summary = run_once(folder.path(), &graph, &sink).await.unwrap();
    assert_eq!((summary.rows, summary.documents, summary.pages), (100, 100, 15));
    assert_all_delivered(&tenant, &sink);

    let again = run_once(folder.path(), &graph, &sink).await.unwrap();
    assert_eq!(again.documents, 0);
    assert!(again.repeated > 0, "the look-back was read again");
    assert_all_delivered(&tenant, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_where_an_output_failed() {
    let (tenant, graph) = tenant(50).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink { writes_left: Some(Arc::new(Mutex::new(3))), ..Sink::default() };
    let error = run_once(folder.path(), &graph, &sink).await.unwrap_err();
    assert_eq!(chain(&error), "could not deliver a page: could not write documents to standard output: full");
    assert_eq!(sink.delivered().len(), 21);

    let sink = Sink { writes_left: None, ..sink };
    run_once(folder.path(), &graph, &sink).await.unwrap();
    assert_all_delivered(&tenant, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_leaves_nothing_half_done() {
    let (tenant, graph) = tenant(50).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let stopped = {
        let sink = sink.clone();
        async move {
            while sink.delivered().len() < 20 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    run(stages(folder.path(), &graph, &sink), Mode::Daemon, stopped).await.unwrap();
    run_once(folder.path(), &graph, &sink).await.unwrap();
    assert_all_delivered(&tenant, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_explained() {
    let (_tenant, mut graph) = tenant(1).await;
    set_secret(&mut graph, "hunter2");
    let folder = tempfile::tempdir().unwrap();
    let error = chain(&run_once(folder.path(), &graph, &Sink::default()).await.unwrap_err());
    assert!(error.contains("hint: `source.client_secret` is wrong"), "{error}");
    assert!(!error.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_ends_when_asking_again_does_not_help() {
    let (_tenant, mut graph) = tenant(1).await;
    set_secret(&mut graph, "hunter2");
    let folder = tempfile::tempdir().unwrap();
    let stages = stages(folder.path(), &graph, &Sink::default());
    let error = run(stages, Mode::Daemon, std::future::pending()).await.unwrap_err();
    assert!(!error.is_transient());
}

/// A run that finds this next link in the ledger fails as expected, and the run after it reads the window again.
async fn check_bad_link(link: impl Fn(&ServiceConfig) -> String, expected: &str) {
    let (tenant, graph) = tenant(20).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let mut stages = stages(folder.path(), &graph, &sink);
    let window = Window { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH };
    let name = source_name(&graph);
    stages.ledger.commit_page(&name, window, &[], Some(&link(&graph)), window.start).unwrap();
    let error = chain(&run(stages, Mode::Once, std::future::pending()).await.unwrap_err());
    assert!(error.contains(expected), "{error}");
    run_once(folder.path(), &graph, &sink).await.unwrap();
    assert_all_delivered(&tenant, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_that_is_refused_is_given_up() {
    let link = |graph: &ServiceConfig| format!("{}v1.0/admin/exchange/tracing/messageTraces?$skiptoken=e30", graph.url);
    check_bad_link(link, "refused its own next link").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_to_another_host_is_not_followed() {
    // The simulator's own host by another name: it would answer.
    let link = |graph: &ServiceConfig| graph.url.as_str().replace("127.0.0.1", "localhost");
    check_bad_link(link, "next link leads to another host").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_take_turns_and_share_outputs_and_ledger() {
    let ((one, first), (other, second)) = (tenant(30).await, tenant(10).await);
    let folder = tempfile::tempdir().unwrap();
    let sinks = [Sink::default(), Sink::default()];
    let mut both = stages(folder.path(), &first, &sinks[0]);
    both.outputs.push(Output::Stdout(Stdout::to(Box::new(sinks[1].clone()))));
    let component = Component::new(built_in("2.2").unwrap().bytes).unwrap();
    let mapper = Mapper::new(component, Settings::default(), Arc::default()).unwrap();
    both.collectors.push(Collector::new(&second, mapper).unwrap());
    let summary = run(both, Mode::Once, std::future::pending()).await.unwrap();
    assert_eq!(summary.documents as usize, one.rows().len() + other.rows().len());
    assert_eq!(sinks[0].delivered().len(), 40);
    assert_eq!(sinks[0].delivered(), sinks[1].delivered());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_asked_again_and_then_named() {
    let (_tenant, mut graph) = tenant(1).await;
    graph.login_url = "http://127.0.0.1:9".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = chain(&run_once(folder.path(), &graph, &Sink::default()).await.unwrap_err());
    assert!(error.contains("could not reach the sign-in service"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_look_back_does_not_repeat_what_was_delivered() {
    let (tenant, mut graph) = tenant(100).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    graph.additional_look_back = Duration::from_secs(60);
    run_once(folder.path(), &graph, &sink).await.unwrap();
    graph.additional_look_back = Duration::from_secs(2 * 3600);
    run_once(folder.path(), &graph, &sink).await.unwrap();
    assert_all_delivered(&tenant, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_that_leads_to_itself_does_not_go_on_for_ever() {
    let page = |link: &str| format!(r#"{{"value":[],"@odata.nextLink":"{link}"}}"#);
    let (_tenant, mut graph) = tenant(1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    graph.url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let body = page(&format!("{}again", graph.url));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), run_once(folder.path(), &graph, &Sink::default())).await;
    let error = chain(&ended.expect("it ends").unwrap_err());
    assert!(error.contains("next link leads to itself"), "{error}");
}
