//! HTTP: sends a request, and reads the answer up to a bounded size.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{Client, Request, RequestBuilder};
use url::Url;

use super::{
    clock::Seen,
    exchange::{ExchangeError, HttpError, ServiceAnswer},
    trace::{self, Trace},
};
use crate::{
    config::environment,
    sources::microsoft::ServiceConfig,
    support::{
        clock::Clock,
        http_client::{self, HttpClientSettings, is_loopback},
        http_response,
        secret::Secret,
        watched_client::WatchedClient,
    },
};

/// The metadata service is on this machine, or it is nowhere.
const LONGEST_ON_MACHINE: Duration = Duration::from_secs(10);

/// Sends requests to one service.
pub(super) struct Http {
    client: Mutex<WatchedClient>,
    connection: Connection,
    trace: Option<Trace>,
    clock: Clock,
}

/// How the service is reached.
struct Connection {
    timeout: Duration,
    proxy_url: Option<Secret>,
    is_on_machine: bool,
    /// Read again when it changes.
    ca_file: Option<PathBuf>,
}

impl Connection {
    fn client(&self) -> Result<Client, HttpError> {
        Ok(http_client::client(&HttpClientSettings {
            timeout: self.timeout,
            proxy_url: self.proxy_url.as_ref(),
            is_on_machine: self.is_on_machine,
            ca_file: self.ca_file.as_deref(),
            ..HttpClientSettings::default()
        })?)
    }
}

impl Http {
    /// For a service on the network, by the proxy and with the certificates that the settings name.
    pub(super) fn new(config: &ServiceConfig, service: &Url) -> Result<Self, HttpError> {
        let connection = Connection {
            timeout: config.request_timeout,
            proxy_url: config.proxy_url.clone(),
            is_on_machine: is_loopback(service),
            ca_file: config.ca_file.clone(),
        };
        Self::build(connection, config)
    }

    /// For the metadata service of this machine, which no proxy reaches.
    pub(super) fn on_machine(config: &ServiceConfig) -> Result<Self, HttpError> {
        let timeout = config.request_timeout.min(LONGEST_ON_MACHINE);
        Self::build(Connection { timeout, proxy_url: None, is_on_machine: true, ca_file: None }, config)
    }

    fn build(connection: Connection, config: &ServiceConfig) -> Result<Self, HttpError> {
        let files = connection.ca_file.iter().cloned().collect();
        let client = Mutex::new(WatchedClient::new(files, || connection.client())?);
        let trace = config.request_trace_dir.as_deref().map(Trace::open).transpose()?;
        Ok(Self { client, connection, trace, clock: Clock::system() })
    }

    /// The client with the certificates as they are now.
    fn client(&self) -> Client {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.current(|| self.connection.client())
    }

    /// The files that are read again when they change.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.connection.ca_file.iter().cloned()
    }

    /// Tells the time by another clock.
    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client().get(url)
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.client().post(url)
    }

    /// Sends a request, and reads the answer to its end, unless it is longer than that.
    pub(super) async fn exchange(
        &self,
        request: RequestBuilder,
        limits: PageLimits,
    ) -> Result<ServiceAnswer, ExchangeError> {
        let request = request.build().map_err(|error| ExchangeError::Request(error.without_url()))?;
        let Some(trace) = &self.trace else { return self.execute(request, limits).await };
        let (began, sent) = (Instant::now(), trace::request(&request));
        let answer = self.execute(request, limits).await;
        trace.write(sent, &answer, began.elapsed()).await;
        answer
    }

    async fn execute(&self, request: Request, limits: PageLimits) -> Result<ServiceAnswer, ExchangeError> {
        let sent = self.client().execute(request).await;
        let answer = sent.map_err(|error| match error.is_builder() {
            true => ExchangeError::Request(error.without_url()),
            false => ExchangeError::Unreachable(error.without_url()),
        })?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let seen = Seen::new(self.clock.read(), &headers);
        let most_bytes = if status.is_success() { limits.success } else { PageLimits::REFUSAL };
        let body = http_response::read(answer, most_bytes).await.map_err(ExchangeError::Answer)?;
        Ok(ServiceAnswer { status, headers, body, seen })
    }
}

/// The longest answers that are read, in bytes when unpacked: memory for an answer is a small multiple of this.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimits {
    success: usize,
}

impl PageLimits {
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
pub(crate) fn has_proxy(config: &ServiceConfig, service: &Url) -> bool {
    config.proxy_url.is_some() || !is_loopback(service) && environment::has_proxy(service.scheme())
}
