//! Reads one tenant's message trace from a service of Microsoft, page by page.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use http::StatusCode;
use url::Url;

use super::{
    PollError,
    client::{Http, PageLimits, host},
    clock::{AGREEMENT, ServiceClock},
    error::{refused, refused_details},
    exchange::{ExchangeError, ServiceAnswer},
    graph::{self, DetailsRequest},
    page::Page,
    page_request::{LONGEST_LINK, PageRequest},
    reporting_webservice,
    token::{NewTokensError, Tokens},
};
use crate::{
    sources::microsoft::{ServiceConfig, ServiceKind},
    support::clock::Clock,
};

/// What the service is called in errors.
const SERVICE: &str = "the message trace service at ";

/// The most steps of a delivery that one answer may have.
const MOST_STEPS: usize = 5000;

/// Reads one tenant's message trace.
pub(crate) struct ServiceSource {
    kind: ServiceKind,
    http: Http,
    tokens: Tokens,
    url: Url,
    tenant: String,
    clock: ServiceClock,
}

/// Asks a host for anything at all, without a token; gives the status of the answer.
///
/// # Errors
///
/// When there is no answer.
pub(crate) async fn reach(config: &ServiceConfig, url: &Url) -> Result<StatusCode, PollError> {
    let http = Http::new(config, url)?;
    let answer = http.exchange(http.get(url.clone()), PageLimits::PAGE).await;
    answer.map(|answer| answer.status).map_err(|error| no_answer("", url, error))
}

fn no_answer(what: &'static str, url: &Url, error: ExchangeError) -> PollError {
    let host = host(url);
    match error {
        ExchangeError::Unreachable(source) | ExchangeError::Request(source) => {
            PollError::Unreachable { what, host, source }
        }
        ExchangeError::Answer(source) => PollError::Answer { what, host, source },
    }
}

impl ServiceSource {
    /// Makes a source; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name for signing in or for HTTP.
    pub(crate) fn new(config: &ServiceConfig) -> Result<Self, PollError> {
        let tokens = Tokens::new(config).map_err(|error| match error {
            NewTokensError::Http(error) => PollError::Http(error),
            NewTokensError::Token(source) => PollError::Token { tenant: config.tenant_id.clone(), source },
        })?;
        Ok(Self {
            kind: config.kind,
            http: Http::new(config, &config.url)?,
            tokens,
            url: config.url.clone(),
            tenant: config.tenant_id.clone(),
            clock: ServiceClock::new(Clock::system()),
        })
    }

    /// Signs in, unless there is a token that is good.
    ///
    /// # Errors
    ///
    /// When no token can be obtained.
    pub(crate) async fn sign_in(&mut self) -> Result<(), PollError> {
        let token = self.tokens.get(&mut self.clock).await;
        token.map(drop).map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })
    }

    /// The files that are read for every sign-in, and the certificates to trust.
    pub(crate) fn secret_files(&self) -> Vec<PathBuf> {
        self.tokens.files().into_iter().chain(self.http.files()).collect()
    }

    /// When the access token ends.
    pub(crate) fn token_until(&self) -> Option<DateTime<Utc>> {
        self.tokens.until()
    }

    /// The permissions that the access token names, if it can be read: nobody promises what is in it.
    pub(crate) fn token_roles(&self) -> Option<Vec<String>> {
        self.tokens.roles()
    }

    /// Tells the time by other clocks.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.http.set_clock(clock.clone());
        self.tokens.set_clock(clock.clone());
        self.clock = ServiceClock::new(clock);
    }

    /// The clocks of this machine.
    pub(crate) fn ours(&self) -> &Clock {
        self.clock.ours()
    }

    /// The time of the service, which decides what can be asked for.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// How far the clock of the service is ahead of ours.
    pub(crate) fn ahead(&self) -> chrono::Duration {
        self.clock.ahead()
    }

    /// The time of the service by its latest answer, also a refusal; ours before the first one.
    pub(crate) fn told(&self) -> DateTime<Utc> {
        self.clock.ours().wall() + self.clock.ahead()
    }

    /// Whether `now` has to be told by another answer before it can be relied on.
    pub(crate) fn is_clock_stale(&self) -> bool {
        self.clock.is_stale()
    }

    /// Whether an answer has told the time of the service.
    pub(crate) fn is_clock_told(&self) -> bool {
        self.clock.is_told()
    }

    /// A pass is over: what the service took for the future may be past by now.
    pub(crate) fn forget_refused_end(&mut self) {
        self.clock.lift();
    }

    /// Asks the service for nothing but its time: a page of one row, which nobody looks at.
    ///
    /// # Errors
    ///
    /// When there is no page.
    pub(crate) async fn look_at_clock(&mut self) -> Result<(), PollError> {
        let end = self.now() - AGREEMENT;
        let request = PageRequest::First { start: end - AGREEMENT, end, rows: 1, query: None };
        self.page(request).await.map(drop)
    }

    /// Reads a page, with a single request. A token that the service refuses is forgotten, so that asking again begins
    /// with a new one.
    ///
    /// # Errors
    ///
    /// When the page cannot be read; the error knows whether asking again may help.
    pub(crate) async fn page(&mut self, request: PageRequest<'_>) -> Result<Page, PollError> {
        let url = self.page_url(request)?;
        let answer = self.send(url.clone(), matches!(request, PageRequest::Next(_))).await?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            // It may have ended early, or been made before a permission was granted.
            self.tokens.invalidate();
        }
        if !answer.status.is_success() {
            return Err(self.refusal(request, &answer));
        }
        let past = self.clock.past(answer.seen);
        let mut page = Page::parse(&answer.body, 2 * self.kind.most_rows() as usize, past)?;
        // Only now it is certain that the service itself has answered.
        self.clock.observe(answer.seen);
        page.past = self.clock.past(answer.seen);
        if self.kind == ServiceKind::ReportingWebService {
            reporting_webservice::add_missing_link(&url, &mut page);
        }
        Ok(page)
    }

    /// Reads steps of a delivery, with a single request, as a page whose rows are the steps.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or there are none.
    pub(crate) async fn details(&mut self, request: DetailsRequest<'_>) -> Result<Page, PollError> {
        let url = graph::details(&self.url, request)?;
        let answer = self.send(url, matches!(request, DetailsRequest::Next(_))).await?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            self.tokens.invalidate();
        }
        if !answer.status.is_success() {
            return Err(refused_details(&answer));
        }
        Page::parse(&answer.body, MOST_STEPS, self.clock.past(answer.seen))
    }

    fn refusal(&mut self, request: PageRequest<'_>, answer: &ServiceAnswer) -> PollError {
        let error = refused(self.kind, request, answer);
        match (request, error) {
            (
                PageRequest::First { end, .. },
                PollError::Status { status: StatusCode::BAD_REQUEST, explanation, .. },
            ) if self.clock.lower(answer.seen, end) => PollError::FutureEnd { end, explanation },
            (_, error) => error,
        }
    }

    async fn send(&mut self, url: Url, is_link: bool) -> Result<ServiceAnswer, PollError> {
        let token = self.tokens.get(&mut self.clock).await;
        let token = token.map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })?;
        let mut request = self.http.get(url).bearer_auth(token.expose()).header("Accept", "application/json");
        if self.kind == ServiceKind::Graph {
            // Without it, `recalled` and later statuses would all be told as `unknownFutureValue`.
            request = request.header("Prefer", "include-unknown-enum-members");
        }
        match self.http.exchange(request, PageLimits::PAGE).await {
            Err(ExchangeError::Request(_)) if is_link => Err(PollError::UnusableLink("it is not an address")),
            answer => answer.map_err(|error| no_answer(SERVICE, &self.url, error)),
        }
    }

    fn page_url(&self, request: PageRequest<'_>) -> Result<Url, PollError> {
        if matches!(request, PageRequest::Next(link) if link.len() > LONGEST_LINK) {
            return Err(PollError::UnusableLink("it is longer than 32 KiB"));
        }
        match (self.kind, request) {
            (ServiceKind::Graph, PageRequest::First { start, end, rows, query }) => {
                Ok(graph::first(&self.url, start, end, rows, query))
            }
            (ServiceKind::Graph, PageRequest::Next(link)) => graph::next(&self.url, link),
            (ServiceKind::ReportingWebService, PageRequest::First { start, end, rows, query }) => {
                Ok(reporting_webservice::first(&self.url, start, end, rows, query))
            }
            (ServiceKind::ReportingWebService, PageRequest::Next(link)) => reporting_webservice::next(&self.url, link),
        }
    }
}
