//! `/metrics`, `/healthz` and `/readyz`, for those who watch.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Json, Router,
    extract::State as Extract,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
    task::{JoinHandle, JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use tracing::{info, warn};

use crate::{
    config::Config,
    health::{Condition, Health, State},
    ledger::Ledger,
    mapper::Live,
};

mod snapshot;

/// So many may ask at the same time; more wait.
const MAX_CONNECTIONS: usize = 32;

/// How long the ledger is waited for, which somebody else may be reading.
const LEDGER: Duration = Duration::from_secs(5);

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection is kept.
const CONNECTION: Duration = Duration::from_secs(120);

/// Nobody can listen there.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not listen on `{address}` for metrics\nhint: is another program there? `metrics_listen` may name another port"
)]
pub struct MonitorError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

/// What is watched: a run, and what it runs with.
pub struct Watched {
    /// How its parts are doing.
    pub health: Arc<Health>,
    /// What maps.
    pub live: Arc<Live>,
    /// What it runs with.
    pub config: Config,
    /// Opened to read when it is asked for first.
    ledger: Arc<Mutex<Option<Ledger>>>,
}

impl Watched {
    /// A run with these settings.
    pub fn new(health: Arc<Health>, live: Arc<Live>, config: Config) -> Self {
        Self { health, live, config, ledger: Arc::default() }
    }
}

/// Answers until it is dropped.
pub struct Monitor {
    address: SocketAddr,
    watched: Arc<ArcSwap<Watched>>,
    answering: JoinHandle<()>,
}

impl Monitor {
    /// Begins to answer.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn start(address: SocketAddr, watched: Watched) -> Result<Self, MonitorError> {
        let listening = TcpListener::bind(address).await;
        let listener = listening.map_err(|source| MonitorError { address, source })?;
        // With port 0 the system chooses one.
        let bound = listener.local_addr().unwrap_or(address);
        info!(address = %bound, "metrics and health are to be had");
        let watched = Arc::new(ArcSwap::from_pointee(watched));
        let answering = tokio::spawn(serve(listener, router(Arc::clone(&watched))));
        Ok(Self { address, watched, answering })
    }

    /// Where it was told to listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Watches another run from now on.
    pub fn watch(&self, watched: Watched) {
        self.watched.store(Arc::new(watched));
    }

    /// Answers no more; then others may listen there.
    pub async fn stop(mut self) {
        self.answering.abort();
        // It was told to end, so it has not succeeded.
        drop((&mut self.answering).await);
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

/// Answers for ever; connections end with it.
async fn serve(listener: TcpListener, router: Router) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(error = %error, "could not answer somebody who watches");
                sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            // Whoever breaks off has lost interest.
            drop(timeout(CONNECTION, server.serve_connection(TokioIo::new(stream), service)).await);
            drop(place);
        });
    }
}

type Seen = Extract<Arc<ArcSwap<Watched>>>;

fn router(watched: Arc<ArcSwap<Watched>>) -> Router {
    Router::new()
        .route("/", get(async || "exotrace: /metrics, /healthz, /readyz\n"))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(async || (StatusCode::NOT_FOUND, "exotrace: /metrics, /healthz, /readyz\n"))
        .with_state(watched)
}

async fn metrics(Extract(watched): Seen) -> Response {
    let watched = watched.load_full();
    let ledger = timeout(LEDGER, Arc::clone(&watched.ledger).lock_owned()).await;
    let told = spawn_blocking(move || match ledger {
        Ok(mut ledger) => snapshot::text(&watched, Some(&mut ledger)),
        Err(_) => snapshot::text(&watched, None),
    });
    match told.await {
        Ok(Ok(text)) => {
            ([(CONTENT_TYPE, prometheus_client::encoding::prometheus_text::CONTENT_TYPE)], text).into_response()
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether it makes sense to let the process live.
async fn healthz(Extract(watched): Seen) -> Response {
    let parts = watched.load().health.conditions();
    let is_alive = parts.iter().all(|condition| condition.state != State::Stalled);
    answer(&parts, if is_alive { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
}

/// Whether everything flows. Before a run has begun, nothing is known of it.
async fn readyz(Extract(watched): Seen) -> Response {
    let parts = watched.load().health.conditions();
    let flows = !parts.is_empty() && parts.iter().all(|condition| condition.state == State::Working);
    answer(&parts, if flows { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
}

/// How all parts are doing, and the worst of it.
fn answer(parts: &[Condition], status: StatusCode) -> Response {
    let state = parts.iter().map(|condition| condition.state).max().unwrap_or(State::Starting);
    (status, Json(json!({ "state": state, "parts": parts, "version": env!("CARGO_PKG_VERSION") }))).into_response()
}
