//! A simulated Exchange Online tenant, or many of them: sign-in, mail and the message-trace API.
//!
//! Behaves as the real service was measured to behave, oddities included. What it does only now
//! and then, such as refusing or breaking off, is switched on by name: see [`Faults`].

#![forbid(unsafe_code)]

use std::{future::Future, io, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use tokio::net::TcpListener;

mod answer;
mod config;
mod delivery;
mod details;
mod edge;
mod faults;
mod guid;
mod legacy;
mod mail;
mod records;
mod request_number;
mod row;
mod service;
mod sign_in;
mod stats;
mod tenant;
#[cfg(test)]
mod testing;
mod timeline;
mod traces;
mod truth;

pub use config::TenantConfig;
pub use delivery::{DeliveryError, State, delivered};
pub use faults::{FaultError, Faults};
pub use records::{RecordForm, write_records};
pub use row::{Row, Status};
pub use service::{SimulatedService, serve_many};
pub use tenant::Tenant;

/// Returns the routes of the simulated sign-in and message-trace services, Graph and its predecessor.
///
/// `/truth` (the rows that show now, or with `?history=true` every state in which one has shown),
/// `/stats` (what was asked) and `/advance?seconds=N` (moves the clock on) are for tests: they
/// need no token and are not counted.
pub fn router(tenant: Arc<Tenant>) -> Router {
    let pages = Router::new()
        .route("/v1.0/admin/exchange/tracing/messageTraces", get(traces::list))
        .route("/beta/admin/exchange/tracing/messageTraces", get(traces::list))
        .route(legacy::PATH, get(legacy::list))
        .route("/v1.0/admin/exchange/tracing/messageTraces/{id}/{function}", get(details::answer))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&tenant), edge::pass));
    let services = Router::new()
        .merge(pages)
        .route("/{tenant}/oauth2/v2.0/token", post(sign_in::issue_token))
        .route("/metadata/identity/oauth2/token", get(sign_in::managed_identity::machine))
        .route("/msi/token", get(sign_in::managed_identity::app_service))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&tenant), answer::pass))
        .route("/truth", get(truth::rows))
        .route("/stats", get(truth::stats))
        .route("/advance", post(truth::advance))
        .layer(middleware::from_fn_with_state(Arc::clone(&tenant), answer::date))
        .with_state(tenant);
    // A path can be changed only before the router sees it.
    Router::new().fallback_service(services).layer(middleware::map_request(legacy::with_usual_case))
}

/// Serves the tenant on `listener` until `shutdown`; requests under way are finished first.
pub async fn serve(
    listener: TcpListener,
    tenant: Arc<Tenant>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(tenant)).with_graceful_shutdown(shutdown).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn serving_ends_at_the_shutdown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tenant = Arc::new(Tenant::new(TenantConfig::default()));
        serve(listener, tenant, async {}).await.unwrap();
    }
}
