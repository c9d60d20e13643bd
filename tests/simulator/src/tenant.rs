//! The tenant itself: its mail, its clock, and what it remembers between requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Row, TenantConfig, answer::Stats, guid, mail};

/// A simulated tenant with all its mail.
pub struct Tenant {
    config: TenantConfig,
    rows: Vec<Row>,
    started: Instant,
    memory: Mutex<Memory>,
}

/// Whether an access token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenState {
    /// Issued here, and its time is not over.
    Valid,
    /// Issued here, but its time is over.
    Expired,
    /// Not issued here.
    Unknown,
}

/// What changes from request to request.
struct Memory {
    rng: ChaCha8Rng,
    token_expiries: HashMap<String, DateTime<Utc>>,
    stats: Stats,
}

impl Tenant {
    /// Makes the tenant and its mail; the tenant's clock starts.
    pub fn new(config: TenantConfig) -> Self {
        let rows = mail::generate(&config);
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        // Stream 0 made the mail; ids and tokens must not repeat its numbers.
        rng.set_stream(1);
        Self {
            config,
            rows,
            started: Instant::now(),
            memory: Mutex::new(Memory { rng, token_expiries: HashMap::new(), stats: Stats::default() }),
        }
    }

    /// Returns all rows, newest first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn config(&self) -> &TenantConfig {
        &self.config
    }

    /// Returns the tenant's time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let elapsed = Duration::from_std(self.started.elapsed()).unwrap_or(Duration::MAX);
        self.config.now + elapsed
    }

    /// Issues an access token that is good for the configured time.
    pub(crate) fn issue_token(&self) -> String {
        let lifetime = Duration::from_std(self.config.token_lifetime).unwrap_or(Duration::MAX);
        let expiry = self.now().checked_add_signed(lifetime);
        let mut memory = self.memory();
        let token = URL_SAFE_NO_PAD.encode(memory.rng.random::<[u8; 32]>());
        memory.token_expiries.insert(token.clone(), expiry.unwrap_or(DateTime::<Utc>::MAX_UTC));
        token
    }

    pub(crate) fn token_state(&self, token: &str) -> TokenState {
        match self.memory().token_expiries.get(token) {
            Some(expiry) if *expiry > self.now() => TokenState::Valid,
            Some(_) => TokenState::Expired,
            None => TokenState::Unknown,
        }
    }

    /// Returns an id for a request, as error bodies show.
    pub(crate) fn request_id(&self) -> String {
        guid::random(&mut self.memory().rng)
    }

    /// Returns what was asked so far.
    pub(crate) fn stats(&self) -> Stats {
        self.memory().stats.clone()
    }

    pub(crate) fn count(&self, update: impl FnOnce(&mut Stats)) {
        update(&mut self.memory().stats);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Every change is complete at once, so a panic elsewhere leaves nothing half done.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_on_from_the_configured_time() {
        let now = DateTime::UNIX_EPOCH;
        let tenant = Tenant::new(TenantConfig { now, ..TenantConfig::default() });
        let first = tenant.now();
        assert!(first >= now);
        assert!(tenant.now() > first);
    }

    #[test]
    fn a_token_is_valid_until_it_expires() {
        let tenant = Tenant::new(TenantConfig::default());
        let token = tenant.issue_token();
        assert_eq!(tenant.token_state(&token), TokenState::Valid);
        assert_eq!(tenant.token_state("made-up"), TokenState::Unknown);

        let forgetful =
            Tenant::new(TenantConfig { token_lifetime: std::time::Duration::ZERO, ..TenantConfig::default() });
        let token = forgetful.issue_token();
        assert_eq!(forgetful.token_state(&token), TokenState::Expired);
    }
}
