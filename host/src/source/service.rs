//! Reads one tenant's message trace from a service of Microsoft, page by page.

use chrono::{DateTime, Utc};
use http::StatusCode;
use reqwest::{Client, Response};
use url::Url;

use super::{
    PollError, client, clock::ServiceClock, error::explain, graph, page::Page, reporting_webservice, token::Tokens,
};
use crate::config::{ServiceConfig, ServiceKind};

/// Reads one tenant's message trace.
pub struct ServiceSource {
    kind: ServiceKind,
    client: Client,
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

impl ServiceSource {
    /// Makes a source; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When this machine cannot do HTTP.
    pub fn new(config: &ServiceConfig) -> Result<Self, PollError> {
        let client =
            client::new([&config.login_url, &config.url], config.request_timeout).map_err(PollError::Client)?;
        Ok(Self {
            kind: config.kind,
            client,
            tokens: Tokens::new(config),
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
        let token = self.tokens.get(&self.client, &mut self.clock).await;
        token.map(drop).map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })
    }

    /// When the access token ends.
    pub fn token_until(&self) -> Option<DateTime<Utc>> {
        self.tokens.until()
    }

    /// The time of the service, which decides what can be asked for.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Reads a page.
    ///
    /// # Errors
    ///
    /// When the page cannot be had; the error knows whether asking again may help.
    pub async fn page(&mut self, request: PageRequest<'_>) -> Result<Page, PollError> {
        let url = self.page_url(request)?;
        let mut answer = self.send(url.clone()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            // The token may have ended early, or been made before a permission was granted: one new one, once.
            self.tokens.invalidate();
            answer = self.send(url.clone()).await?;
        }
        let status = answer.status();
        let retry_after = client::retry_after(&answer);
        let body = client::read(answer).await.map_err(PollError::Answer)?;
        if !status.is_success() {
            let explanation = explain(status, &body);
            return Err(match request {
                PageRequest::Next(_) if status == StatusCode::BAD_REQUEST => PollError::RefusedLink { explanation },
                _ => PollError::Status { status, explanation, retry_after },
            });
        }
        let mut page = Page::parse(&body)?;
        if self.kind == ServiceKind::ReportingWebService {
            reporting_webservice::add_missing_link(&url, &mut page);
        }
        Ok(page)
    }

    async fn send(&mut self, url: Url) -> Result<Response, PollError> {
        let token = self.tokens.get(&self.client, &mut self.clock).await;
        let token = token.map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })?;
        let mut request = self.client.get(url).bearer_auth(token.expose()).header("Accept", "application/json");
        if self.kind == ServiceKind::Graph {
            // Without it, `recalled` and later statuses would all be told as `unknownFutureValue`.
            request = request.header("Prefer", "include-unknown-enum-members");
        }
        let answer = request.send().await.map_err(|error| PollError::Unreachable(error.without_url()))?;
        self.clock.observe(&answer);
        Ok(answer)
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
