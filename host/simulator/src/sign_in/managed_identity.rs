//! Tokens for a managed identity: from the metadata service of a machine and from App Service.
//!
//! Both give the token to any program that can reach them with the right header; nobody signs in.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use crate::{Tenant, faults::Fault};

/// What a client asks for.
#[derive(Deserialize)]
pub(crate) struct TokenQuery {
    #[serde(rename = "api-version", default)]
    api_version: String,
    /// For whom the token is. Not a scope: there is no `/.default`.
    #[serde(default)]
    resource: String,
    /// Which identity is meant, if there are several.
    client_id: Option<String>,
}

/// Answers as the metadata service of a machine.
pub(crate) async fn machine(
    State(tenant): State<Arc<Tenant>>,
    headers: HeaderMap,
    Query(query): Query<TokenQuery>,
) -> Response {
    if tenant.faults().is_on(Fault::ImdsWarming) && tenant.is_first_machine_request() {
        tenant.injected(Fault::ImdsWarming);
        return refusal(StatusCode::NOT_FOUND, "not_found", "The identity endpoint is not ready yet.");
    }
    if headers.get("metadata").is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"true")) {
        return refusal(StatusCode::BAD_REQUEST, "invalid_request", "Required metadata header not specified");
    }
    if let Err(refusal) = check(&tenant, &query, "2018-02-01") {
        return refusal;
    }
    let lifetime = tenant.config().token_lifetime.as_secs().to_string();
    Json(json!({
        "access_token": tenant.issue_token(),
        "client_id": tenant.config().client_id,
        "expires_in": lifetime,
        "expires_on": expires_on(&tenant),
        "ext_expires_in": lifetime,
        "not_before": tenant.now().timestamp().to_string(),
        "resource": query.resource,
        "token_type": "Bearer",
    }))
    .into_response()
}

/// Answers as App Service.
pub(crate) async fn app_service(
    State(tenant): State<Arc<Tenant>>,
    headers: HeaderMap,
    Query(query): Query<TokenQuery>,
) -> Response {
    let expected = tenant.config().identity_header.as_bytes();
    if headers.get("x-identity-header").is_none_or(|value| value.as_bytes() != expected) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized", "The header X-IDENTITY-HEADER is not the right one.");
    }
    if let Err(refusal) = check(&tenant, &query, "2019-08-01") {
        return refusal;
    }
    Json(json!({
        "access_token": tenant.issue_token(),
        "client_id": tenant.config().client_id,
        "expires_on": expires_on(&tenant),
        "resource": query.resource,
        "token_type": "Bearer",
    }))
    .into_response()
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once and sent")]
fn check(tenant: &Tenant, query: &TokenQuery, api_version: &str) -> Result<(), Response> {
    let refuse = |text: &str| Err(refusal(StatusCode::BAD_REQUEST, "invalid_request", text));
    if query.api_version != api_version {
        return refuse("The api-version is missing or not supported.");
    }
    let is_address = ["https://", "http://127.0.0.1"].iter().any(|beginning| query.resource.starts_with(beginning));
    if !is_address || query.resource.contains(".default") {
        return refuse("The resource is missing or not a resource.");
    }
    if query.client_id.as_ref().is_some_and(|id| !id.eq_ignore_ascii_case(&tenant.config().client_id)) {
        return refuse("Identity not found");
    }
    Ok(())
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({"error": error, "error_description": description}))).into_response()
}

/// Returns when a token issued now expires: seconds since 1970, as text.
fn expires_on(tenant: &Tenant) -> String {
    let lifetime = i64::try_from(tenant.config().token_lifetime.as_secs()).unwrap_or(i64::from(u32::MAX));
    (tenant.now().timestamp() + lifetime).to_string()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Answer, Simulation, config_with, noon};

    const MACHINE: &str =
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com%2F";
    const APP_SERVICE: &str = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com%2F";
    const METADATA: (&str, &str) = ("Metadata", "true");
    const IDENTITY: (&str, &str) = ("X-IDENTITY-HEADER", "simulated-header");

    /// Checks that an answer has a token that is good and says in text when it expires.
    #[track_caller]
    fn check_token(simulation: &Simulation, answer: &Answer) {
        let body = answer.json();
        assert_eq!(answer.status, 200, "{body}");
        let authorization = format!("Bearer {}", body["access_token"].as_str().unwrap());
        let path = "/v1.0/admin/exchange/tracing/messageTraces";
        assert_eq!(simulation.get(path, &[("Authorization", &authorization)]).status, 200);
        let expires_on: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
        assert!((3599..3700).contains(&(expires_on - noon().timestamp())), "{body}");
    }

    #[track_caller]
    fn check_refused(target: &str, headers: &[(&str, &str)], status: u16) {
        let answer = Simulation::start().get(target, headers);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.json()["error_description"].is_string());
    }

    #[test]
    fn a_machine_gets_a_token_with_numbers_as_text() {
        let simulation = Simulation::start();
        let answer = simulation.get(MACHINE, &[METADATA]);
        check_token(&simulation, &answer);
        assert_eq!(answer.json()["expires_in"], "3599");
    }

    #[test]
    fn app_service_gives_a_token_for_its_header() {
        let simulation = Simulation::start();
        let answer = simulation.get(APP_SERVICE, &[IDENTITY]);
        check_token(&simulation, &answer);
        check_refused(APP_SERVICE, &[], 401);
        check_refused(APP_SERVICE, &[("X-IDENTITY-HEADER", "guess")], 401);
    }

    #[test]
    fn a_request_must_be_complete() {
        check_refused(MACHINE, &[], 400);
        check_refused("/metadata/identity/oauth2/token?api-version=2018-02-01", &[METADATA], 400);
        check_refused(&MACHINE.replace("2018", "2017"), &[METADATA], 400);
        check_refused(&format!("{MACHINE}.default"), &[METADATA], 400);
        check_refused(&format!("{MACHINE}&client_id=other"), &[METADATA], 400);
    }

    #[test]
    fn a_machine_that_has_just_started_answers_404_first() {
        let simulation = Simulation::start_with(config_with(&["imds-warming"]));
        assert_eq!(simulation.get(MACHINE, &[METADATA]).status, 404);
        assert_eq!(simulation.get(MACHINE, &[METADATA]).status, 200);
    }
}
