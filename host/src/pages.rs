//! The status page, `/metrics`, `/healthz` and `/readyz`, for those who watch.

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{Request, State as Extract},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, HOST},
    },
    middleware::{Next, from_fn_with_state, map_response},
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
    task::{AbortHandle, JoinHandle, JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use tracing::{info, warn};

use crate::{
    observe::health::{Condition, Part, State},
    pipeline::dead_letter::DeadLetterCount,
};

mod guard;
mod host;
mod snapshot;
mod status;
mod token;
mod watched_run;

use token::Access;
use watched_run::{LEDGERS, Seen};

pub(crate) use watched_run::WatchedRun;

/// Maximum number of simultaneous connections; of more, the oldest are closed: who asks is answered
/// within moments, and who stays says nothing.
const MAX_CONNECTIONS: usize = 32;

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection may take from its beginning to its end; the ledger is waited for within it.
const CONNECTION: Duration = Duration::from_secs(10);

/// Nobody can listen there.
#[derive(Debug, thiserror::Error)]
#[error("could not listen on `{address}` for metrics\nhint: is another program there? `listen` may name another port")]
pub(crate) struct MonitorError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

/// Answers until it is dropped.
pub(crate) struct Monitor {
    address: SocketAddr,
    watched: Arc<ArcSwap<WatchedRun>>,
    answering: JoinHandle<()>,
}

impl Monitor {
    /// Begins to answer.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub(crate) async fn start(address: SocketAddr, watched: WatchedRun) -> Result<Self, MonitorError> {
        let listening = TcpListener::bind(address).await;
        let listener = listening.map_err(|source| MonitorError { address, source })?;
        // With port 0 the system chooses one.
        let bound = listener.local_addr().unwrap_or(address);
        info!(address = %bound, "serving metrics and health");
        let watched = Arc::new(ArcSwap::from_pointee(watched));
        let answering = tokio::spawn(serve(listener, router(Arc::clone(&watched))));
        Ok(Self { address, watched, answering })
    }

    /// Where it was told to listen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Watches another run from now on.
    pub(crate) fn watch(&self, watched: WatchedRun) {
        self.watched.store(Arc::new(watched));
    }

    /// Stops answering; then others may listen there.
    pub(crate) async fn stop(mut self) {
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
    let mut connections = JoinSet::new();
    // The oldest first.
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(error = %error, "could not accept a connection for metrics or health");
                sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let service = TowerToHyperService::new(router.clone());
        open.push_back(connections.spawn(async move {
            let mut server = http1::Builder::new();
            // One question a connection: nobody keeps a place.
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
            // A client that breaks off has lost interest.
            drop(timeout(CONNECTION, server.serve_connection(TokioIo::new(stream), service)).await);
        }));
    }
}

/// The answer to a request for anything else.
const PATHS: &str = "exotrace: /, /status.json, /metrics, /healthz, /readyz\n";

fn router(watched: Arc<ArcSwap<WatchedRun>>) -> Router {
    status::routes()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(async || (StatusCode::NOT_FOUND, PATHS))
        .layer(from_fn_with_state(Arc::clone(&watched), only_by_known_names))
        .layer(map_response(async |mut response: Response| {
            guard::protect(response.headers_mut());
            response
        }))
        .with_state(watched)
}

/// Answers under names that are known alone: a page in somebody's browser could otherwise have its own name lead here,
/// and read what it gets.
async fn only_by_known_names(Extract(watched): Seen, request: Request, next: Next) -> Response {
    let names = watched.load().config.listen_hosts.clone();
    let header = request.headers().get(HOST).map(|host| host.to_str().unwrap_or("?").to_owned());
    let unknown =
        header.iter().map(String::as_str).chain(request.uri().host()).find(|host| !host::is_known(host, &names));
    if unknown.is_some() {
        let told = "exotrace is not asked under this name\nhint: use its address, or name it in `listen_hosts`\n";
        return (StatusCode::MISDIRECTED_REQUEST, told).into_response();
    }
    if guard::is_foreign(request.method(), request.headers(), &names) {
        let told = "exotrace is not asked by pages of others\nhint: a name of its own behind a proxy goes into `listen_hosts`\n";
        return (StatusCode::FORBIDDEN, told).into_response();
    }
    next.run(request).await
}

async fn metrics(Extract(watched): Seen, headers: HeaderMap) -> Response {
    let watched = watched.load_full();
    let access = Access::by_header(watched.config.listen_token_file.as_ref(), &headers).await;
    if let Some(refusal) = access.refusal() {
        return refusal;
    }
    let ledgers = timeout(LEDGERS, Arc::clone(&watched.ledgers).lock_owned()).await;
    let told = spawn_blocking(move || match ledgers {
        Ok(mut ledgers) => snapshot::text(&watched, Some(&mut ledgers)),
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
    answer(&parts, None, if is_alive { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
}

/// Whether everything flows. Before a run has begun, nothing is known of it. Dead letters keep nothing from flowing, but
/// somebody has to know of them.
async fn readyz(Extract(watched): Seen) -> Response {
    let watched = watched.load_full();
    let parts = watched.health.conditions();
    // While other settings are refused or another mapping is wanted, everything flows by those before.
    let keeps_flowing = |part| matches!(part, Part::Settings | Part::ClusterMapping);
    let mut flowing = parts.iter().filter(|condition| !keeps_flowing(condition.part));
    let flows = !parts.is_empty() && flowing.all(|condition| condition.state == State::Working);
    let status = if flows { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let counting = spawn_blocking(move || watched.count_letters());
    // A disk that does not answer is seen elsewhere.
    let letters = timeout(LEDGERS, counting).await.ok().and_then(Result::ok).and_then(Result::ok);
    answer(&parts, letters, status)
}

/// How all parts are doing, and the worst of it. States and our own words alone: what a service has answered may have
/// anything in it, and nobody is asked who he is here.
fn answer(parts: &[Condition], dead_letters: Option<DeadLetterCount>, status: StatusCode) -> Response {
    let state = parts.iter().map(|condition| condition.state).max().unwrap_or(State::Starting);
    let mut told = json!({ "state": state, "parts": parts, "version": env!("CARGO_PKG_VERSION") });
    if let Some(letters) = dead_letters {
        told["dead_letters"] = json!(letters);
    }
    (status, [(CONTENT_TYPE, "application/json")], format!("{told}\n")).into_response()
}
