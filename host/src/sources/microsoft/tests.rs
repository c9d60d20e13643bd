//! Against a simulated tenant on loopback.

use std::{net::SocketAddr, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use exotrace_simulator::{Tenant, TenantConfig};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use url::Url;

use super::*;
use crate::{app::settings::Config, sources::microsoft::ServiceConfig};

/// Serves a new tenant until the sender is used or dropped.
async fn serve(address: SocketAddr, config: TenantConfig) -> (Url, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        exotrace_simulator::serve(listener, Arc::new(Tenant::new(config)), stopped).await.unwrap();
    });
    (url, stop, task)
}

fn source(url: &Url) -> ServiceSource {
    let TenantConfig { tenant_id, client_id, client_secret, .. } = TenantConfig::default();
    let settings = format!(
        r#"
        state_dir = "state"
        [[source]]
        type = "graph"
        tenant_id = "{tenant_id}"
        client_id = "{client_id}"
        client_secret = "{client_secret}"
        login_url = "{url}"
        url = "{url}"
        batch_size = 7
        [[output]]
        type = "stdout"
        "#
    );
    let config = Config::parse(&settings, Path::new("exotrace.toml"), &|_| None).unwrap();
    let config = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
    ServiceSource::new(config).unwrap()
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn last_hours(end: DateTime<Utc>) -> PageRequest<'static> {
    PageRequest::First { start: end - chrono::Duration::hours(2), end, rows: 7, query: None }
}

#[tokio::test]
async fn pages_follow_one_another_until_there_is_no_link() {
    let (url, _stop, _task) = serve(anywhere(), TenantConfig { rows: 20, ..TenantConfig::default() }).await;
    let mut source = source(&url);
    let mut page = source.page(last_hours(Utc::now())).await.unwrap();
    let mut sizes = vec![page.rows.len()];
    while let Some(link) = &page.next_link {
        page = source.page(PageRequest::Next(link)).await.unwrap();
        sizes.push(page.rows.len());
    }
    assert_eq!(sizes, [7, 7, 6]);
    assert!(page.rows.iter().all(|row| row.received.is_some()));
}

#[tokio::test]
async fn a_token_that_the_service_does_not_know_any_more_is_replaced() {
    // Ports of `127.0.0.1` are given to others: this one is needed again.
    let alone = SocketAddr::from(([127, 0, 0, 2], 0));
    let (url, stop, task) = serve(alone, TenantConfig::default()).await;
    let mut source = source(&url);
    source.page(last_hours(Utc::now())).await.unwrap();
    stop.send(()).unwrap();
    task.await.unwrap();

    let address = url.socket_addrs(|| None).unwrap()[0];
    let _serving = serve(address, TenantConfig { seed: 2, ..TenantConfig::default() }).await;
    let error = source.page(last_hours(Utc::now())).await.unwrap_err();
    assert!(error.is_refused_token(), "{error}");
    let page = source.page(last_hours(Utc::now())).await.unwrap();
    assert_eq!(page.rows.len(), 7);
}

#[tokio::test]
async fn what_the_service_refuses_is_told() {
    let (url, _stop, _task) = serve(anywhere(), TenantConfig::default()).await;
    let end = Utc::now() - chrono::Duration::minutes(1);
    let too_long = PageRequest::First { start: end - chrono::Duration::days(11), end, rows: 7, query: None };
    let error = source(&url).page(too_long).await.unwrap_err();
    assert!(error.to_string().contains("longer than 10 days"), "{error}");
    assert!(!error.is_transient() && !error.is_bad_link());
}
