//! The sign-in service: access tokens for the client-credentials grant.

use std::sync::Arc;

use axum::{
    Form, Json,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{Tenant, TenantConfig};

mod error;

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
    scope: String,
}

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
    Form(form): Form<TokenForm>,
) -> Response {
    if let Err(error) = check(tenant.config(), &tenant_name, &form) {
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

fn check(config: &TenantConfig, tenant_name: &str, form: &TokenForm) -> Result<(), SignInError> {
    if !tenant_name.eq_ignore_ascii_case(&config.tenant_id) && !tenant_name.eq_ignore_ascii_case(&config.domain) {
        return Err(SignInError::UnknownTenant(tenant_name.to_owned()));
    }
    if form.grant_type != "client_credentials" {
        return Err(SignInError::UnsupportedGrant(form.grant_type.clone()));
    }
    if !form.client_id.eq_ignore_ascii_case(&config.client_id) {
        return Err(SignInError::UnknownClient(form.client_id.clone()));
    }
    let Some(client_secret) = &form.client_secret else {
        return Err(SignInError::MissingSecret);
    };
    if *client_secret != config.client_secret {
        return Err(SignInError::WrongSecret(form.client_id.clone()));
    }
    if !form.scope.ends_with("/.default") {
        return Err(SignInError::BadScope(form.scope.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{SIGN_IN_FORM, Simulation};

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
}
