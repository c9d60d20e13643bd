//! Tokens for `OAUTHBEARER`: from a file that something else renews, or from an identity provider.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rdkafka::client::OAuthToken;
use reqwest::Client;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::{error::KafkaClientError, sasl::Sasl, secrets::read};
use crate::support::{
    error_text::chain,
    http_client::{self, HttpClientSettings, is_loopback},
    http_response::without_mark,
    secret::Secret,
};

/// The longest that an identity provider may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest answer of an identity provider that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// How long a token without an end of its own is used.
const UNKNOWN_LIFE: Duration = Duration::from_secs(5 * 60);

/// Who signs in, where the token does not say it: brokers look into the token.
const UNKNOWN_PRINCIPAL: &str = "exotrace";

/// Gives tokens.
pub(crate) struct TokenProvider {
    sasl: Sasl,
    /// None where nobody is asked.
    client: Option<Client>,
    /// Where waiting for an answer goes on: the thread of librdkafka that asks for a token has no runtime.
    runtime: Handle,
}

#[derive(Deserialize)]
struct GrantedToken {
    access_token: String,
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct TokenClaims {
    sub: Option<String>,
    exp: Option<f64>,
}

impl fmt::Debug for TokenProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenProvider").field("sasl", &self.sasl).finish_non_exhaustive()
    }
}

impl TokenProvider {
    /// Gets ready to give tokens; asks for none yet.
    pub(super) fn new(sasl: &Sasl) -> Result<Arc<Self>, KafkaClientError> {
        if let Some(secret) = sasl.secret() {
            read(secret)?;
        }
        let client = match sasl {
            Sasl::ClientCredentials { url, .. } => {
                let settings = HttpClientSettings {
                    timeout: TIMEOUT,
                    is_on_machine: is_loopback(url),
                    ..HttpClientSettings::default()
                };
                let made = http_client::client(&settings);
                Some(made.map_err(|_| KafkaClientError::Setup("this machine cannot do HTTP".to_owned()))?)
            }
            _ => None,
        };
        let runtime = Handle::try_current().map_err(|error| KafkaClientError::Setup(error.to_string()))?;
        Ok(Arc::new(Self { sasl: sasl.clone(), client, runtime }))
    }

    /// A token, for the thread of the client; blocks.
    ///
    /// # Errors
    ///
    /// When there is none; the text has nothing secret in it.
    pub(crate) fn token(&self) -> Result<OAuthToken, Box<dyn Error>> {
        let (token, life) = match &self.sasl {
            Sasl::ClientCredentials { .. } => self.runtime.block_on(self.granted())?,
            Sasl::Token(source) => (read(source)?, None),
            Sasl::Password { .. } => return Err("a password is no token".into()),
        };
        let claims = claims(token.expose());
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let own_end =
            claims.as_ref().and_then(|claims| claims.exp).and_then(|end| Duration::try_from_secs_f64(end).ok());
        let end = life.map(|life| now + life).or(own_end).unwrap_or(now + UNKNOWN_LIFE);
        Ok(OAuthToken {
            token: token.expose().to_owned(),
            principal_name: claims.and_then(|claims| claims.sub).unwrap_or_else(|| UNKNOWN_PRINCIPAL.to_owned()),
            lifetime_ms: i64::try_from(end.as_millis())?,
        })
    }

    /// A token for client credentials, and how long it lives.
    async fn granted(&self) -> Result<(Secret, Option<Duration>), Box<dyn Error>> {
        let (Sasl::ClientCredentials { url, client_id, secret, scope }, Some(client)) = (&self.sasl, &self.client)
        else {
            return Err("nobody gives tokens".into());
        };
        let secret = read(secret)?;
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id.as_str()),
            ("client_secret", secret.expose()),
        ];
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let host = url.host_str().unwrap_or_default();
        let told = |error: reqwest::Error| format!("no token from `{host}`: {}", chain(&error.without_url()));
        let mut answer = client.post(url.clone()).form(&form).send().await.map_err(told)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(format!("no token from `{host}`: its answer is too long").into());
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(format!("no token from `{host}`: it answered {status}").into());
        }
        let granted: GrantedToken = serde_json::from_slice(without_mark(&body))
            .map_err(|_| format!("no token from `{host}`: its answer is none of OAuth"))?;
        Ok((Secret::new(granted.access_token), granted.expires_in.map(Duration::from_secs)))
    }
}

/// What a token says of itself, if it is a JWT.
fn claims(token: &str) -> Option<TokenClaims> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is_and_until_when() {
        let token = format!("{}.{}.", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(r#"{"sub":"me","exp":7}"#));
        let claims = claims(&token).unwrap();
        assert_eq!((claims.sub.as_deref(), claims.exp), (Some("me"), Some(7.0)));
        assert!(super::claims("opaque").is_none());
    }
}
