//! Reads one tenant's message trace from a service of Microsoft, page by page.

use chrono::{DateTime, Utc};
use http::StatusCode;
use url::Url;

use super::{
    PollError,
    client::{Answer, ExchangeError, Http},
    clock::ServiceClock,
    error::refused,
    graph,
    page::Page,
    reporting_webservice,
    token::{NewTokensError, Tokens},
};
use crate::config::{ServiceConfig, ServiceKind};

/// Reads one tenant's message trace.
pub struct ServiceSource {
    kind: ServiceKind,
    http: Http,
    tokens: Tokens,
    url: Url,
    tenant: String,
    clock: ServiceClock,
}

/// Which page to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageRequest<'a> {
    /// The first page of what was received between two times, both included.
    First {
        /// The earliest time.
        start: DateTime<Utc>,
        /// The latest time.
        end: DateTime<Utc>,
        /// How many rows, at most.
        rows: u32,
    },
    /// The page that a next link leads to. The link contains an address: not for logs.
    Next(&'a str),
}

/// Asks a host for anything at all, without a token; gives the status of the answer.
///
/// # Errors
///
/// When there is no answer.
pub async fn reach(config: &ServiceConfig, url: &Url) -> Result<StatusCode, PollError> {
    let http = Http::new(config, url)?;
    let answer = http.exchange(http.get(url.clone()), &mut ServiceClock::default()).await;
    answer.map(|answer| answer.status).map_err(no_answer)
}

fn no_answer(error: ExchangeError) -> PollError {
    match error {
        ExchangeError::Unreachable(error) => PollError::Unreachable(error),
        ExchangeError::Answer(error) => PollError::Answer(error),
    }
}

impl ServiceSource {
    /// Makes a source; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name for signing in or for HTTP.
    pub fn new(config: &ServiceConfig) -> Result<Self, PollError> {
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
            clock: ServiceClock::default(),
        })
    }

    /// Signs in, unless there is a token that is good.
    ///
    /// # Errors
    ///
    /// When there is no token to be had.
    pub async fn sign_in(&mut self) -> Result<(), PollError> {
        let token = self.tokens.get(&mut self.clock).await;
        token.map(drop).map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })
    }

    /// When the access token ends.
    pub fn token_until(&self) -> Option<DateTime<Utc>> {
        self.tokens.until()
    }

    /// The permissions that the access token names, if it can be read: nobody promises what is in it.
    pub fn token_roles(&self) -> Option<Vec<String>> {
        self.tokens.roles()
    }

    /// The time of the service, which decides what can be asked for.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Reads a page, with a single request. A token that the service refuses is forgotten, so that asking again begins
    /// with a new one.
    ///
    /// # Errors
    ///
    /// When the page cannot be had; the error knows whether asking again may help.
    pub async fn page(&mut self, request: PageRequest<'_>) -> Result<Page, PollError> {
        let url = self.page_url(request)?;
        let answer = self.send(url.clone()).await?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            // It may have ended early, or been made before a permission was granted.
            self.tokens.invalidate();
        }
        if !answer.status.is_success() {
            return Err(refused(request, &answer));
        }
        let mut page = Page::parse(&answer.body)?;
        if self.kind == ServiceKind::ReportingWebService {
            reporting_webservice::add_missing_link(&url, &mut page);
        }
        Ok(page)
    }

    async fn send(&mut self, url: Url) -> Result<Answer, PollError> {
        let token = self.tokens.get(&mut self.clock).await;
        let token = token.map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })?;
        let mut request = self.http.get(url).bearer_auth(token.expose()).header("Accept", "application/json");
        if self.kind == ServiceKind::Graph {
            // Without it, `recalled` and later statuses would all be told as `unknownFutureValue`.
            request = request.header("Prefer", "include-unknown-enum-members");
        }
        let answer = self.http.exchange(request, &mut self.clock).await;
        answer.map_err(no_answer)
    }

    fn page_url(&self, request: PageRequest<'_>) -> Result<Url, PollError> {
        match (self.kind, request) {
            (ServiceKind::Graph, PageRequest::First { start, end, rows }) => {
                Ok(graph::first(&self.url, start, end, rows))
            }
            (ServiceKind::Graph, PageRequest::Next(link)) => graph::next(&self.url, link),
            (ServiceKind::ReportingWebService, PageRequest::First { start, end, rows }) => {
                Ok(reporting_webservice::first(&self.url, start, end, rows))
            }
            (ServiceKind::ReportingWebService, PageRequest::Next(link)) => reporting_webservice::next(&self.url, link),
        }
    }
}
