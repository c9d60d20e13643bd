//! Pages that are none, rows with odd dates, and pages that would cost too much.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use super::{
    harness::{TestSetup, service_config, wait_for},
    model::{AskedWindow, ModelAnswer, serve},
    *,
};

/// A tenant that answers every page as it is told to, the number of the page counted from 0.
async fn setup(page: impl Fn(&AskedWindow, u32) -> ModelAnswer + Send + Sync + 'static) -> TestSetup {
    let count = AtomicU32::new(0);
    let url = serve(move |asked, _| match asked.is_for_token() {
        true => ModelAnswer::json(200, &json!({ "access_token": "a.b.c", "expires_in": 3599.0 })),
        false => page(asked, count.fetch_add(1, Ordering::Relaxed)),
    })
    .await;
    let config = service_config("graph", &url, &TenantConfig::default(), "request_budget = 1000000");
    TestSetup { config, ..TestSetup::new(1).await }
}

fn row(id: &str, received: &str) -> Value {
    json!({ "id": id, "recipientAddress": "a@b.c", "senderAddress": "d@e.f", "receivedDateTime": received,
            "status": "delivered", "size": 1 })
}

fn minutes_ago(minutes: i64) -> String {
    (Utc::now() - chrono::Duration::minutes(minutes)).to_rfc3339()
}

fn raw(body: impl Into<Vec<u8>>) -> ModelAnswer {
    ModelAnswer { status: 200, date: None, headers: Vec::new(), body: body.into() }
}

/// The ends of a query.
fn asked_for(asked: &AskedWindow) -> [DateTime<Utc>; 2] {
    let filter = asked.parameter("$filter").unwrap();
    let times: Vec<_> = filter.split(' ').filter_map(|word| word.parse().ok()).collect();
    times.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_any_date_is_delivered_once_and_counted() {
    let setup = setup(|_, _| {
        let rows = [
            row("1", &minutes_ago(9)),
            row("2", "0001-01-01T00:00:00Z"),
            row("3", "9999-12-31T23:59:59Z"),
            row("4", "1999-01-01T00:00:00Z"),
            row("5", &minutes_ago(-600)),
            row("6", "soon"),
        ];
        ModelAnswer::json(200, &json!({ "value": rows }))
    })
    .await;
    let summary = setup.run_once().await.unwrap();
    assert_eq!((summary.documents, summary.misdated, summary.skipped), (6, 4, 0));
    for _ in 0..2 {
        let again = setup.run_once().await.unwrap();
        assert_eq!((again.documents, again.repeated), (0, 6), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_windows_to_come_are_left_to_them() {
    let setup = setup(|asked, _| {
        // The filter is not looked at.
        let rows: Vec<_> = (0..30).map(|hours| row(&hours.to_string(), &minutes_ago(60 * hours + 1))).collect();
        assert!(asked_for(asked)[0] < Utc::now());
        ModelAnswer::json(200, &json!({ "value": rows }))
    })
    .await;
    let mut setup = setup;
    setup.config.initial_interval = Duration::from_secs(28 * 3600 + 1800);
    let summary = setup.run_once().await.unwrap();
    // Two windows; of the last row nothing was ever wanted, but no window would bring it.
    assert_eq!((summary.documents, summary.misdated), (30, 1), "{summary}");
    assert!(summary.skipped > 0 || summary.pages == 1, "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_something_else_cuts_nothing_up_and_notes_no_gap() {
    let bodies: [&[u8]; 8] = [
        b"<html><title>Sign in to continue</title></html>",
        b"\xef\xbb\xbf<html>",
        b"{}",
        b"[]",
        b"\"ok\"",
        b"{\"value\":null}",
        b"{\"message\":\"blocked\"}",
        b"",
    ];
    for body in bodies {
        let asked_for_all = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked_for_all);
        let setup = setup(move |asked, number| {
            seen.lock().unwrap().push(asked.target.clone());
            match number {
                0..12 => raw(body),
                _ => ModelAnswer::json(200, &json!({ "value": [row("1", &minutes_ago(9))] })),
            }
        })
        .await;
        let summary = setup.run_once().await.unwrap();
        assert_eq!((summary.documents, setup.status().gaps), (1, vec![]), "{body:?}");
        let asked = asked_for_all.lock().unwrap();
        assert_eq!(asked.len(), 13);
        // Nothing but the time goes on.
        let sizes: std::collections::BTreeSet<_> = asked.iter().map(|it| it.split("top=").nth(1)).collect();
        assert_eq!(sizes.len(), 1, "{asked:?}");
    }
}

/// A page that is damaged in its middle for ever is cut up, at a pace; the rest is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_row_costs_itself_and_is_closed_when_it_is_read_after_all() {
    let poisoned = Arc::new(Mutex::new(true));
    let is_poisoned = Arc::clone(&poisoned);
    let times: Vec<_> = (0..20).map(|number| Utc::now() - chrono::Duration::minutes(number + 5)).collect();
    let at = times.clone();
    let setup = setup(move |asked, _| {
        let [start, end] = asked_for(asked);
        let top: usize = asked.parameter("$top").unwrap().parse().unwrap();
        let found: Vec<_> = (0..20).filter(|number| (start..=end).contains(&at[*number])).take(top).collect();
        if found.contains(&7) && *is_poisoned.lock().unwrap() {
            return raw(r#"{"value":[{"id":"#);
        }
        let rows: Vec<_> = found.iter().map(|number| row(&number.to_string(), &at[*number].to_rfc3339())).collect();
        // A link that nobody can follow: pages are asked for one by one.
        let link = (found.len() == top).then_some("x");
        ModelAnswer::json(200, &json!({ "value": rows, "@odata.nextLink": link }))
    })
    .await;
    let first = setup.run_once().await.unwrap();
    assert!(first.documents >= 13, "{first}");
    assert!(!setup.status().gaps.is_empty());
    *poisoned.lock().unwrap() = false;
    let second = setup.run_once().await.unwrap();
    assert_eq!(first.documents + second.documents, 20, "{first}, {second}");
    assert_eq!(setup.status().gaps, [], "read again within the look-back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_far_too_many_rows_costs_neither_memory_nor_the_source() {
    let setup = setup(|asked, _| {
        let top: u32 = asked.parameter("$top").unwrap().parse().unwrap();
        if top > 2 {
            let body = format!(r#"{{"value":[{}0]}}"#, "0,".repeat(20_000_000));
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut gzip, body.as_bytes()).unwrap();
            let headers = vec![("Content-Encoding", "gzip".to_owned())];
            return ModelAnswer { headers, ..raw(gzip.finish().unwrap()) };
        }
        ModelAnswer::json(200, &json!({ "value": [row("1", &minutes_ago(9))] }))
    })
    .await;
    let summary = setup.run_once().await.unwrap();
    assert_eq!((summary.documents, setup.status().gaps), (1, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn repairs_take_a_quarter_of_the_budget_at_most() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let mut setup = setup(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        raw(r#"{"value":[{"id":"#)
    })
    .await;
    setup.config.request_budget = 40;
    // A source that would go on has the time in which another one reads everything.
    let other = TestSetup::new(60).await;
    other.tenant.hold_pages();
    let mut pipeline = setup.pipeline();
    pipeline.sources.push(other.source());
    let told = async {
        wait_for("the last repair", || setup_requests(&setup) >= 10).await;
        other.tenant.let_pass(1000);
        wait_for("the rows of the other", || setup.sink.delivered().len() == 60).await;
    };
    run(pipeline, Mode::Daemon, told).await.unwrap();
    assert_eq!(setup_requests(&setup), 10);
    let sent = asked.load(Ordering::Relaxed);
    assert!(sent <= 20, "{sent} of 40 requests are gone");
}

fn setup_requests(setup: &TestSetup) -> u32 {
    let ledger = Ledger::open_to_read(setup.folder.path()).unwrap().unwrap();
    let name = format!("repair {}", budget_name(&setup.config));
    ledger.requests(&name, Utc::now(), BUDGET_WINDOW).unwrap().count
}
