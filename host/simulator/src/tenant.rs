//! The tenant itself: its mail, its clock, and what it remembers between requests.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Semaphore;

use crate::{
    Faults, Row, TenantConfig,
    faults::{Fault, chance, throttle::RunningWindow},
    guid,
    mail::Mail,
    request_number::RequestNumber,
    stats::Stats,
    timeline::Timeline,
};

/// A simulated tenant with all its mail.
pub struct Tenant {
    config: TenantConfig,
    mail: Mail,
    timeline: Timeline,
    /// The tenant's time when it was made.
    start: DateTime<Utc>,
    started: Instant,
    /// What is switched on now.
    faults: Mutex<Arc<Faults>>,
    /// Every page request takes a permit with it.
    gate: Semaphore,
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
    /// How far the clock was moved on.
    advanced: Duration,
    rng: ChaCha8Rng,
    token_expiries: HashMap<String, DateTime<Utc>>,
    /// How many page requests there were.
    page_requests: u64,
    /// How many requests for a token by secret or assertion there were.
    token_requests: u64,
    /// How many answers there were.
    answers: u64,
    /// Whether the metadata service was asked before.
    machine_asked: bool,
    /// The requests that count for the limit.
    admitted: RunningWindow,
    /// The same for requests for details.
    admitted_details: RunningWindow,
    /// Where the link to a page was found.
    link_origins: HashMap<String, String>,
    stats: Stats,
}

impl Tenant {
    /// Makes the tenant and its mail; the tenant's clock starts.
    pub fn new(config: TenantConfig) -> Self {
        let mail = Mail::new(&config);
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        // Stream 0 made the mail; ids and tokens must not repeat its numbers.
        rng.set_stream(1);
        Self {
            mail,
            timeline: Timeline::new(&config),
            start: config.start(),
            faults: Mutex::new(Arc::new(config.faults.clone())),
            config,
            started: Instant::now(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            memory: Mutex::new(Memory {
                advanced: Duration::zero(),
                rng,
                token_expiries: HashMap::new(),
                page_requests: 0,
                token_requests: 0,
                answers: 0,
                machine_asked: false,
                admitted: RunningWindow::default(),
                admitted_details: RunningWindow::default(),
                link_origins: HashMap::new(),
                stats: Stats::default(),
            }),
        }
    }

    /// Returns all rows as they are in the end, newest first, even those that do not show yet.
    ///
    /// Of a large tenant that is more than fits into memory: this is for tests.
    pub fn rows(&self) -> Vec<Row> {
        self.mail.rows().collect()
    }

    /// Returns the rows that show now, as they are now, newest first.
    pub fn visible_rows(&self) -> Vec<Row> {
        let now = self.now();
        let rows = self.mail.until(now).flat_map(|block| block.to_vec());
        rows.filter_map(|row| self.timeline.state(&row, now).map(Cow::into_owned)).collect()
    }

    /// Returns every state in which a row has shown since the tenant was made, newest row first.
    ///
    /// The states of one row are in the order of time.
    pub fn history(&self) -> Vec<Row> {
        let now = self.now();
        let rows = self.mail.until(now).flat_map(|block| block.to_vec());
        rows.flat_map(|row| self.timeline.states(&row, self.start, now)).collect()
    }

    /// Moves the tenant's clock on.
    pub fn advance(&self, duration: std::time::Duration) {
        let duration = Duration::from_std(duration).unwrap_or_default();
        let mut memory = self.memory();
        memory.advanced += duration;
    }

    /// Switches other faults on and off from now on. Those of mail and of the clock stay as they were at the start.
    pub fn set_faults(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// Has page requests wait from now on until they are let pass, which gives a test time.
    pub fn hold_pages(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets this number of page requests pass, of those that wait or will come.
    pub fn let_pass(&self, count: usize) {
        self.gate.add_permits(count);
    }

    /// Waits until a page request may pass.
    pub(crate) async fn pass_gate(&self) {
        // It is never closed.
        if let Ok(permit) = self.gate.acquire().await {
            permit.forget();
        }
    }

    /// Returns how many page requests there were.
    pub fn page_requests(&self) -> u64 {
        self.memory().page_requests
    }

    /// Returns the most page requests in any 300 seconds of the tenant's time, those that were refused included.
    pub fn max_page_requests_in_300_s(&self) -> usize {
        self.memory().stats.max_page_requests_in_300_s
    }

    /// Returns how many requests for details there were.
    pub fn details_requests(&self) -> u64 {
        self.memory().stats.details_requests
    }

    /// Returns all mail.
    pub(crate) fn mail(&self) -> &Mail {
        &self.mail
    }

    /// Returns how rows change.
    pub(crate) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// What it is like.
    pub fn config(&self) -> &TenantConfig {
        &self.config
    }

    /// Returns the tenant's time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let elapsed = Duration::from_std(self.started.elapsed()).unwrap_or(Duration::MAX);
        self.start + elapsed + self.memory().advanced
    }

    /// Returns how long ago the tenant was made, by its own clock.
    pub(crate) fn age(&self) -> Duration {
        self.now() - self.start
    }

    /// Issues an access token that is good for the configured time.
    pub(crate) fn issue_token(&self) -> String {
        let lifetime = Duration::from_std(self.config.token_lifetime).unwrap_or(Duration::MAX);
        let expiry = self.now().checked_add_signed(lifetime);
        let mut memory = self.memory();
        // Whose it is can be read from it, as from a real one.
        let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(memory.rng.random::<[u8; 32]>()), self.config.tenant_id);
        memory.token_expiries.insert(token.clone(), expiry.unwrap_or(DateTime::<Utc>::MAX_UTC));
        token
    }

    /// Whose an access token is, if it is like those that are issued here.
    pub(crate) fn id_in_token(token: &str) -> Option<&str> {
        token.split_once('.').map(|(_, tenant_id)| tenant_id)
    }

    /// Makes a token one that was never issued.
    pub(crate) fn revoke(&self, token: &str) {
        self.memory().token_expiries.remove(token);
    }

    pub(crate) fn token_state(&self, token: &str) -> TokenState {
        let now = self.now();
        match self.memory().token_expiries.get(token) {
            Some(expiry) if *expiry > now => TokenState::Valid,
            Some(_) => TokenState::Expired,
            None => TokenState::Unknown,
        }
    }

    /// Returns the number of a new page request.
    pub(crate) fn number_page_request(&self) -> RequestNumber {
        let mut memory = self.memory();
        memory.page_requests += 1;
        RequestNumber(memory.page_requests - 1)
    }

    /// Returns the number of a new token request; they are counted apart from page requests.
    pub(crate) fn number_token_request(&self) -> RequestNumber {
        let mut memory = self.memory();
        memory.token_requests += 1;
        RequestNumber(memory.token_requests - 1)
    }

    /// Returns the number of a new answer of any kind.
    pub(crate) fn number_answer(&self) -> RequestNumber {
        let mut memory = self.memory();
        memory.answers += 1;
        RequestNumber(memory.answers - 1)
    }

    /// Whether the metadata service is asked for the first time.
    pub(crate) fn is_first_machine_request(&self) -> bool {
        !std::mem::replace(&mut self.memory().machine_asked, true)
    }

    /// Lets a page request pass the limit, or returns how long to wait.
    pub(crate) fn admit(&self) -> Result<(), Duration> {
        self.admit_in(|memory| &mut memory.admitted)
    }

    /// The same for a request for details: they are counted apart from pages.
    pub(crate) fn admit_details(&self) -> Result<(), Duration> {
        self.admit_in(|memory| &mut memory.admitted_details)
    }

    fn admit_in(&self, window: impl FnOnce(&mut Memory) -> &mut RunningWindow) -> Result<(), Duration> {
        let Some(limit) = self.faults().count(Fault::Throttle) else {
            return Ok(());
        };
        let now = self.now();
        window(&mut self.memory()).admit(now, usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Remembers on which page the link to another one was.
    pub(crate) fn remember_link(&self, found_at: &str, target: &str) {
        self.memory().link_origins.insert(target.to_owned(), found_at.to_owned());
    }

    /// Returns the target of the page from which two links led to this one.
    pub(crate) fn two_pages_back(&self, target: &str) -> Option<String> {
        let memory = self.memory();
        let back = memory.link_origins.get(target)?;
        memory.link_origins.get(back).cloned()
    }

    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the time that answers are dated by.
    pub(crate) fn date(&self) -> DateTime<Utc> {
        self.now() + self.faults().duration(Fault::Date).unwrap_or_default()
    }

    /// Whether a fault happens to a request; counts it if so.
    pub(crate) fn strikes(&self, fault: Fault, number: RequestNumber) -> bool {
        let rate = self.faults().rate(fault);
        let strikes =
            rate > 0.0 && chance::share(self.config.seed, &[fault.name().as_bytes(), &number.0.to_le_bytes()]) < rate;
        if strikes {
            self.injected(fault);
        }
        strikes
    }

    /// Draws a number for the details of a fault.
    pub(crate) fn lot(&self, fault: Fault, number: RequestNumber) -> u64 {
        chance::number(self.config.seed, &[b"lot", fault.name().as_bytes(), &number.0.to_le_bytes()])
    }

    /// Counts a fault that happened.
    pub(crate) fn injected(&self, fault: Fault) {
        self.count(|stats| stats.count_fault(fault));
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
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

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
    fn the_clock_can_be_moved_on_and_may_differ_from_the_real_one() {
        let mut config = TenantConfig { now: DateTime::UNIX_EPOCH, ..TenantConfig::default() };
        config.faults.add("clock-skew=-10m").unwrap();
        let tenant = Tenant::new(config);
        assert!((-600..0).contains(&tenant.now().timestamp()));
        tenant.advance(std::time::Duration::from_secs(3600));
        assert!((3000..3600).contains(&tenant.now().timestamp()));
    }

    #[tokio::test]
    async fn pages_that_are_held_wait_until_they_are_let_pass() {
        let tenant = Tenant::new(TenantConfig::default());
        tenant.pass_gate().await;
        tenant.hold_pages();
        tenant.let_pass(1);
        tenant.pass_gate().await;
        let mut waiting = pin!(tenant.pass_gate());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        tenant.let_pass(1);
        waiting.await;
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
