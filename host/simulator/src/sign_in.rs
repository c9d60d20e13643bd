//! The sign-in service: access tokens for the client-credentials grant, and for managed identities.

use std::sync::Arc;

use axum::{
    Form, Json,
    extract::{Path, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{Tenant, faults::Fault};

mod assertion;
mod error;
pub(crate) mod managed_identity;

use error::SignInError;

/// What a client sends to get a token.
///
/// An absent parameter is as wrong as an empty one, so most have no `Option`.
#[derive(Deserialize)]
pub(crate) struct TokenForm {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    client_id: String,
    client_secret: Option<String>,
    #[serde(default)]
    client_assertion_type: String,
    client_assertion: Option<String>,
    #[serde(default)]
    scope: String,
}

/// What kind of assertion there is.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The answer to a good request.
#[derive(Serialize)]
struct TokenAnswer {
    token_type: &'static str,
    expires_in: u64,
    ext_expires_in: u64,
    access_token: String,
}

/// Answers a request for an access token.
pub(crate) async fn issue_token(
    State(tenant): State<Arc<Tenant>>,
    Path(tenant_name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<TokenForm>,
) -> Response {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let endpoint = format!("http://{host}{}", uri.path());
    let result = check_faults(&tenant).and_then(|()| check(&tenant, &tenant_name, &form, &endpoint));
    if let Err(error) = result {
        return error.answer(&tenant);
    }
    let expires_in = tenant.config().token_lifetime.as_secs();
    Json(TokenAnswer {
        token_type: "Bearer",
        expires_in,
        ext_expires_in: expires_in,
        access_token: tenant.issue_token(),
    })
    .into_response()
}

/// Returns the access token that a request carries.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Refuses what a fault wants refused, for every request.
fn check_faults(tenant: &Tenant) -> Result<(), SignInError> {
    let number = tenant.number_token_request();
    if let Some(code) = tenant.faults().count(Fault::SignInError) {
        tenant.injected(Fault::SignInError);
        return Err(SignInError::Simulated(code));
    }
    if tenant.strikes(Fault::SignInBusy, number) {
        return Err(SignInError::Busy);
    }
    Ok(())
}

fn check(tenant: &Tenant, tenant_name: &str, form: &TokenForm, endpoint: &str) -> Result<(), SignInError> {
    let config = tenant.config();
    if !tenant_name.eq_ignore_ascii_case(&config.tenant_id) && !tenant_name.eq_ignore_ascii_case(&config.domain) {
        return Err(SignInError::UnknownTenant(tenant_name.to_owned()));
    }
    if form.grant_type != "client_credentials" {
        return Err(SignInError::UnsupportedGrant(form.grant_type.clone()));
    }
    if !form.client_id.eq_ignore_ascii_case(&config.client_id) {
        return Err(SignInError::UnknownClient(form.client_id.clone()));
    }
    check_proof(tenant, form, endpoint)?;
    if !form.scope.ends_with("/.default") {
        return Err(SignInError::BadScope(form.scope.clone()));
    }
    Ok(())
}

/// Checks that the client is who it says it is.
fn check_proof(tenant: &Tenant, form: &TokenForm, endpoint: &str) -> Result<(), SignInError> {
    match (&form.client_secret, &form.client_assertion) {
        (Some(secret), _) if *secret == tenant.config().client_secret => Ok(()),
        (Some(_), _) => Err(SignInError::WrongSecret(form.client_id.clone())),
        (None, Some(assertion)) if form.client_assertion_type == JWT_BEARER => {
            assertion::check(tenant, assertion, &form.client_id, endpoint)
        }
        _ => Err(SignInError::MissingSecret),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{SIGN_IN_FORM, Simulation, config_with};

    /// Signs in with `from` in the right form replaced by `to`.
    #[track_caller]
    fn check(tenant_name: &str, (from, to): (&str, &str), status: u16, error: &str, code: u32) {
        let form = SIGN_IN_FORM.replace(from, to);
        let simulation = Simulation::start();
        let answer = simulation.post_form(&format!("/{tenant_name}/oauth2/v2.0/token"), &form);
        let body = answer.json();
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(body["error"], error);
        assert_eq!(body["error_codes"][0], code);
        let description = body["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        assert!(description.ends_with('Z'), "{description}");
        assert!(body["trace_id"].is_string());
        assert!(body["correlation_id"].is_string());
        assert!(!answer.body.contains("simulated-secret"), "{body}");
    }

    #[test]
    fn the_right_form_gets_a_token_by_tenant_id_and_by_domain() {
        let simulation = Simulation::start();
        let first = simulation.sign_in();
        let answer = simulation.post_form("/Contoso.com/oauth2/v2.0/token", SIGN_IN_FORM);
        let body = answer.json();
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3599);
        assert_ne!(body["access_token"], first);
    }

    #[test]
    fn another_tenant_is_not_found() {
        check("fabrikam.com", ("", ""), 400, "invalid_request", 90002);
    }

    #[test]
    fn another_grant_is_not_supported() {
        let change = ("client_credentials", "password");
        check("contoso.com", change, 400, "unsupported_grant_type", 70003);
    }

    #[test]
    fn an_unknown_client_is_refused() {
        let change = ("c0ffee42", "00000000");
        check("contoso.com", change, 400, "unauthorized_client", 700016);
    }

    #[test]
    fn a_wrong_secret_is_refused() {
        let change = ("simulated-secret", "guess");
        check("contoso.com", change, 401, "invalid_client", 7000215);
    }

    #[test]
    fn a_missing_secret_is_told_from_a_wrong_one() {
        let change = ("client_secret", "client_sekret");
        check("contoso.com", change, 401, "invalid_client", 7000218);
    }

    #[test]
    fn a_scope_must_be_a_default_scope() {
        let change = (".default", "Mail.Read");
        check("contoso.com", change, 400, "invalid_scope", 70011);
    }

    #[track_caller]
    fn check_fault(fault: &str, status: u16, error: &str, code: u32) {
        let simulation = Simulation::start_with(config_with(&[fault]));
        let answer = simulation.post_form("/contoso.com/oauth2/v2.0/token", SIGN_IN_FORM);
        let body = answer.json();
        assert_eq!((answer.status, body["error"].as_str()), (status, Some(error)));
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")), "{body}");
    }

    #[test]
    fn every_sign_in_can_fail_with_one_code() {
        check_fault("sign-in-error=7000222", 401, "invalid_client", 7_000_222);
        check_fault("sign-in-error=90033", 503, "temporarily_unavailable", 90033);
        check_fault("sign-in-error=90055", 429, "temporarily_unavailable", 90055);
        check_fault("sign-in-error=700016", 400, "unauthorized_client", 700_016);
        check_fault("sign-in-error=4711", 400, "invalid_request", 4711);
    }

    #[test]
    fn the_sign_in_service_can_be_busy() {
        check_fault("sign-in-busy", 503, "temporarily_unavailable", 90033);
        let simulation = Simulation::start_with(config_with(&["sign-in-busy=0.5"]));
        let statuses: Vec<u16> =
            (0..30).map(|_| simulation.post_form("/contoso.com/oauth2/v2.0/token", SIGN_IN_FORM).status).collect();
        assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    }
}
