//! Why there is no page, in the service's words.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::Tenant;

/// Why there is no page. The texts are the service's: a client may have to tell by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TraceError {
    #[error("Access token is empty.")]
    NoAccessToken,
    #[error("Lifetime validation failed, the token is expired.")]
    ExpiredAccessToken,
    #[error("Access token validation failure.")]
    UnknownAccessToken,
    #[error("Invalid filter clause")]
    MalformedFilter,
    #[error("EndDate is required when a StartDate is entered.")]
    OneBound,
    #[error(
        "|System.ArgumentException|The interval between StartDate and EndDate can't be longer than \
         10 days."
    )]
    RangeTooLong,
    #[error("Invalid StartDate value. The StartDate can't be older than 90 days from today.")]
    StartTooOld,
    #[error("ResultSize is invalid")]
    BadResultSize,
    #[error("Cannot process argument transformation on parameter 'StartDate'")]
    MalformedSkipToken,
}

impl TraceError {
    /// Returns the answer that tells a client.
    pub(super) fn answer(self, tenant: &Tenant, headers: &HeaderMap) -> Response {
        let (status, code) = self.class();
        let request_id = tenant.request_id();
        let client_request_id =
            headers.get("client-request-id").and_then(|value| value.to_str().ok()).unwrap_or(&request_id);
        let body = json!({
            "error": {
                "code": code,
                "message": self.to_string(),
                "innerError": {
                    "date": tenant.now().format("%Y-%m-%dT%H:%M:%S").to_string(),
                    "request-id": request_id,
                    "client-request-id": client_request_id,
                },
            },
        });
        (status, Json(body)).into_response()
    }

    fn class(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoAccessToken | Self::ExpiredAccessToken | Self::UnknownAccessToken => {
                (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken")
            }
            Self::MalformedFilter
            | Self::OneBound
            | Self::RangeTooLong
            | Self::StartTooOld
            | Self::BadResultSize
            | Self::MalformedSkipToken => (StatusCode::BAD_REQUEST, "BadRequest"),
        }
    }
}
