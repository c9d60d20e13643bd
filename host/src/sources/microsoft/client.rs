//! HTTP: sends a request, and reads the answer up to a bounded size.

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode};
use reqwest::{Client, Request, RequestBuilder};
use url::Url;

use super::{
    clock::Seen,
    trace::{self, Trace},
};
pub use crate::support::http_response::{AnswerError, Malformed};
use crate::{
    config::{ServiceConfig, environment},
    support::{
        clock::Clock,
        http_client::{self, HttpClientError, HttpClientSettings, is_loopback},
        http_response,
    },
};

/// The metadata service is on this machine, or it is nowhere.
const LONGEST_ON_MACHINE: Duration = Duration::from_secs(10);

/// Why nothing can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No client can be made on this machine.
    #[error("could not set up HTTP")]
    Client(#[source] reqwest::Error),
    /// The proxy cannot be used. Its address may have a password in it, so nothing more is said.
    #[error("`source.proxy_url` cannot be used\nhint: for example `http://proxy:3128`")]
    Proxy,
    /// The certificates to trust cannot be read.
    #[error("`source.ca_file`: could not read `{}`", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of certificates to trust has none.
    #[error("`source.ca_file`: `{}` has no certificates in PEM", path.display())]
    NoCertificates {
        /// Which file.
        path: PathBuf,
    },
    /// The folder of requests and answers cannot be used.
    #[error("`source.request_trace_dir`: could not write into `{}`", path.display())]
    TraceFolder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<HttpClientError> for HttpError {
    fn from(error: HttpClientError) -> Self {
        match error {
            HttpClientError::Client(source) => Self::Client(source),
            HttpClientError::Proxy(_) => Self::Proxy,
            HttpClientError::File { path, source } => Self::CaFile { path, source },
            HttpClientError::NoCertificates(path) | HttpClientError::NoIdentity(path) => Self::NoCertificates { path },
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("service could not be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("this cannot be a request")]
    Request(#[source] reqwest::Error),
    #[error("answer could not be read")]
    Answer(#[source] AnswerError),
}

/// An answer that was read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// What it says about time.
    pub(super) seen: Seen,
}

impl Answer {
    /// When the service wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        http_response::retry_after(&self.headers)
    }
}

/// Sends requests to one service.
pub(super) struct Http {
    client: Client,
    trace: Option<Trace>,
    clock: Clock,
}

impl Http {
    /// For a service on the network, by the proxy and with the certificates that the settings name.
    pub(super) fn new(config: &ServiceConfig, service: &Url) -> Result<Self, HttpError> {
        let settings = HttpClientSettings {
            timeout: config.request_timeout,
            proxy_url: config.proxy_url.as_ref(),
            is_on_machine: is_loopback(service),
            ca_file: config.ca_file.as_deref(),
            ..HttpClientSettings::default()
        };
        Self::build(&settings, config)
    }

    /// For the metadata service of this machine, which no proxy reaches.
    pub(super) fn on_machine(config: &ServiceConfig) -> Result<Self, HttpError> {
        let timeout = config.request_timeout.min(LONGEST_ON_MACHINE);
        let settings = HttpClientSettings { timeout, is_on_machine: true, ..HttpClientSettings::default() };
        Self::build(&settings, config)
    }

    fn build(settings: &HttpClientSettings<'_>, config: &ServiceConfig) -> Result<Self, HttpError> {
        let client = http_client::client(settings)?;
        let trace = config.request_trace_dir.as_deref().map(Trace::open).transpose()?;
        Ok(Self { client, trace, clock: Clock::system() })
    }

    /// Tells the time by another clock.
    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.client.post(url)
    }

    /// Sends a request, and reads the answer to its end, unless it is longer than that.
    pub(super) async fn exchange(&self, request: RequestBuilder, limits: Limits) -> Result<Answer, ExchangeError> {
        let request = request.build().map_err(|error| ExchangeError::Request(error.without_url()))?;
        let Some(trace) = &self.trace else { return self.execute(request, limits).await };
        let (began, sent) = (Instant::now(), trace::request(&request));
        let answer = self.execute(request, limits).await;
        trace.write(sent, &answer, began.elapsed()).await;
        answer
    }

    async fn execute(&self, request: Request, limits: Limits) -> Result<Answer, ExchangeError> {
        let sent = self.client.execute(request).await;
        let answer = sent.map_err(|error| match error.is_builder() {
            true => ExchangeError::Request(error.without_url()),
            false => ExchangeError::Unreachable(error.without_url()),
        })?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let seen = Seen::new(self.clock.read(), &headers);
        let most_bytes = if status.is_success() { limits.success } else { Limits::REFUSAL };
        let body = http_response::read(answer, most_bytes).await.map_err(ExchangeError::Answer)?;
        Ok(Answer { status, headers, body, seen })
    }
}

/// The longest answers that are read, in bytes when unpacked: memory for an answer is a small multiple of this.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    success: usize,
}

impl Limits {
    /// A page: of 5,000 rows it has about 2 MB.
    pub(super) const PAGE: Self = Self { success: 16 * 1024 * 1024 };
    /// A token: it has about 2 kB.
    pub(super) const TOKEN: Self = Self { success: 256 * 1024 };
    /// What a service says when it refuses: a page of a gateway, at most.
    const REFUSAL: usize = 256 * 1024;
}

/// A host as people see it: without a path, which may say something about the tenant.
pub(super) fn host(url: &Url) -> String {
    let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Whether requests to this host go by way of a proxy.
pub fn has_proxy(config: &ServiceConfig, service: &Url) -> bool {
    config.proxy_url.is_some() || !is_loopback(service) && environment::has_proxy(service.scheme())
}
