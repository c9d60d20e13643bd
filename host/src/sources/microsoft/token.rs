//! Signs in: OAuth2 client credentials and managed identities (host/docs/facts/ms-api.md, section 3).

use std::{path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use reqwest::RequestBuilder;
use serde::{Deserialize, de::Error as _};
use tokio::task::spawn_blocking;
use tracing::warn;
use url::Url;

use super::{
    client::{Http, PageLimits, host},
    clock::{Seen, ServiceClock},
    exchange::{ExchangeError, HttpError},
};
use crate::{
    sources::microsoft::{Credential, IdentityEndpoint, ServiceConfig},
    support::{
        clock::{Clock, signed},
        error_text::chain,
        http_response::without_mark,
        secret::Secret,
        secret_file,
        secret_source::SecretSource,
    },
};

mod assertion;
mod certificate;
mod error;

use certificate::Certificate;
pub(crate) use error::{Asked, TokenError};

/// A token is replaced so long before it ends, unless half of its life is shorter.
const REFRESH_AHEAD: Duration = Duration::from_secs(5 * 60);

/// The longest that a token is used: the longest life that the service gives one is 28 hours.
const LONGEST_LIFE: Duration = Duration::from_secs(28 * 60 * 60);

/// A request with a token takes its time: it is not sent with one that ends before.
const LAST_USE: Duration = Duration::from_secs(10);

/// When a token could not be replaced ahead of its end, that is tried again so much later (host/docs/facts/ms-api.md,
/// section 3.6).
const REFRESH_AGAIN: Duration = Duration::from_secs(30);

/// Keeps the access token of one app registration or identity.
pub(super) struct Tokens {
    http: Http,
    asked: Asked,
    /// Where tokens are given.
    endpoint: Url,
    credential: Credential,
    scope: String,
    current: Option<Current>,
    ends: Option<DateTime<Utc>>,
    /// The last answer of the sign-in service, also one that refused: assertions are dated by its clock.
    heard: Option<Seen>,
}

/// A token, and how long it is used.
struct Current {
    token: Secret,
    /// By the steady clock: from then on there should be a new one.
    renew_at: Duration,
    /// From then on it is of no use.
    ends_at: Duration,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<Seconds>,
    expires_on: Option<Seconds>,
}

/// A number of seconds: managed identities write it as a text, and others with a fraction.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    /// Whole seconds; none when it is not a number, or a negative one.
    fn get(&self) -> Option<u64> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        // As many as fit, which is far more than any token lives.
        (seconds >= 0.0).then_some(seconds as u64)
    }
}

impl Granted {
    /// The token, and how long it lives.
    fn parse(body: &[u8], now: DateTime<Utc>) -> Result<(Secret, Duration), serde_json::Error> {
        let granted: Self = serde_json::from_slice(without_mark(body))?;
        if granted.access_token.is_empty() {
            return Err(serde_json::Error::custom("the token is empty"));
        }
        let expires_in = granted.expires_in.as_ref().and_then(Seconds::get);
        let until = granted.expires_on.as_ref().and_then(Seconds::get);
        let from_now = until.map(|until| until.saturating_sub(now.timestamp().max(0).cast_unsigned()));
        match expires_in.or(from_now) {
            Some(seconds) => Ok((Secret::new(granted.access_token), Duration::from_secs(seconds))),
            None => Err(serde_json::Error::custom("the token has no end")),
        }
    }
}

impl Tokens {
    /// Sees that the files for signing in can be used; nothing is sent yet.
    pub(super) fn new(config: &ServiceConfig) -> Result<Self, NewTokensError> {
        let (http, asked, endpoint) = match &config.credential {
            Credential::ManagedIdentity { endpoint: IdentityEndpoint::Machine(host), .. } => {
                let mut url = host.clone();
                url.set_path("metadata/identity/oauth2/token");
                (Http::on_machine(config)?, Asked::Machine, url)
            }
            Credential::ManagedIdentity { endpoint: IdentityEndpoint::AppService { url, .. }, .. } => {
                (Http::on_machine(config)?, Asked::AppService, url.clone())
            }
            _ => {
                let mut url = config.login_url.clone();
                let base = config.login_url.path().trim_end_matches('/');
                url.set_path(&format!("{base}/{}/oauth2/v2.0/token", config.tenant_id));
                (Http::new(config, &config.login_url)?, Asked::SignIn, url)
            }
        };
        check_files(&config.credential)?;
        let (credential, scope) = (config.credential.clone(), config.scope());
        Ok(Self { http, asked, endpoint, credential, scope, current: None, ends: None, heard: None })
    }

    /// Tells the time by another clock.
    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.http.set_clock(clock);
    }

    /// The current token, or a new one.
    pub(super) async fn get(&mut self, clock: &mut ServiceClock) -> Result<Secret, TokenError> {
        let steady = || clock.ours().steady();
        if let Some(current) = &self.current
            && steady() < current.renew_at
        {
            return Ok(current.token.clone());
        }
        let ours = clock.ours().clone();
        let renewed = self.renew(clock).await;
        match (renewed, &mut self.current) {
            (Err(error), Some(current)) if ours.steady() < current.ends_at => {
                warn!(error = chain(&error), "could not replace the access token yet; it is still good");
                current.renew_at = ours.steady() + REFRESH_AGAIN;
                Ok(current.token.clone())
            }
            (renewed, _) => renewed,
        }
    }

    /// Forgets the current token, which the service did not take.
    pub(super) fn invalidate(&mut self) {
        self.current = None;
    }

    /// The files that are read for every sign-in.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.credential.files()
    }

    /// When the current token ends.
    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        self.ends
    }

    /// The roles in the current token, if it is a JWT that can be read.
    pub(super) fn roles(&self) -> Option<Vec<String>> {
        roles(self.current.as_ref()?.token.expose())
    }

    async fn renew(&mut self, clock: &mut ServiceClock) -> Result<Secret, TokenError> {
        let asked_at = clock.ours().steady();
        let request = self.request(self.time_of_assertions(clock)).await?;
        let answer = self.http.exchange(request, PageLimits::TOKEN).await.map_err(|error| match error {
            ExchangeError::Unreachable(error) | ExchangeError::Request(error) => {
                TokenError::Unreachable { asked: self.asked, host: host(&self.endpoint), source: error }
            }
            ExchangeError::Answer(error) => TokenError::Answer(self.asked, error),
        })?;
        self.heard = Some(answer.seen);
        if !answer.status.is_success() {
            return Err(error::refused(self.asked, &answer));
        }
        let now = clock.ours().wall();
        let granted = Granted::parse(&answer.body, now);
        let (token, life) = granted.map_err(|error| TokenError::Malformed(self.asked, error.into()))?;
        if self.asked == Asked::SignIn {
            // The clock of a machine or of App Service says nothing about that of the service.
            clock.observe(answer.seen);
        }
        // What the service says is added to a clock, which has an end.
        let life = life.min(LONGEST_LIFE);
        self.ends = Some(now + signed(life));
        self.current = Some(Current {
            token: token.clone(),
            renew_at: asked_at + usable(life),
            ends_at: asked_at + life.saturating_sub(LAST_USE),
        });
        Ok(token)
    }

    /// The time by the clock of the sign-in service, which says when an assertion is good. A refusal tells it as well:
    /// it may be for the time.
    fn time_of_assertions(&self, clock: &ServiceClock) -> DateTime<Utc> {
        let heard = self.heard.and_then(|seen| Some((seen.date?, seen.at)));
        let passed = |at: Duration| signed(clock.ours().steady().saturating_sub(at));
        heard.map_or_else(|| clock.now(), |(date, at)| date.checked_add_signed(passed(at.steady)).unwrap_or(date))
    }

    /// The request for a token. Files are read for every one: others replace what is in them.
    async fn request(&self, now: DateTime<Utc>) -> Result<RequestBuilder, TokenError> {
        Ok(match &self.credential {
            Credential::Secret { client_id, secret } => {
                let source = secret.clone();
                let secret = spawn_blocking(move || read_secret(source)).await??;
                self.form(client_id, &[("client_secret", secret.expose())])
            }
            Credential::Certificate { client_id, certificate_file, private_key_file, password } => {
                let (certificate, key) = (certificate_file.clone(), private_key_file.clone());
                let (password, client_id, endpoint) =
                    (password.clone(), client_id.clone(), self.endpoint.as_str().to_owned());
                let assertion = spawn_blocking(move || {
                    let certificate = Certificate::read(&certificate, key.as_deref(), password.as_ref(), now)?;
                    assertion::sign(&certificate, &client_id, &endpoint, now).ok_or(TokenError::Sign)
                });
                self.assertion(&assertion.await??)
            }
            Credential::FederatedToken { token_file, .. } => {
                let path = token_file.clone();
                self.assertion(&spawn_blocking(move || federated(path)).await??)
            }
            Credential::ManagedIdentity { client_id, endpoint } => {
                let mut url = self.endpoint.clone();
                let version = if self.asked == Asked::Machine { "2018-02-01" } else { "2019-08-01" };
                // Not a scope.
                let resource = self.scope.trim_end_matches(".default");
                url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", resource);
                if let Some(client_id) = client_id {
                    url.query_pairs_mut().append_pair("client_id", client_id);
                }
                match endpoint {
                    IdentityEndpoint::Machine(_) => self.http.get(url).header("Metadata", "true"),
                    IdentityEndpoint::AppService { header, .. } => {
                        self.http.get(url).header("X-IDENTITY-HEADER", header.expose())
                    }
                }
            }
        })
    }

    fn assertion(&self, assertion: &Secret) -> RequestBuilder {
        let client_id = self.credential.client_id().unwrap_or_default();
        let kind = ("client_assertion_type", assertion::JWT_BEARER);
        self.form(client_id, &[kind, ("client_assertion", assertion.expose())])
    }

    fn form(&self, client_id: &str, proof: &[(&str, &str)]) -> RequestBuilder {
        let mut form = vec![("grant_type", "client_credentials"), ("client_id", client_id), ("scope", &self.scope)];
        form.extend(proof);
        self.http.post(self.endpoint.as_str()).form(&form)
    }
}

/// Why nobody can sign in with these settings.
#[derive(Debug, thiserror::Error)]
pub(super) enum NewTokensError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Sees that the files can be used that are read for every sign-in.
fn check_files(credential: &Credential) -> Result<(), TokenError> {
    match credential {
        Credential::Certificate { certificate_file, private_key_file, password, .. } => {
            Certificate::read(certificate_file, private_key_file.as_deref(), password.as_ref(), Utc::now())?;
        }
        Credential::FederatedToken { token_file, .. } => drop(federated(token_file.clone())?),
        Credential::Secret { .. } | Credential::ManagedIdentity { .. } => {}
    }
    Ok(())
}

/// A client secret as it is now.
fn read_secret(source: SecretSource) -> Result<Secret, TokenError> {
    match source {
        SecretSource::Text(secret) => Ok(secret),
        SecretSource::File(path) => match secret_file::read(&path) {
            Ok(secret) => Ok(secret),
            Err(error) => Err(TokenError::SecretFile { path, source: error.into() }),
        },
    }
}

fn federated(path: PathBuf) -> Result<Secret, TokenError> {
    assertion::federated(&path).map_err(|source| TokenError::FederatedToken { path, source })
}

fn roles(token: &str) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        roles: Vec<String>,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok().map(|Claims { roles }| roles)
}

/// How long a token with this life is used before there should be a new one.
fn usable(life: Duration) -> Duration {
    life.saturating_sub(REFRESH_AHEAD).max(life / 2)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::settings::Config;

    #[test]
    fn a_token_is_replaced_ahead_of_its_end() {
        let seconds = |life| usable(Duration::from_secs(life)).as_secs();
        assert_eq!([3600, 400, 0].map(seconds), [3300, 200, 0]);
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_replaced_is_used_to_its_end() {
        let settings = r#"
            state_dir = "state"
            [[source]]
            type = "graph"
            tenant_id = "contoso.com"
            client_id = "id"
            client_secret = "simulated-secret"
            login_url = "http://127.0.0.1:9"
            [[output]]
            type = "stdout"
        "#;
        let config = Config::parse(settings, Path::new("exotrace.toml"), &|_| None).unwrap();
        let config = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
        let (mut tokens, mut clock) = (Tokens::new(config).unwrap(), ServiceClock::new(Clock::system()));
        let (now, hour) = (clock.ours().steady(), Duration::from_secs(3600));
        let token = Secret::new("old".to_owned());
        tokens.current = Some(Current { token: token.clone(), renew_at: now, ends_at: now + hour });
        assert_eq!(tokens.get(&mut clock).await.unwrap().expose(), "old");
        let renew_at = tokens.current.as_ref().map(|current| current.renew_at);
        assert!(renew_at > Some(now + REFRESH_AGAIN), "not at every request");
        tokens.current = Some(Current { token, renew_at: now, ends_at: now });
        assert!(matches!(tokens.get(&mut clock).await, Err(TokenError::Unreachable { asked: Asked::SignIn, .. })));
    }

    #[test]
    fn the_roles_of_a_token_are_read_if_that_is_possible() {
        let token = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(roles(&token(r#"{"roles":["A","B"]}"#)), Some(vec!["A".to_owned(), "B".to_owned()]));
        assert_eq!(roles(&token("{}")), Some(Vec::new()));
        assert_eq!([roles("opaque"), roles(&token("7")), roles("a.%.c")], [None, None, None]);
    }

    #[track_caller]
    fn check(body: &str, expected: Option<u64>) {
        let now = DateTime::from_timestamp(1000, 0).unwrap();
        let life = Granted::parse(body.as_bytes(), now).ok().map(|(_, life)| life.as_secs());
        assert_eq!(life, expected, "{body}");
    }

    #[test]
    fn lives_come_as_numbers_texts_and_times() {
        check(r#"{"access_token":"t","expires_in":3599}"#, Some(3599));
        check(r#"{"access_token":"t","expires_in":"3599","expires_on":"9"}"#, Some(3599));
        check(r#"{"access_token":"t","expires_on":"4600"}"#, Some(3600));
        check(r#"{"access_token":"t","expires_on":"5"}"#, Some(0));
        check(r#"{"access_token":"t","expires_in":3599.0}"#, Some(3599));
        check(r#"{"access_token":"t","expires_in":"3599.5"}"#, Some(3599));
        check(r#"{"access_token":"t","expires_in":18446744073709551615}"#, Some(u64::MAX));
        check(r#"{"access_token":"t","expires_in":-5}"#, None);
        check("\u{feff}{\"access_token\":\"t\",\"expires_in\":5}", Some(5));
        check(r#"{"access_token":"t","expires_in":"soon"}"#, None);
        check(r#"{"access_token":"t","expires_in":"nan"}"#, None);
        check(r#"{"access_token":"t"}"#, None);
        check(r#"{"access_token":"","expires_in":1}"#, None);
    }
}
