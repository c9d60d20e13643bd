//! Reads one tenant's message trace from Microsoft Graph, page by page (ms-api.md, section 1).

use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use reqwest::{Client, Response};
use url::Url;

use super::{PollError, client, error::explain, page::Page, token::Tokens};
use crate::config::ServiceConfig;

const PATH: &str = "v1.0/admin/exchange/tracing/messageTraces";

/// Reads one tenant's message trace.
pub struct GraphSource {
    client: Client,
    tokens: Tokens,
    url: Url,
    tenant: String,
    batch_size: u32,
}

/// Which page to read.
#[derive(Clone, Copy)]
pub enum PageRequest<'a> {
    /// The first page of what was received between two times, both included.
    First {
        /// The earliest time.
        start: DateTime<Utc>,
        /// The latest time.
        end: DateTime<Utc>,
    },
    /// The page that a next link leads to. The link contains an address: not for logs.
    Next(&'a str),
}

impl GraphSource {
    /// Makes a source; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When this machine cannot do HTTP.
    pub fn new(config: &ServiceConfig) -> Result<Self, PollError> {
        let client =
            client::new([&config.login_url, &config.url], config.request_timeout).map_err(PollError::Client)?;
        Ok(Self {
            client,
            tokens: Tokens::new(config),
            url: config.url.clone(),
            tenant: config.tenant_id.clone(),
            batch_size: config.batch_size,
        })
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
            answer = self.send(url).await?;
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
        let page = Page::parse(&body).map_err(PollError::MalformedPage)?;
        match request {
            PageRequest::Next(link) if page.next_link.as_deref() == Some(link) => Err(PollError::CircularLink),
            _ => Ok(page),
        }
    }

    async fn send(&mut self, url: Url) -> Result<Response, PollError> {
        let token = self.tokens.get(&self.client).await;
        let token = token.map_err(|source| PollError::Token { tenant: self.tenant.clone(), source })?;
        let request = self.client.get(url).bearer_auth(token.expose());
        // Without it, `recalled` and later statuses would all be told as `unknownFutureValue`.
        let request = request.header("Prefer", "include-unknown-enum-members");
        request.send().await.map_err(|error| PollError::Unreachable(error.without_url()))
    }

    fn page_url(&self, request: PageRequest<'_>) -> Result<Url, PollError> {
        match request {
            PageRequest::First { start, end } => {
                let text = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Millis, true);
                let filter = format!("receivedDateTime ge {} and receivedDateTime le {}", text(start), text(end));
                let mut url = self.url.clone();
                url.set_path(&format!("{}/{PATH}", self.url.path().trim_end_matches('/')));
                url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$top", &self.batch_size.to_string());
                Ok(url)
            }
            PageRequest::Next(link) => {
                let url = Url::parse(link).ok().filter(|url| url.origin() == self.url.origin());
                url.ok_or(PollError::ForeignLink)
            }
        }
    }
}
