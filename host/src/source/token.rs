//! Signs in: OAuth2 client credentials (ms-api.md, section 3).

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use http::StatusCode;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::{self, AnswerError, Malformed},
    clock::ServiceClock,
};
use crate::{
    config::{Credential, ServiceConfig},
    retry,
    secret::Secret,
};

/// A token is not used any more so long before it ends, unless half of its life is shorter.
const REFRESH_AHEAD: Duration = Duration::from_secs(5 * 60);

/// The longest that a token is used: the longest life that the service gives one is 28 hours.
const LONGEST_LIFE: Duration = Duration::from_secs(28 * 60 * 60);

/// The longest part of the service's words that is shown, in characters.
const SHOWN_CHARACTERS: usize = 300;

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The sign-in service could not be reached, or did not answer in time.
    #[error("could not reach the sign-in service")]
    Unreachable(#[source] reqwest::Error),
    /// The answer broke off.
    #[error("could not read the answer of the sign-in service")]
    Answer(#[source] AnswerError),
    /// The sign-in service refused.
    #[error("sign-in service answered {status}{explanation}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it said, for people.
        explanation: String,
        /// Whether its own code says that it is a passing trouble.
        is_passing: bool,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The answer has no token.
    #[error("answer of the sign-in service has no access token")]
    Malformed(#[source] Malformed),
}

impl TokenError {
    /// Whether asking again later may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Answer(AnswerError::Broken(_)) => true,
            Self::Refused { status, is_passing, .. } => *is_passing || retry::is_transient(*status),
            Self::Answer(AnswerError::TooLong) | Self::Malformed(_) => false,
        }
    }

    /// When the service wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Keeps the access token of one app registration.
pub(super) struct Tokens {
    endpoint: String,
    credential: Credential,
    scope: String,
    current: Option<(Secret, Instant)>,
    ends: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

impl Tokens {
    pub(super) fn new(config: &ServiceConfig) -> Self {
        let login = config.login_url.as_str().trim_end_matches('/');
        Self {
            endpoint: format!("{login}/{}/oauth2/v2.0/token", config.tenant_id),
            credential: config.credential.clone(),
            scope: config.scope(),
            current: None,
            ends: None,
        }
    }

    /// The current token, or a new one.
    pub(super) async fn get(&mut self, client: &Client, clock: &mut ServiceClock) -> Result<Secret, TokenError> {
        if let Some((token, until)) = &self.current
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let asked_at = Instant::now();
        let granted = self.request(client, clock).await?;
        self.ends =
            Utc::now().checked_add_signed(chrono::Duration::seconds(granted.expires_in.min(1 << 31).cast_signed()));
        let token = Secret::new(granted.access_token);
        self.current = Some((token.clone(), asked_at + usable(Duration::from_secs(granted.expires_in))));
        Ok(token)
    }

    /// Forgets the current token, which the service did not take.
    pub(super) fn invalidate(&mut self) {
        self.current = None;
    }

    /// When the current token ends.
    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        self.ends
    }

    async fn request(&self, client: &Client, clock: &mut ServiceClock) -> Result<Granted, TokenError> {
        let Credential::Secret { client_id, secret } = &self.credential else {
            unimplemented!("the other ways to sign in")
        };
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret.expose()),
            ("scope", &self.scope),
        ];
        let sent = client.post(&self.endpoint).form(&form).send().await;
        let answer = sent.map_err(|error| TokenError::Unreachable(error.without_url()))?;
        clock.observe(&answer);
        let status = answer.status();
        let retry_after = client::retry_after(&answer);
        let body = client::read(answer).await.map_err(TokenError::Answer)?;
        if !status.is_success() {
            return Err(refused(status, retry_after, &body));
        }
        serde_json::from_slice(&body).map_err(|error| TokenError::Malformed(error.into()))
    }
}

/// How long a token with this life is used.
fn usable(life: Duration) -> Duration {
    // What the service says is added to a clock, which has an end.
    let life = life.min(LONGEST_LIFE);
    life.saturating_sub(REFRESH_AHEAD).max(life / 2)
}

fn refused(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> TokenError {
    let refusal: Value = serde_json::from_slice(body).unwrap_or_default();
    let description = refusal["error_description"].as_str().unwrap_or_default();
    let mut explanation = String::new();
    // The first line of the description is for people; identifiers and the time of the request follow.
    for part in [refusal["error"].as_str(), description.lines().next()].into_iter().flatten() {
        explanation.push_str(": ");
        explanation.extend(part.chars().take(SHOWN_CHARACTERS));
    }
    let code = code(&refusal["error_codes"], description);
    if let Some(hint) = code.and_then(hint) {
        explanation.push_str("\nhint: ");
        explanation.push_str(hint);
    }
    let is_passing = matches!(code, Some(90055 | 90024 | 90033 | 90090));
    TokenError::Refused { status, explanation, is_passing, retry_after }
}

/// The first of the service's own codes: from their list, else from the beginning of the description.
fn code(list: &Value, description: &str) -> Option<u64> {
    let from_list = list.get(0).and_then(Value::as_u64);
    from_list.or_else(|| description.strip_prefix("AADSTS")?.split(':').next()?.parse().ok())
}

/// What to do about a code of the sign-in service (ms-api.md, section 3.2).
fn hint(code: u64) -> Option<&'static str> {
    Some(match code {
        70011 | 500_011 => "`source.url` has to be the Graph host of the tenant's own cloud",
        700_016 => "`source.client_id` is not an app registration of this tenant",
        90002 => "`source.tenant_id` names no tenant",
        7_000_215 => "`source.client_secret` is wrong; it is the secret's value, not its id",
        7_000_222 => "`source.client_secret` has expired; make a new one",
        7_000_112 => "the app registration is disabled",
        90038 | 900_382 => "the tenant is in another cloud; see `source.login_url`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_sign_in_service_become_hints() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace ID: x","error_codes":[7000215]}"#;
        let error = refused(StatusCode::UNAUTHORIZED, None, body);
        assert_eq!(
            error.to_string(),
            "sign-in service answered 401 Unauthorized: invalid_client: AADSTS7000215: Invalid client secret.\n\
             hint: `source.client_secret` is wrong; it is the secret's value, not its id"
        );
        assert!(!error.is_transient());
    }

    #[test]
    fn refusals_are_read_leniently() {
        let body = br#"{"error":{},"error_description":"AADSTS90002: Tenant not found.","error_codes":null}"#;
        let text = refused(StatusCode::BAD_REQUEST, None, body).to_string();
        assert!(text.ends_with(": AADSTS90002: Tenant not found.\nhint: `source.tenant_id` names no tenant"), "{text}");
    }

    #[test]
    fn a_token_is_replaced_ahead_of_its_end() {
        let seconds = |life| usable(Duration::from_secs(life)).as_secs();
        assert_eq!([3600, 400, 0].map(seconds), [3300, 200, 0]);
        assert_eq!(seconds(u64::MAX), 28 * 3600 - 300);
    }

    #[test]
    fn passing_troubles_are_worth_another_attempt() {
        let body = br#"{"error":"temporarily_unavailable","error_codes":[90033]}"#;
        assert!(refused(StatusCode::BAD_REQUEST, None, body).is_transient());
        assert!(refused(StatusCode::SERVICE_UNAVAILABLE, None, b"<html>").is_transient());
    }
}
