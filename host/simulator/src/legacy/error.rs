//! Why the report cannot return a page, in the service's words and three kinds of body.

use axum::{
    Json,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LegacyError {
    #[error("401 - Unauthorized: Access is denied due to invalid credentials.")]
    BadAccessToken,
    #[error("No permission to access the report for the organization .")]
    NoPermission,
    #[error("Incorrect format for {name} argument '{value}'.")]
    BadArgument { name: &'static str, value: String },
    // Not measured, as the two below it.
    #[error("Invalid filter.")]
    BadFilter,
    #[error("StartDate and EndDate must be given together.")]
    OneBound,
    #[error("Invalid StartDate value. The StartDate can't be older than 10 days from today.")]
    StartTooOld,
    /// There is no page so far down.
    #[error("UnknownError")]
    OffsetTooLarge,
}

impl LegacyError {
    /// Returns the answer that tells a client.
    pub(super) fn answer(&self) -> Response {
        let text = self.to_string();
        match self {
            Self::BadAccessToken => {
                let page = format!(
                    "<!DOCTYPE html><html><head><title>{text}</title></head><body><h2>{text}</h2></body></html>"
                );
                (StatusCode::UNAUTHORIZED, Html(page)).into_response()
            }
            Self::NoPermission => {
                (StatusCode::FORBIDDEN, Json(json!({"ErrorCode": "", "Message": text}))).into_response()
            }
            Self::OffsetTooLarge => (StatusCode::INTERNAL_SERVER_ERROR, odata(&text)).into_response(),
            Self::BadArgument { .. } | Self::BadFilter | Self::OneBound | Self::StartTooOld => {
                (StatusCode::BAD_REQUEST, odata(&text)).into_response()
            }
        }
    }
}

fn odata(text: &str) -> Json<serde_json::Value> {
    Json(json!({"odata.error": {"code": "", "message": {"lang": "en-US", "value": text}}}))
}
