//! Why there is no access token, and what to do about it.

use std::{fmt, io, path::PathBuf, time::Duration};

use http::StatusCode;
use serde_json::Value;
use tokio::task::JoinError;

use super::certificate::CertificateError;
use crate::{
    sources::microsoft::exchange::ServiceAnswer,
    support::{
        http_response::{AnswerError, Malformed, without_mark},
        retry,
        scrub::shown,
    },
};

/// The metadata service says 410 while it is updated, for 70 seconds at most; five attempts outlast that
/// (host/docs/facts/ms-api.md, section 3.5).
const UPDATE_PAUSE: Duration = Duration::from_secs(20);

/// Who is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The sign-in service of Entra.
    SignIn,
    /// The metadata service of a machine.
    Machine,
    /// The identity endpoint of App Service.
    AppService,
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SignIn => "sign-in service",
            Self::Machine => "metadata service of this machine in Azure",
            Self::AppService => "identity endpoint of App Service",
        })
    }
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The service could not be reached, or did not answer in time.
    #[error(
        "could not reach the {asked} at `{host}`\nhint: `exotrace doctor --config FILE` tells the steps on the way apart"
    )]
    Unreachable {
        /// Who.
        asked: Asked,
        /// Scheme, host and port.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The answer broke off.
    #[error("could not read the answer of the {0}")]
    Answer(Asked, #[source] AnswerError),
    /// The service refused.
    #[error("{asked} answered {status}{explanation}")]
    Refused {
        /// Who.
        asked: Asked,
        /// The status.
        status: StatusCode,
        /// What it said, for people.
        explanation: String,
        /// Whether it is a passing trouble.
        is_passing: bool,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The answer has no token, or does not say when it ends.
    #[error("answer of the {0} has no access token with an end")]
    Malformed(Asked, #[source] Malformed),
    /// There is no secret in its file any more.
    #[error("could not read the client secret in `{}`", path.display())]
    SecretFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The token of the other identity provider cannot be read.
    #[error("could not read the federated token in `{}`", path.display())]
    FederatedToken {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The assertion could not be signed.
    #[error("could not sign with the certificate: there are no random numbers")]
    Sign,
    /// The thread that reads files and signs ended.
    #[error("could not wait for the assertion")]
    Worker(#[from] JoinError),
}

impl TokenError {
    /// Whether asking again later may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Answer(_, AnswerError::Broken(_)) | Self::Sign => true,
            Self::Refused { status, is_passing, .. } => *is_passing || retry::is_transient(*status),
            Self::Answer(_, AnswerError::TooLong(_))
            | Self::Malformed(..)
            | Self::Certificate(_)
            | Self::FederatedToken { .. }
            | Self::SecretFile { .. }
            | Self::Worker(_) => false,
        }
    }

    /// When the service wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What a refusal means.
pub(super) fn refused(asked: Asked, answer: &ServiceAnswer) -> TokenError {
    let refusal: Value = serde_json::from_slice(without_mark(&answer.body)).unwrap_or_default();
    let description = refusal["error_description"].as_str().unwrap_or_default();
    let mut explanation = String::new();
    // The first line of the description is for people; identifiers and the time of the request follow, there or on
    // lines of their own.
    let first = description.lines().next().map(|line| line.split_once(" Trace ID: ").map_or(line, |(said, _)| said));
    for part in [refusal["error"].as_str(), first].into_iter().flatten() {
        explanation.push_str(": ");
        explanation.push_str(&shown(part));
    }
    // What Microsoft's support asks for.
    if let Some(id) = correlation_id(&refusal, description) {
        explanation.push_str(", correlation id ");
        explanation.push_str(&shown(id));
    }
    let status = answer.status;
    let code = code(&refusal["error_codes"], description);
    let hint = match asked {
        Asked::SignIn => code.and_then(hint),
        Asked::Machine | Asked::AppService if status == StatusCode::BAD_REQUEST => {
            Some("the machine needs the identity that `source.managed_identity` names")
        }
        Asked::Machine | Asked::AppService => None,
    };
    if let Some(hint) = hint {
        explanation.push_str("\nhint: ");
        explanation.push_str(hint);
    }
    // 700024 is about clocks: by now, that of the service is known.
    let is_passing = match asked {
        Asked::SignIn => matches!(code, Some(90055 | 90024 | 90033 | 90090 | 700_024)),
        // Not ready yet, or being updated.
        Asked::Machine => matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE),
        Asked::AppService => false,
    };
    let pause = (asked == Asked::Machine && status == StatusCode::GONE).then_some(UPDATE_PAUSE);
    TokenError::Refused { asked, status, explanation, is_passing, retry_after: answer.retry_after().or(pause) }
}

/// The identifier of the request: a member of its own, or in the description.
fn correlation_id<'r>(refusal: &'r Value, description: &'r str) -> Option<&'r str> {
    let described = || description.split_once("Correlation ID: ")?.1.split_whitespace().next();
    refusal["correlation_id"].as_str().filter(|id| !id.is_empty()).or_else(described)
}

/// The first of the service's own codes: from their list, else from the beginning of the description.
fn code(list: &Value, description: &str) -> Option<u64> {
    let from_list = list.get(0).and_then(Value::as_u64);
    from_list.or_else(|| description.strip_prefix("AADSTS")?.split(':').next()?.parse().ok())
}

/// What to do about a code of the sign-in service (host/docs/facts/ms-api.md, section 3.2).
fn hint(code: u64) -> Option<&'static str> {
    Some(match code {
        70011 | 500_011 => "`source.url` has to be the Graph host of the tenant's own cloud; see `source.cloud`",
        700_016 => "`source.client_id` is not an app registration of this tenant",
        90002 => "`source.tenant_id` names no tenant",
        7_000_215 => "`source.client_secret` is wrong; it is the secret's value, not its id",
        7_000_222 => "`source.client_secret` has expired; make a new one",
        7_000_218 => "the app registration needs a secret or a certificate; this is a fault of exotrace",
        7_000_112 => "the app registration is disabled",
        700_027 => "upload the certificate of `source.certificate_file` to the app registration",
        700_024 => "the clock of this machine is wrong",
        50012 => "the key does not belong to the certificate that the app registration has",
        700_229 | 700_210..=700_219 => {
            "the app registration needs a federated credential with the issuer, subject and audience of the token in \
             `source.federated_token_file`"
        }
        90038 | 900_382 => "the tenant is in another cloud; see `source.cloud`",
        90055 => "the tenant has too many sign-ins; this passes",
        90024 | 90033 | 90090 => "this passes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::{sources::microsoft::clock::Seen, support::clock::Clock};

    fn refusal(asked: Asked, status: u16, body: &str) -> TokenError {
        let status = status.try_into().unwrap();
        let headers = HeaderMap::new();
        let seen = Seen::new(Clock::system().read(), &headers);
        refused(asked, &ServiceAnswer { status, headers, body: body.as_bytes().to_vec(), seen })
    }

    #[test]
    fn codes_of_the_sign_in_service_become_hints() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace ID: x","error_codes":[7000215]}"#;
        let error = refusal(Asked::SignIn, 401, body);
        assert_eq!(
            error.to_string(),
            "sign-in service answered 401 Unauthorized: invalid_client: AADSTS7000215: Invalid client secret.\n\
             hint: `source.client_secret` is wrong; it is the secret's value, not its id"
        );
        assert!(!error.is_transient());
    }

    #[test]
    fn the_correlation_id_is_kept_however_long_the_rest_is() {
        let id = "0f5c2d1e-3b7a-4c09-9e64-d2a1b0c7f813";
        let long = "x".repeat(400);
        for body in [
            format!(r#"{{"error_description":"AADSTS1: {long} Trace ID: t Correlation ID: {id} Timestamp: 2026"}}"#),
            format!(
                r#"{{"error_description":"AADSTS1: {long}\r\nTrace ID: t\r\nCorrelation ID: {id}\r\nTimestamp: 2026"}}"#
            ),
            format!(r#"{{"error_description":"AADSTS1: {long}","correlation_id":"{id}"}}"#),
        ] {
            let text = refusal(Asked::SignIn, 400, &body).to_string();
            assert!(text.ends_with(&format!("x…, correlation id {id}")), "{text}");
        }
    }

    #[test]
    fn every_code_that_is_known_has_a_hint() {
        let codes = [
            70011, 700_016, 90002, 7_000_215, 7_000_222, 7_000_218, 7_000_112, 700_027, 700_024, 50012, 700_229,
            700_211, 700_212, 700_213, 500_011, 90038, 900_382, 90055, 90024, 90033, 90090,
        ];
        for code in codes {
            let text = refusal(Asked::SignIn, 400, &format!(r#"{{"error_codes":[{code}]}}"#)).to_string();
            assert!(text.contains("\nhint: "), "{code}: {text}");
        }
        assert!(!refusal(Asked::SignIn, 400, r#"{"error_codes":[1]}"#).to_string().contains("hint"));
    }

    #[test]
    fn refusals_are_read_leniently() {
        let body = r#"{"error":{},"error_description":"AADSTS90002: Tenant not found.","error_codes":null}"#;
        let text = refusal(Asked::SignIn, 400, body).to_string();
        assert!(text.ends_with(": AADSTS90002: Tenant not found.\nhint: `source.tenant_id` names no tenant"), "{text}");
    }

    #[test]
    fn passing_troubles_are_worth_another_attempt() {
        let body = r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#;
        assert!(refusal(Asked::SignIn, 400, body).is_transient());
        assert!(refusal(Asked::SignIn, 503, "<html>").is_transient());
        assert!(!refusal(Asked::SignIn, 404, "").is_transient());
    }

    #[test]
    fn the_metadata_service_is_asked_again_as_it_wants() {
        let transient: Vec<_> =
            (400..600).filter(|status| refusal(Asked::Machine, *status, "").is_transient()).collect();
        assert_eq!(transient, [404, 408, 410, 429, 500, 502, 503, 504]);
        assert_eq!(refusal(Asked::Machine, 410, "").retry_after(), Some(UPDATE_PAUSE));
        assert_eq!(refusal(Asked::Machine, 404, "").retry_after(), None);
        let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
        let text = refusal(Asked::Machine, 400, body).to_string();
        assert!(text.contains("Identity not found\nhint: the machine needs the identity"), "{text}");
    }
}
