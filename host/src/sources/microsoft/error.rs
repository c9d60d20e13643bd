//! Why a page could not be read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::Value;

use super::{
    exchange::{HttpError, ServiceAnswer},
    page_request::PageRequest,
    service_kind::ServiceKind,
    setup::{CONSENT, CREATE_SERVICE_PRINCIPAL, GRANT_PERMISSION, GRANT_REPORTING, SERVICE_PRINCIPAL},
    token::TokenError,
};
use crate::support::{
    http_response::{AnswerError, Malformed, without_mark},
    retry,
    scrub::shown,
};

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PollError {
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
    #[error("could not reach {what}`{host}`\nhint: `exotrace doctor --config FILE` tells the steps on the way apart")]
    Unreachable {
        /// What is there, when that is known: for people, with a blank or a word behind it.
        what: &'static str,
        /// Scheme, host and port.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The answer broke off.
    #[error("could not read the answer of {what}`{host}`")]
    Answer {
        /// What is there, when that is known.
        what: &'static str,
        /// Scheme, host and port.
        host: String,
        /// Why.
        #[source]
        source: AnswerError,
    },
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
    /// are right (host/docs/facts/ms-api.md, section 1.2).
    #[error("message trace service answered {status}{explanation}")]
    ServicePrincipalMissing {
        /// The status.
        status: StatusCode,
        /// What it said, for people.
        explanation: String,
    },
    /// The service does not take a next link of its own, which does not get better (host/docs/facts/ms-api.md,
    /// section 1.7).
    #[error("message trace service refused its own next link with {status}{explanation}")]
    RefusedLink {
        /// The status.
        status: StatusCode,
        /// What it said, for people.
        explanation: String,
    },
    /// A next link of which no request can be made.
    #[error("next link cannot be followed: {0}")]
    UnusableLink(&'static str),
    /// The next link leads to another host, which must not get the access token.
    #[error("next link leads to another host than the configured one")]
    ForeignLink,
    /// The service holds the end of a query for the future.
    #[error("message trace service did not want to be asked for mail up to {end}{explanation}")]
    FutureEnd {
        /// Up to when it was asked.
        end: DateTime<Utc>,
        /// What it said, for people.
        explanation: String,
    },
    /// The answer begins as a page and cannot be read to its end.
    #[error("page of the message trace service cannot be read")]
    MalformedPage(#[source] Malformed),
    /// The page has far more rows than it was asked for.
    #[error("page of the message trace service has more than {most} rows")]
    TooManyRows {
        /// As many were read.
        most: usize,
    },
    /// The answer is JSON of another shape: something else answers, or the service is not itself.
    #[error("answer of the message trace service is not a page of records{NOT_ITSELF}")]
    OtherShape(#[source] Malformed),
    /// The answer is Atom or HTML (host/docs/facts/ms-api.md, section 2.2): the same.
    #[error("answer of the message trace service is markup, not the JSON that was asked for{NOT_ITSELF}")]
    Markup,
    /// There is `null` in the place of rows, and nothing says that there are none: the same.
    #[error("answer of the message trace service has `null` in the place of its rows{NOT_ITSELF}")]
    NullPage,
}

/// Who may have answered.
const NOT_ITSELF: &str = "\nhint: a proxy or a gateway may answer in its place; nothing is lost, exotrace asks again";

impl PollError {
    /// Whether asking again later may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Token { source, .. } => source.is_transient(),
            // A gateway, or a fault of the service: the same request is answered as it should be soon.
            Self::Unreachable { .. }
            | Self::Answer { source: AnswerError::Broken(_), .. }
            | Self::FutureEnd { .. }
            | Self::MalformedPage(_)
            | Self::OtherShape(_)
            | Self::Markup
            | Self::NullPage => true,
            // A token that is refused although it is new: another one may be taken.
            Self::Status { status, .. } => retry::is_transient(*status) || *status == StatusCode::UNAUTHORIZED,
            Self::Http(_)
            | Self::Answer { source: AnswerError::TooLong(_), .. }
            | Self::TooManyRows { .. }
            | Self::ServicePrincipalMissing { .. }
            | Self::RefusedLink { .. }
            | Self::UnusableLink(_)
            | Self::ForeignLink => false,
        }
    }

    /// When the service wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Token { source, .. } => source.retry_after(),
            _ => None,
        }
    }

    /// Whether the service did not take the access token, so that another one may do.
    pub(crate) fn is_refused_token(&self) -> bool {
        matches!(self, Self::Status { status: StatusCode::UNAUTHORIZED, .. })
    }

    /// Whether a permission is missing.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Status { status: StatusCode::FORBIDDEN, .. })
    }

    /// Whether the next link is to blame, so that another way has to be found.
    pub(crate) fn is_bad_link(&self) -> bool {
        matches!(self, Self::RefusedLink { .. } | Self::UnusableLink(_) | Self::ForeignLink)
    }

    /// Whether the service refuses just this request, whenever it is asked.
    pub(crate) fn is_of_one_request(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_client_error()
                    && !retry::is_transient(*status)
                    && !matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            }
            Self::RefusedLink { .. } | Self::UnusableLink(_) | Self::ForeignLink => true,
            _ => false,
        }
    }

    /// Whether there is an answer that cannot be read, or a fault of the service that another request may not meet.
    pub(crate) fn is_bad_answer(&self) -> bool {
        match self {
            Self::Status { status, .. } => status.is_server_error(),
            Self::Answer { .. }
            | Self::MalformedPage(_)
            | Self::TooManyRows { .. }
            | Self::OtherShape(_)
            | Self::Markup
            | Self::NullPage => true,
            _ => false,
        }
    }

    /// Whether the page itself is to blame: too long, or damaged in its middle, however often it is asked for.
    pub(crate) fn is_bad_page(&self) -> bool {
        matches!(self, Self::MalformedPage(_)) || self.is_long_page()
    }

    /// Whether a page of fewer rows may do.
    pub(crate) fn is_long_page(&self) -> bool {
        matches!(self, Self::TooManyRows { .. } | Self::Answer { source: AnswerError::TooLong(_), .. })
    }

    /// Whether the failure is of the request for the page, so that another request may do: not of signing in.
    pub(crate) fn is_of_page(&self) -> bool {
        !matches!(self, Self::Http(_) | Self::Token { .. })
    }
}

/// What a refusal means.
pub(super) fn refused(kind: ServiceKind, request: PageRequest<'_>, answer: &ServiceAnswer) -> PollError {
    let (status, explanation) = (answer.status, explain(kind, answer.status, &answer.body));
    let is_for_trust = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    match request {
        _ if is_for_trust && explanation.contains(SERVICE_PRINCIPAL) => {
            PollError::ServicePrincipalMissing { status, explanation }
        }
        PageRequest::Next(_) if status.is_client_error() && !is_for_trust && !retry::is_transient(status) => {
            PollError::RefusedLink { status, explanation }
        }
        _ => PollError::Status { status, explanation, retry_after: answer.retry_after() },
    }
}

/// What it means that the steps of a delivery are refused.
pub(super) fn refused_details(answer: &ServiceAnswer) -> PollError {
    let first = PageRequest::First { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH, rows: 1, query: None };
    match refused(ServiceKind::Graph, first, answer) {
        // What it says may name the recipient, and nothing is wrong with the address of the service.
        error if error.is_of_one_request() => {
            let body: Value = serde_json::from_slice(without_mark(&answer.body)).unwrap_or_default();
            let code = body["error"]["code"].as_str().map(|code| format!(": {}", shown(code)));
            PollError::Status { status: answer.status, explanation: code.unwrap_or_default(), retry_after: None }
        }
        error => error,
    }
}

/// What a refusal says, for people (host/docs/facts/ms-api.md, section 1.9). Read leniently: depth and letter case
/// vary, and gateways answer in HTML.
fn explain(kind: ServiceKind, status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(without_mark(body)).unwrap_or_default();
    let error = &body["error"];
    let inner = if error["innerError"].is_null() { &error["innererror"] } else { &error["innerError"] };
    let mut text = String::new();
    for (before, part) in [(": ", &error["code"]), (": ", &error["message"]), (", request id ", &inner["request-id"])] {
        if let Some(part) = part.as_str().filter(|part| !part.is_empty()) {
            text.push_str(before);
            text.push_str(&shown(part));
        }
    }
    text + &hint(kind, status, error["message"].as_str().unwrap_or_default())
}

fn hint(kind: ServiceKind, status: StatusCode, message: &str) -> String {
    if message.contains(SERVICE_PRINCIPAL) {
        return format!(
            "\nhint: the service principal `{SERVICE_PRINCIPAL}` of Microsoft is missing in the tenant or not ready yet, \
             which can take a day; the credentials are right. To create it: `{CREATE_SERVICE_PRINCIPAL}`"
        );
    }
    match (status, kind) {
        (StatusCode::FORBIDDEN, ServiceKind::Graph) => format!(
            "\nhint: the app registration needs the application permission `ExchangeMessageTrace.Read.All` with admin \
             consent: `{GRANT_PERMISSION}`, then `{CONSENT}`"
        ),
        (StatusCode::FORBIDDEN, ServiceKind::ReportingWebService) => format!(
            "\nhint: the app registration needs the application permission `ReportingWebService.Read.All` with admin \
             consent (`{GRANT_REPORTING}`, then `{CONSENT}`) and the Entra role Security Reader"
        ),
        (StatusCode::NOT_FOUND, ServiceKind::Graph) => {
            "\nhint: is `source.url` right? Only the global cloud has this API".to_owned()
        }
        (StatusCode::NOT_FOUND, ServiceKind::ReportingWebService) => "\nhint: is `source.url` right?".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_explained() {
        let body =
            br#"{"error":{"code":"BadRequest","message":"ResultSize is invalid","innerError":{"request-id":"r1"}}}"#;
        let text = explain(ServiceKind::Graph, StatusCode::BAD_REQUEST, body);
        assert_eq!(text, ": BadRequest: ResultSize is invalid, request id r1");
    }

    #[test]
    fn refusals_are_read_leniently() {
        let body = br#"{"error":{"code":400,"message":"no\r\nway","innererror":{"request-id":"r1"}}}"#;
        assert_eq!(explain(ServiceKind::Graph, StatusCode::BAD_REQUEST, body), ": no  way, request id r1");
        assert_eq!(explain(ServiceKind::Graph, StatusCode::BAD_REQUEST, br#"["error"]"#), "");
    }

    #[test]
    fn what_is_not_json_is_passed_over() {
        assert_eq!(explain(ServiceKind::Graph, StatusCode::BAD_GATEWAY, b"<html>Bad gateway</html>"), "");
    }

    #[test]
    fn a_missing_permission_has_the_commands_that_grant_it() {
        let hint = |kind| explain(kind, StatusCode::FORBIDDEN, b"{}");
        let graph = hint(ServiceKind::Graph);
        assert!(
            graph.contains("89b20d8a-76e2-4057-867b-9961f800b9a4=Role`, then `az ad app permission admin-consent"),
            "{graph}"
        );
        let reporting = hint(ServiceKind::ReportingWebService);
        assert!(
            reporting.contains("`ReportingWebService.Read.All`") && reporting.contains("Security Reader"),
            "{reporting}"
        );
    }

    #[test]
    fn a_missing_service_principal_is_told_apart() {
        let body = br#"{"error":{"message":"Service principal-less Authentication failed: 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"}}"#;
        assert!(explain(ServiceKind::Graph, StatusCode::UNAUTHORIZED, body).contains("the credentials are right"));
    }
}
