//! Why the sign-in service gives no token, in Entra's words.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::Tenant;

/// Why there is no token. The texts are Entra's, as far as a client may show them.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignInError {
    #[error(
        "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing \
         into the correct cloud."
    )]
    UnknownTenant(String),
    #[error("The app requested an unsupported grant type '{0}'.")]
    UnsupportedGrant(String),
    #[error("Application with identifier '{0}' was not found in the directory.")]
    UnknownClient(String),
    #[error(
        "The request body must contain the following parameter: 'client_assertion' or \
         'client_secret'."
    )]
    MissingSecret,
    #[error(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client \
         secret value, not the client secret ID, for a secret added to app '{0}'."
    )]
    WrongSecret(String),
    #[error(
        "The provided request must include a 'scope' input parameter. The provided value for the \
         input parameter 'scope' is not valid. The scope {0} is not valid."
    )]
    BadScope(String),
    #[error(
        "The certificate with identifier used to sign the client assertion is not registered on \
         application. [Reason - The key was not found., Thumbprint of key used by client: '{0}']"
    )]
    UnknownCertificate(String),
    #[error("Client assertion contains an invalid signature.")]
    BadSignature,
    #[error("Client assertion is not within its valid time range. Current time and expiry time do not agree.")]
    AssertionOutOfTime,
    #[error("Client assertion audience claim does not match Realm issuer.")]
    WrongAudience,
    #[error("Client assertion application identifier doesn't match 'client_id' parameter.")]
    WrongSubject,
    #[error("JWT token is invalid or malformed.")]
    MalformedAssertion,
    #[error("No matching federated identity record found for presented assertion.")]
    UnknownFederatedToken,
    #[error("A transient error has occurred. Please try again.")]
    Busy,
    #[error("The request failed because the simulated tenant was told so.")]
    Simulated(u64),
}

impl SignInError {
    /// Returns the answer that tells a client.
    pub(super) fn answer(&self, tenant: &Tenant) -> Response {
        let (status, error, code) = self.class();
        let timestamp = tenant.now().format("%Y-%m-%d %H:%M:%SZ").to_string();
        let trace_id = tenant.request_id();
        let correlation_id = tenant.request_id();
        let body = json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: {self} Trace ID: {trace_id} Correlation ID: {correlation_id} \
                 Timestamp: {timestamp}"
            ),
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
        });
        (status, Json(body)).into_response()
    }

    fn class(&self) -> (StatusCode, &'static str, u64) {
        match self {
            Self::UnknownTenant(_) => (StatusCode::BAD_REQUEST, "invalid_request", 90002),
            Self::UnsupportedGrant(_) => (StatusCode::BAD_REQUEST, "unsupported_grant_type", 70003),
            Self::UnknownClient(_) => (StatusCode::BAD_REQUEST, "unauthorized_client", 700016),
            Self::MissingSecret => (StatusCode::UNAUTHORIZED, "invalid_client", 7000218),
            Self::WrongSecret(_) => (StatusCode::UNAUTHORIZED, "invalid_client", 7000215),
            Self::BadScope(_) => (StatusCode::BAD_REQUEST, "invalid_scope", 70011),
            Self::UnknownCertificate(_) => (StatusCode::UNAUTHORIZED, "invalid_client", 700_027),
            Self::BadSignature => (StatusCode::UNAUTHORIZED, "invalid_client", 50012),
            Self::AssertionOutOfTime => (StatusCode::UNAUTHORIZED, "invalid_client", 700_024),
            Self::WrongAudience => (StatusCode::UNAUTHORIZED, "invalid_client", 700_023),
            Self::WrongSubject => (StatusCode::UNAUTHORIZED, "invalid_client", 700_021),
            Self::MalformedAssertion => (StatusCode::UNAUTHORIZED, "invalid_client", 50027),
            Self::UnknownFederatedToken => (StatusCode::UNAUTHORIZED, "invalid_client", 700_213),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", 90033),
            Self::Simulated(code) => class_of_code(*code),
        }
    }
}

/// Returns how Entra answers with a code of its list.
fn class_of_code(code: u64) -> (StatusCode, &'static str, u64) {
    match code {
        50012 | 700_021 | 700_023 | 700_024 | 700_027 | 700_213 | 7_000_215 | 7_000_218 | 7_000_222 => {
            (StatusCode::UNAUTHORIZED, "invalid_client", code)
        }
        700_016 | 7_000_112 => (StatusCode::BAD_REQUEST, "unauthorized_client", code),
        70011 => (StatusCode::BAD_REQUEST, "invalid_scope", code),
        500_011 => (StatusCode::BAD_REQUEST, "invalid_resource", code),
        90055 => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", code),
        90024 | 90033 | 90090 => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", code),
        _ => (StatusCode::BAD_REQUEST, "invalid_request", code),
    }
}
