//! Many tenants behind one address, as the real services have them.
//!
//! Finds out whose a request is; what the answer to it is, the tenant says.

use std::{collections::HashMap, future::Future, io, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{Tenant, TenantConfig, router, sign_in::bearer, stats::Stats};

/// A simulated service with many tenants, each with everything of its own.
pub struct SimulatedService {
    tenants: Vec<Arc<Tenant>>,
    routers: Vec<Router>,
    /// The places of tenants by their ids, domains and applications, in lower case.
    places: HashMap<String, usize>,
}

/// What a test knows of a tenant.
#[derive(Serialize)]
struct TenantAnswer {
    tenant_id: String,
    domain: String,
    client_id: String,
    client_secret: String,
    stats: Stats,
}

/// What tells whose a request is, where neither a token nor the path does.
#[derive(Deserialize)]
struct OwnerQuery {
    /// For tests: the id of a tenant, or its domain.
    tenant: Option<String>,
    /// For managed identities.
    client_id: Option<String>,
}

/// How far a test moves the clocks, and of which tenant.
#[derive(Deserialize)]
struct ClockQuery {
    seconds: u32,
    tenant: Option<String>,
}

impl SimulatedService {
    /// Makes this number of tenants, each as [`TenantConfig::of_many`] says.
    pub fn new(like: &TenantConfig, count: u32) -> Self {
        let tenants: Vec<_> = (1..=count).map(|number| Arc::new(Tenant::new(like.of_many(number)))).collect();
        let mut places = HashMap::new();
        for (place, tenant) in tenants.iter().enumerate() {
            let TenantConfig { tenant_id, domain, client_id, .. } = tenant.config();
            places.extend([tenant_id, domain, client_id].map(|name| (name.to_lowercase(), place)));
        }
        let routers = tenants.iter().map(|tenant| router(Arc::clone(tenant))).collect();
        Self { tenants, routers, places }
    }

    /// All tenants, in the order of their numbers.
    pub fn tenants(&self) -> &[Arc<Tenant>] {
        &self.tenants
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(&name.to_lowercase()).copied()
    }

    /// Whose a request is. That of nobody known is refused by the first tenant.
    fn owner(&self, request: &Request) -> usize {
        let by_token = || self.place(Tenant::id_in_token(bearer(request.headers())?)?);
        let by_path = || self.place(request.uri().path().split('/').nth(1)?);
        let by_query = || {
            let Query(query) = Query::<OwnerQuery>::try_from_uri(request.uri()).ok()?;
            self.place(&query.tenant.or(query.client_id)?)
        };
        by_token().or_else(by_path).or_else(by_query).unwrap_or_default()
    }
}

/// Serves all tenants on `listener` until `shutdown`; requests under way are finished first.
///
/// `/tenants` lists them with what was asked of each. `/truth` and `/stats` take `?tenant=ID`; `/advance` moves the
/// clocks of all tenants on unless it has one as well.
pub async fn serve_many(
    listener: TcpListener,
    service: Arc<SimulatedService>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = Router::new()
        .route("/tenants", get(list))
        .route("/advance", post(advance))
        .fallback(pass_on)
        .with_state(service);
    axum::serve(listener, routes).with_graceful_shutdown(shutdown).await
}

async fn pass_on(State(service): State<Arc<SimulatedService>>, request: Request) -> Response {
    let router = service.routers[service.owner(&request)].clone();
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(impossible) => match impossible {},
    }
}

async fn list(State(service): State<Arc<SimulatedService>>) -> Response {
    let answer = |tenant: &Arc<Tenant>| {
        let TenantConfig { tenant_id, domain, client_id, client_secret, .. } = tenant.config().clone();
        TenantAnswer { tenant_id, domain, client_id, client_secret, stats: tenant.stats() }
    };
    Json(service.tenants.iter().map(answer).collect::<Vec<_>>()).into_response()
}

async fn advance(State(service): State<Arc<SimulatedService>>, Query(query): Query<ClockQuery>) -> StatusCode {
    let only = match &query.tenant {
        Some(name) => match service.place(name) {
            Some(place) => Some(place),
            None => return StatusCode::NOT_FOUND,
        },
        None => None,
    };
    let tenants = service.tenants.iter().enumerate().filter(|(place, _)| only.is_none_or(|only| only == *place));
    tenants.for_each(|(_, tenant)| tenant.advance(Duration::from_secs(query.seconds.into())));
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests;
