//! What the simulated tenant is like.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{Faults, faults::Fault, guid};

/// What the simulated tenant is like. Equal settings give equal mail.
#[derive(Clone)]
pub struct TenantConfig {
    /// Where the random choices begin.
    pub seed: u64,
    /// How many rows there are at the start; a message has one for each recipient.
    pub rows: usize,
    /// How many rows come in each hour from then on.
    pub rows_per_hour: u32,
    /// How long they come in.
    pub horizon: chrono::Duration,
    /// The time when the tenant is made. It moves on with real time from there.
    pub now: DateTime<Utc>,
    /// How far back mail goes: all that is there at the start lies in `[now - span, now]`.
    pub span: chrono::Duration,
    /// How many people the tenant has; two domains elsewhere write to five of them. Few are busy, most are seldom heard
    /// of (Zipf). `None` is a handful of each, which is enough for tests.
    pub people: Option<u32>,
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
    /// The application's registered certificate as DER: it may sign in with that, too.
    pub certificate: Option<Vec<u8>>,
    /// The token of another issuer with which the application may sign in.
    pub federated_token: Option<String>,
    /// What the header `X-IDENTITY-HEADER` must be for a managed identity of App Service.
    pub identity_header: String,
    /// How the services misbehave.
    pub faults: Faults,
    /// The host that the fault `foreign-link` names.
    pub foreign_host: String,
    /// How many rows are made at once, those of a tie apart. The mail depends on it.
    pub block_rows: usize,
}

/// How many rows are made at once when there is one tenant.
pub(crate) const BLOCK_ROWS: usize = 4096;

/// The same for each of many, of which some blocks are remembered: 300 tenants take 400 MB at most.
const BLOCK_ROWS_OF_MANY: usize = 256;

impl TenantConfig {
    /// Returns the same for one of many tenants, counted from 1: with a tenant id, a domain, an application with its
    /// secret, people and mail of its own, and with the limit that the real service has unless it has another one.
    pub fn of_many(&self, number: u32) -> Self {
        // Streams 0 to 3 are those of mail and tokens of a single tenant.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::MAX - u64::from(number));
        Self {
            seed: rng.random(),
            domain: format!("tenant-{number:03}.example"),
            tenant_id: guid::random(&mut rng),
            client_id: guid::random(&mut rng),
            client_secret: format!("simulated-secret-{number:03}"),
            faults: self.faults.clone().with_usual_limit(),
            block_rows: BLOCK_ROWS_OF_MANY,
            ..self.clone()
        }
    }

    /// How many rows the tenant has in the end.
    pub fn all_rows(&self) -> usize {
        self.rows.saturating_add(self.later_rows())
    }

    /// How many rows come in after the start.
    pub(crate) fn later_rows(&self) -> usize {
        let hours = self.horizon.num_milliseconds().max(0) as f64 / 3_600_000.0;
        (f64::from(self.rows_per_hour) * hours) as usize
    }

    /// Returns the tenant's time when it is made, by its own clock.
    pub(crate) fn start(&self) -> DateTime<Utc> {
        self.now + self.faults.duration(Fault::ClockSkew).unwrap_or_default()
    }
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            rows: 200,
            rows_per_hour: 0,
            horizon: chrono::Duration::hours(48),
            now: DateTime::from(SystemTime::now()),
            span: chrono::Duration::hours(1),
            people: None,
            domain: "contoso.com".to_owned(),
            tenant_id: "8f5c2d1e-3b7a-4c09-9e64-d2a1b0c7f813".to_owned(),
            client_id: "c0ffee42-6d15-4e8b-a3f7-51e09b2d7c66".to_owned(),
            client_secret: "simulated-secret".to_owned(),
            // Entra's usual answer for an hour.
            token_lifetime: Duration::from_secs(3599),
            certificate: None,
            federated_token: None,
            identity_header: "simulated-header".to_owned(),
            faults: Faults::default(),
            foreign_host: "foreign.invalid".to_owned(),
            block_rows: BLOCK_ROWS,
        }
    }
}

impl fmt::Debug for TenantConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TenantConfig")
            .field("seed", &self.seed)
            .field("rows", &self.rows)
            .field("rows_per_hour", &self.rows_per_hour)
            .field("horizon", &self.horizon)
            .field("now", &self.now)
            .field("span", &self.span)
            .field("people", &self.people)
            .field("domain", &self.domain)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("client_secret", &format_args!("****"))
            .field("token_lifetime", &self.token_lifetime)
            .field("certificate_bytes", &self.certificate.as_ref().map(Vec::len))
            .field("federated_token", &self.federated_token.as_ref().map(|_| format_args!("****")))
            .field("identity_header", &format_args!("****"))
            .field("faults", &self.faults)
            .field("foreign_host", &self.foreign_host)
            .field("block_rows", &self.block_rows)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_in_the_debug_output() {
        let config =
            TenantConfig { federated_token: Some("simulated-federated".to_owned()), ..TenantConfig::default() };
        let text = format!("{config:?}");
        assert!(text.contains("client_secret: ****"), "{text}");
        assert!(text.contains("federated_token: Some(****)"), "{text}");
        assert!(!text.contains("simulated"), "{text}");
    }
}
