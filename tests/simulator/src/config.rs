//! What the simulated tenant is like.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};

/// What the simulated tenant is like. Equal settings give equal mail.
#[derive(Clone)]
pub struct TenantConfig {
    /// Where the random choices begin.
    pub seed: u64,
    /// How many rows there are; a message has one for each recipient.
    pub rows: usize,
    /// The tenant's time when it is made. It moves on with real time from there.
    pub now: DateTime<Utc>,
    /// How far back mail goes: all of it lies in `[now - span, now]`.
    pub span: chrono::Duration,
    /// The main mail domain. The other one is its first label under `onmicrosoft.com`.
    pub domain: String,
    /// The directory's GUID. The sign-in service takes the main domain in its place, too.
    pub tenant_id: String,
    /// The application that may sign in.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// How long an access token is good for.
    pub token_lifetime: Duration,
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            rows: 200,
            now: DateTime::from(SystemTime::now()),
            span: chrono::Duration::hours(1),
            domain: "contoso.com".to_owned(),
            tenant_id: "8f5c2d1e-3b7a-4c09-9e64-d2a1b0c7f813".to_owned(),
            client_id: "c0ffee42-6d15-4e8b-a3f7-51e09b2d7c66".to_owned(),
            client_secret: "simulated-secret".to_owned(),
            // Entra's usual answer for an hour.
            token_lifetime: Duration::from_secs(3599),
        }
    }
}

impl fmt::Debug for TenantConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TenantConfig")
            .field("seed", &self.seed)
            .field("rows", &self.rows)
            .field("now", &self.now)
            .field("span", &self.span)
            .field("domain", &self.domain)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("client_secret", &format_args!("****"))
            .field("token_lifetime", &self.token_lifetime)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_secret_is_not_in_the_debug_output() {
        let text = format!("{:?}", TenantConfig::default());
        assert!(text.contains("client_secret: ****"), "{text}");
        assert!(!text.contains("simulated-secret"), "{text}");
    }
}
