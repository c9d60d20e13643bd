//! Next links that lead nowhere, in every way: the window is read without them.

use exotrace_simulator::TenantConfig;
use serde_json::json;

use super::{
    harness::{TestSetup, service_config},
    model::{ModelAnswer, serve},
    *,
};

/// Every status, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_refused_with_any_status_for_ever_loses_nothing() {
    for status in 400..600 {
        let fault = format!("link-status={status}");
        let setup = TestSetup::misbehaving(16, &[&fault]).await;
        setup.run_once().await.unwrap();
        setup.assert_all_delivered();
        let done = setup.status();
        assert_eq!((done.gaps, done.failure), (vec![], None), "{status}");
    }
}

/// A link that a run before has left in the ledger, refused from now on.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_ledger_that_is_refused_does_not_outlast_a_run() {
    for status in [401, 403, 404, 408, 410, 429, 500, 503, 599] {
        let mut setup = TestSetup::new(30).await;
        setup.sink.writes_left = Some(Arc::new(Mutex::new(1)));
        setup.run_once().await.unwrap_err();
        setup.sink.writes_left = None;
        let mut faults = exotrace_simulator::Faults::default();
        faults.add(&format!("link-status={status}")).unwrap();
        setup.tenant.set_faults(faults);
        setup.run_once().await.unwrap();
        setup.assert_all_delivered();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_no_request_is_not_followed_or_kept() {
    let secret = TenantConfig::default().client_secret;
    for (link, is_kept) in [
        ("x".repeat(40_000), false),
        ("x".repeat(70_000), false),
        (format!("/?a={secret}"), false),
        ("http://[::1".to_owned(), true),
        ("\\u0000".to_owned(), true),
        ("http://user:password@elsewhere.example/".to_owned(), true),
    ] {
        let answered = link.clone();
        let url = serve(move |asked, own| {
            if asked.is_for_token() {
                return ModelAnswer::json(200, &json!({ "access_token": "a.b.c", "expires_in": 3599 }));
            }
            let end = asked.parameter("$filter").unwrap().split(' ').next_back().unwrap().to_owned();
            let row = json!({ "id": "1", "recipientAddress": "a@b.c", "receivedDateTime": end, "status": "failed" });
            let link = if answered.starts_with('/') { format!("{own}{answered}") } else { answered.clone() };
            // From the second page on there is no more.
            let is_first = asked.parameter("$top").is_some_and(|top| top == "7");
            ModelAnswer::json(200, &json!({ "value": [row], "@odata.nextLink": is_first.then_some(link) }))
        })
        .await;
        let config = service_config("graph", &url, &TenantConfig::default(), "request_budget = 1000000");
        let setup = TestSetup { config, ..TestSetup::new(1).await };
        let mut pipeline = setup.pipeline();
        pipeline.sources = vec![setup.source()];
        run(pipeline, Mode::Once, std::future::pending()).await.unwrap();
        let ledger: Vec<u8> = std::fs::read_dir(setup.folder.path())
            .unwrap()
            .flat_map(|it| std::fs::read(it.unwrap().path()).unwrap())
            .collect();
        let kept = String::from_utf8_lossy(&ledger).contains(link.as_str());
        assert!(is_kept || !kept, "{link:.20}");
    }
}
