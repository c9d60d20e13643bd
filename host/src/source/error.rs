//! Why a page could not be had.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::{
    PageRequest,
    client::{Answer, AnswerError, HttpError, Malformed},
    token::TokenError,
};
use crate::retry;

/// Why a page could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// Nothing can be sent at all.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// There is no access token.
    #[error("could not get an access token for tenant `{tenant}`")]
    Token {
        /// Which tenant.
        tenant: String,
        /// Why.
        #[source]
        source: TokenError,
    },
    /// The service could not be reached, or did not answer in time.
    #[error("could not reach the message trace service")]
    Unreachable(#[source] reqwest::Error),
    /// The answer broke off.
    #[error("could not read the answer of the message trace service")]
    Answer(#[source] AnswerError),
    /// The service refused.
    #[error("message trace service answered {status}{explanation}")]
    Status {
        /// The status.
        status: StatusCode,
        /// What it said, for people.
        explanation: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The service principal of Microsoft that the service needs is not in the tenant, or not ready yet; the credentials
    /// are right (ms-api.md, section 1.2).
    #[error("message trace service answered {status}{explanation}")]
    ServicePrincipalMissing {
        /// The status.
        status: StatusCode,
        /// What it said, for people.
        explanation: String,
    },
    /// The service does not understand a next link of its own, which does not get better (ms-api.md, section 1.7).
    #[error("message trace service refused its own next link{explanation}")]
    RefusedLink {
        /// What it said, for people.
        explanation: String,
    },
    /// The answer is something else than a page.
    #[error("answer of the message trace service is not a page of records")]
    MalformedPage(#[source] Malformed),
    /// The answer is Atom or HTML (ms-api.md, section 2.2).
    #[error("answer of the message trace service is markup, not the JSON that was asked for")]
    Markup,
    /// The next link leads to another host, which must not get the access token.
    #[error("next link leads to another host than the configured one")]
    ForeignLink,
}

impl PollError {
    /// Whether asking again later may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Token { source, .. } => source.is_transient(),
            // A gateway, or a fault of the service: the same request is answered as it should be soon.
            Self::Unreachable(_) | Self::Answer(AnswerError::Broken(_)) | Self::MalformedPage(_) | Self::Markup => true,
            // A token that is refused although it is new: another one may be taken.
            Self::Status { status, .. } => retry::is_transient(*status) || *status == StatusCode::UNAUTHORIZED,
            Self::Http(_)
            | Self::Answer(AnswerError::TooLong)
            | Self::ServicePrincipalMissing { .. }
            | Self::RefusedLink { .. }
            | Self::ForeignLink => false,
        }
    }

    /// When the service wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Token { source, .. } => source.retry_after(),
            _ => None,
        }
    }

    /// Whether the service did not take the access token, so that another one may do.
    pub fn is_refused_token(&self) -> bool {
        matches!(self, Self::Status { status: StatusCode::UNAUTHORIZED, .. })
    }

    /// Whether a permission is missing.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Status { status: StatusCode::FORBIDDEN, .. })
    }

    /// Whether the next link is to blame, so that another way has to be found.
    pub fn is_bad_link(&self) -> bool {
        matches!(self, Self::RefusedLink { .. } | Self::ForeignLink)
    }

    /// Whether the page is to blame: too long, or no page however often it is asked for.
    pub fn is_bad_page(&self) -> bool {
        matches!(self, Self::MalformedPage(_) | Self::Markup | Self::Answer(AnswerError::TooLong))
    }
}

/// The app id of the service principal of Microsoft that has to be in the tenant.
const SERVICE_PRINCIPAL: &str = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373";

/// The longest message of a service that is shown, in characters.
const SHOWN_CHARACTERS: usize = 300;

/// What a refusal means.
pub(super) fn refused(request: PageRequest<'_>, answer: &Answer) -> PollError {
    let (status, explanation) = (answer.status, explain(answer.status, &answer.body));
    let is_for_trust = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    match request {
        _ if is_for_trust && explanation.contains(SERVICE_PRINCIPAL) => {
            PollError::ServicePrincipalMissing { status, explanation }
        }
        PageRequest::Next(_) if status == StatusCode::BAD_REQUEST => PollError::RefusedLink { explanation },
        _ => PollError::Status { status, explanation, retry_after: answer.retry_after() },
    }
}

/// What a refusal says, for people (ms-api.md, section 1.9). Read leniently: depth and letter case vary, and gateways
/// answer in HTML.
fn explain(status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    let inner = if error["innerError"].is_null() { &error["innererror"] } else { &error["innerError"] };
    let mut text = String::new();
    for (before, part) in [(": ", &error["code"]), (": ", &error["message"]), (", request id ", &inner["request-id"])] {
        if let Some(part) = part.as_str().filter(|part| !part.is_empty()) {
            text.push_str(before);
            text.extend(part.chars().map(|it| if it.is_control() { ' ' } else { it }).take(SHOWN_CHARACTERS));
        }
    }
    text + hint(status, error["message"].as_str().unwrap_or_default())
}

fn hint(status: StatusCode, message: &str) -> &'static str {
    if message.contains(SERVICE_PRINCIPAL) {
        return "\nhint: the service principal `8bd644d1-64a1-4d4b-ae52-2e0cbf64e373` of Microsoft is missing in the tenant \
                or not ready yet, which can take a day; the credentials are right";
    }
    match status {
        StatusCode::FORBIDDEN => {
            "\nhint: the app registration needs the application permission `ExchangeMessageTrace.Read.All` with admin consent"
        }
        StatusCode::NOT_FOUND => "\nhint: is `source.url` right? Only the global cloud has this API",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_explained() {
        let body =
            br#"{"error":{"code":"BadRequest","message":"ResultSize is invalid","innerError":{"request-id":"r1"}}}"#;
        let text = explain(StatusCode::BAD_REQUEST, body);
        assert_eq!(text, ": BadRequest: ResultSize is invalid, request id r1");
    }

    #[test]
    fn refusals_are_read_leniently() {
        let body = br#"{"error":{"code":400,"message":"no\r\nway","innererror":{"request-id":"r1"}}}"#;
        assert_eq!(explain(StatusCode::BAD_REQUEST, body), ": no  way, request id r1");
        assert_eq!(explain(StatusCode::BAD_REQUEST, br#"["error"]"#), "");
    }

    #[test]
    fn what_is_not_json_is_passed_over() {
        assert_eq!(explain(StatusCode::BAD_GATEWAY, b"<html>Bad gateway</html>"), "");
    }

    #[test]
    fn a_missing_service_principal_is_told_apart() {
        let body = br#"{"error":{"message":"Service principal-less Authentication failed: 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"}}"#;
        assert!(explain(StatusCode::UNAUTHORIZED, body).contains("the credentials are right"));
    }
}
