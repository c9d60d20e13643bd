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
pub(crate) enum TraceError {
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
    #[error("|System.ArgumentException|Invalid starting recipient address")]
    BadRecipient,
    // Not measured: documents only say that such a query is refused.
    #[error("Invalid EndDate value. The EndDate can't be in the future.")]
    EndInFuture,
    // Only the beginning and the application's id were seen.
    #[error(
        "Service principal-less Authentication failed: the application \
         '8bd644d1-64a1-4d4b-ae52-2e0cbf64e373' has no service principal in the tenant."
    )]
    NoServicePrincipal,
    #[error("Insufficient privileges to complete the operation.")]
    NoPermission,
    // Not measured: only that it happens.
    #[error("The message trace could not be found.")]
    NoSuchTrace,
    #[error("The details of a message trace can't be older than 90 days from today.")]
    DetailsTooOld,
    #[error("Your recent queries have surpassed the permitted limit, please try again later.")]
    Throttled,
}

impl TraceError {
    /// Returns the answer that tells a client.
    pub(crate) fn answer(self, tenant: &Tenant, headers: &HeaderMap) -> Response {
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
            | Self::MalformedSkipToken
            | Self::BadRecipient
            | Self::DetailsTooOld
            | Self::EndInFuture => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::NoServicePrincipal => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::NoSuchTrace => (StatusCode::NOT_FOUND, "NotFound"),
            Self::NoPermission => (StatusCode::FORBIDDEN, "Authorization_RequestDenied"),
            Self::Throttled => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
        }
    }
}
