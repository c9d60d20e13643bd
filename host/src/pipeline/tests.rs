//! The whole way, against a simulated tenant on loopback.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::DateTime;
use tokio::net::TcpListener;

use super::{error::chain, *};
use crate::{
    app::settings::Config,
    ledger::{Lateness, Ledger, Next, PageDone, Window},
    outputs::{
        http::{HttpConfig, HttpOutput},
        stdout::StdoutOutput,
    },
    sources::microsoft::{BUDGET_WINDOW, Credential, LookBack, ServiceConfig, budget_name, service_name},
    support::{secret::Secret, secret_source::SecretSource},
};
use harness::{TestSetup, TestSink, wait_for};

mod ahead;
mod clocks;
mod faults;
mod harness;
mod joined;
mod links;
mod model;
mod odd_answers;
mod secrets;
mod unnoted;

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_delivered_once() {
    let setup = TestSetup::new(100).await;
    let summary = setup.run_once().await.unwrap();
    assert_eq!((summary.rows, summary.documents, summary.pages), (100, 100, 15));
    setup.assert_all_delivered();

    let again = setup.run_once().await.unwrap();
    assert_eq!(again.documents, 0);
    assert!(again.repeated > 0, "the look-back was read again");
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_where_an_output_failed() {
    let mut setup = TestSetup::new(50).await;
    setup.sink.writes_left = Some(Arc::new(Mutex::new(3)));
    let error = setup.run_once().await.unwrap_err();
    assert_eq!(chain(&error), "could not deliver to `stdout`: could not write documents to standard output: full");
    assert_eq!(setup.sink.delivered().len(), 21);

    setup.sink.writes_left = None;
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_takes_too_long_to_finish_is_read_again() {
    let setup = TestSetup::new(50).await;
    // Takes a request, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = format!(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n[[output]]\ntype = \"http\"\n\
         url = \"http://{}\"\nrequest_timeout = \"1h\"\n",
        silent.local_addr().unwrap()
    );
    let config = Config::parse(&settings, "exotrace.toml".as_ref(), &|_| None).unwrap();
    let Some(http) = config.outputs[0].of_kind::<HttpConfig>() else { panic!("it is over HTTP") };
    let mut pipeline = setup.pipeline();
    pipeline.outputs = vec![("silent".to_owned(), Box::new(HttpOutput::new(http).unwrap()))];
    pipeline.grace = Duration::from_millis(1);
    let told = async {
        silent.accept().await.unwrap();
    };
    let summary = run(pipeline, Mode::Daemon, told).await.unwrap();
    assert_eq!(summary.documents, 0);
    setup.wait_for_ledger().await;
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_leaves_nothing_half_done() {
    let setup = TestSetup::new(50).await;
    let sink = setup.sink.clone();
    let stopped = async move { wait_for("rows", || sink.delivered().len() >= 20).await };
    run(setup.pipeline(), Mode::Daemon, stopped).await.unwrap();
    setup.wait_for_ledger().await;
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_many_batches_is_delivered_in_order_and_finished_before_a_stop() {
    let mut setup = TestSetup::new(3500).await;
    setup.config.batch_size = 5000;
    let sink = setup.sink.clone();
    let stopped = async move { wait_for("a batch", || !sink.documents().is_empty()).await };
    let summary = run(setup.pipeline(), Mode::Daemon, stopped).await.unwrap();
    assert_eq!((summary.pages, summary.rows, summary.documents), (1, 3500, 3500));
    setup.assert_all_delivered();
    let documents = setup.sink.documents();
    let dates = documents.iter().map(|document| document["@timestamp"].as_str().unwrap());
    assert!(dates.is_sorted_by(|newer, older| newer >= older), "pages have the newest row first");
    setup.wait_for_ledger().await;
    assert_eq!(setup.run_once().await.unwrap().documents, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_fails_in_the_middle_of_a_page_loses_and_repeats_nothing() {
    let mut setup = TestSetup::new(3500).await;
    setup.config.batch_size = 5000;
    setup.sink.writes_left = Some(Arc::new(Mutex::new(2)));
    setup.run_once().await.unwrap_err();
    assert_eq!(setup.sink.documents().len(), 2000);
    setup.sink.writes_left = None;
    let summary = setup.run_once().await.unwrap();
    assert_eq!((summary.documents, summary.repeated), (1500, 2000));
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_page_is_read_ahead_and_nothing_behind_it() {
    let mut setup = TestSetup::new(7000).await;
    setup.config.batch_size = 3500;
    let (context, mut source) = setup.begun().await;
    let first = source.next(&context).await.unwrap().unwrap();
    let mut counts = vec![first.count()];
    while let Some(batch) = source.read_ahead(&context).await.unwrap() {
        counts.push(batch.count());
    }
    assert_eq!(counts, [1000, 1000, 1000, 500]);
    for _ in counts {
        assert!(source.has_read_ahead());
        source.committed(&Committed { summary: Summary::default(), newest: None }, &context);
    }
    assert!(!source.has_read_ahead());
    assert_eq!(source.take_summary().pages, 1);
}

fn set_secret(service: &mut ServiceConfig, text: &str) {
    let Credential::Secret { secret, .. } = &mut service.credential else { unreachable!() };
    *secret = SecretSource::Text(Secret::new(text.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_explained() {
    let mut setup = TestSetup::new(1).await;
    set_secret(&mut setup.config, "hunter2");
    let error = chain(&setup.run_once().await.unwrap_err());
    assert!(error.contains("hint: `source.client_secret` is wrong"), "{error}");
    assert!(!error.contains("hunter2"));
    assert_eq!(setup.status().failure, Some(error));
}

/// Also what had come more than `initial_interval` before it is mended.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_a_secret_is_wrong_is_read_when_it_is_mended() {
    let mut setup = TestSetup::new(50).await;
    let right = setup.config.clone();
    set_secret(&mut setup.config, "hunter2");
    setup.run_once().await.unwrap_err();
    setup.tenant.advance(Duration::from_secs(24 * 3600));
    setup.config = right;
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_waits_until_a_person_has_mended_what_is_wrong() {
    let mut setup = TestSetup::new(1).await;
    set_secret(&mut setup.config, "hunter2");
    let folder = setup.folder.path().to_owned();
    let name = service_name(&setup.config);
    let failed = async move {
        let failure = || Ledger::open_to_read(&folder).unwrap().unwrap().status(&name).unwrap();
        wait_for("a failure", || failure().and_then(|status| status.failure).is_some()).await;
    };
    run(setup.pipeline(), Mode::Daemon, failed).await.unwrap();
}

/// A run that finds this next link in the ledger goes on without it.
async fn check_bad_link(link: impl Fn(&ServiceConfig) -> String) {
    let setup = TestSetup::new(20).await;
    let mut pipeline = setup.pipeline();
    let window = Window { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH };
    let next = Next::More { reached: None, link: Some(link(&setup.config)) };
    let page = PageDone {
        window,
        delivered: Vec::new(),
        touched: Vec::new(),
        covered: Some(window.end),
        read: Vec::new(),
        changed: 0,
        late: 0,
        lateness: Lateness::default(),
        next,
        keep_from: Some(window.start),
    };
    pipeline.ledger.commit_page(&service_name(&setup.config), &page, &[]).unwrap();
    drop(pipeline);
    // Nothing received in 1970 can be asked for any more: the window is given up with the link.
    let error = setup.run_once().await.unwrap_err();
    assert!(chain(&error).contains("StartDate can't be older than 90 days"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_that_is_refused_is_given_up() {
    let link = |graph: &ServiceConfig| format!("{}v1.0/admin/exchange/tracing/messageTraces?$skiptoken=e30", graph.url);
    check_bad_link(link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_to_another_host_is_not_followed() {
    // The simulator's own host by another name: it would answer.
    let link = |graph: &ServiceConfig| graph.url.as_str().replace("127.0.0.1", "localhost");
    check_bad_link(link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_work_side_by_side_and_share_outputs_and_ledger() {
    let (one, other) = (TestSetup::new(30).await, TestSetup::new(10).await);
    let second = TestSink::default();
    let mut both = one.pipeline();
    both.outputs.push(("second".to_owned(), Box::new(StdoutOutput::to(Box::new(second.clone())))));
    both.sources.push(other.source());
    let summary = run(both, Mode::Once, std::future::pending()).await.unwrap();
    assert_eq!(summary.documents as usize, one.tenant.rows().len() + other.tenant.rows().len());
    assert_eq!(one.sink.delivered().len(), 40);
    // Each output in its own time, so that batches of the two sources may come in another order.
    let sorted = |sink: &TestSink| {
        let mut delivered = sink.delivered();
        delivered.sort();
        delivered
    };
    assert_eq!(sorted(&one.sink), sorted(&second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_keeps_no_other_from_being_read() {
    let (one, mut other) = (TestSetup::new(30).await, TestSetup::new(10).await);
    set_secret(&mut other.config, "hunter2");
    let mut both = one.pipeline();
    both.sources.insert(0, other.source());
    let error = run(both, Mode::Once, std::future::pending()).await.unwrap_err();
    assert!(chain(&error).contains("`source.client_secret` is wrong"));
    one.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_asked_again_and_then_named() {
    let mut setup = TestSetup::new(1).await;
    setup.config.login_url = "http://127.0.0.1:9".parse().unwrap();
    let error = chain(&setup.run_once().await.unwrap_err());
    assert!(error.contains("could not reach the sign-in service"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_look_back_does_not_repeat_what_was_delivered() {
    let mut setup = TestSetup::new(100).await;
    setup.config.additional_look_back = LookBack::Fixed(Duration::from_secs(60));
    setup.run_once().await.unwrap();
    setup.config.additional_look_back = LookBack::Fixed(Duration::from_secs(2 * 3600));
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
}

/// A run is killed in a later window of its pass; the next one finishes that window, and begins a pass of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_a_run_before_had_begun_repeats_nothing() {
    let setup = TestSetup::new(300).await;
    setup.run_once().await.unwrap();
    setup.tenant.advance(Duration::from_secs(40 * 60));
    let mut pipeline = setup.pipeline();
    let start = setup.status().covered_until.unwrap();
    let end = start + Duration::from_secs(30 * 60);
    let page = PageDone {
        window: Window { start, end },
        delivered: Vec::new(),
        touched: Vec::new(),
        covered: Some(end),
        read: Vec::new(),
        changed: 0,
        late: 0,
        lateness: Lateness::default(),
        next: Next::More { reached: None, link: None },
        keep_from: Some(start),
    };
    pipeline.ledger.commit_page(&service_name(&setup.config), &page, &[]).unwrap();
    drop(pipeline);
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_a_link_names_hears_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut tenant = exotrace_simulator::TenantConfig { rows: 100, ..Default::default() };
    tenant.foreign_host = listener.local_addr().unwrap().to_string();
    tenant.faults.add("foreign-link=1").unwrap();
    let setup = TestSetup::with(tenant, "graph").await;
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
    // Who has called would be waiting.
    assert_eq!(listener.accept().map(drop).map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_holds_across_restarts() {
    let mut setup = TestSetup::new(20).await;
    setup.config.request_budget = 3;
    // Three pages of seven rows are what three requests give.
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
    // A fourth has to wait for minutes; a source that would send it had the time in which another one reads everything.
    // Of another tenant, which has a budget of its own.
    let tenant_id = "2b6e4f90-1c3d-4a58-8e7f-90a1b2c3d4e5".to_owned();
    let other =
        TestSetup::with(exotrace_simulator::TenantConfig { rows: 60, tenant_id, ..Default::default() }, "graph").await;
    let mut pipeline = setup.pipeline();
    pipeline.sources.push(other.source());
    let sink = setup.sink.clone();
    let told = async move { wait_for("the rows of the other", || sink.delivered().len() == 80).await };
    run(pipeline, Mode::Daemon, told).await.unwrap();
    let requests = setup.pipeline().ledger.requests(&budget_name(&setup.config), chrono::Utc::now(), BUDGET_WINDOW);
    assert_eq!(requests.unwrap().count, 3);
    let stats = reqwest::get(format!("{}stats", setup.config.url)).await.unwrap().text().await.unwrap();
    assert!(stats.contains("\"page_requests\":3"), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_no_longer_has_is_a_gap() {
    let setup = TestSetup::new(20).await;
    let mut pipeline = setup.pipeline();
    let long_ago = chrono::Utc::now() - chrono::Duration::days(100);
    let window = Window { start: long_ago, end: long_ago };
    let page = PageDone {
        window,
        delivered: Vec::new(),
        touched: Vec::new(),
        covered: Some(window.end),
        read: Vec::new(),
        changed: 0,
        late: 0,
        lateness: Lateness::default(),
        next: Next::Done,
        keep_from: Some(long_ago),
    };
    pipeline.ledger.commit_page(&service_name(&setup.config), &page, &[]).unwrap();
    drop(pipeline);
    setup.run_once().await.unwrap();
    setup.assert_all_delivered();
    let gaps = setup.status().gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, "older than the service keeps records");
    assert_eq!((gaps[0].end - gaps[0].start).num_days(), 10);
}
