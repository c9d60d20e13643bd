//! Sends requests to a host, or to the next one of the same cluster when that fails.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Client;
use tokio::task::{JoinSet, spawn_blocking};
use tracing::warn;
use url::Url;

use super::{credentials::Credentials, gzip::gzip, reply::Reply, request_error::RequestError};
use crate::{
    outputs::client_settings::{Compression, ConnectionConfig},
    support::{
        http_client::{self, HttpClientSettings, is_loopback},
        http_response::{MAX_ANSWER_BYTES, read, retry_after},
        watched_client::WatchedClient,
    },
};

/// A host that does not take connections is not waited for as long as for an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The header in which Elastic's products say what they are.
const PRODUCT: &str = "x-elastic-product";

/// Sends requests to one of some hosts.
pub(crate) struct HostClient {
    client: WatchedClient,
    connection: ConnectionConfig,
    credentials: Credentials,
    hosts: Hosts,
    compression: Compression,
}

/// The hosts, as all requests know them that are under way. Cheap to clone.
#[derive(Clone)]
struct Hosts {
    urls: Arc<[Url]>,
    /// The host that answered last.
    current: Arc<AtomicUsize>,
}

/// What goes with every request as of now. Cheap to clone.
#[derive(Clone)]
struct RequestSender {
    client: Client,
    headers: HeaderMap,
    hosts: Hosts,
    compression: Compression,
}

impl HostClient {
    /// Makes a client; nothing is sent yet.
    pub(crate) fn new(
        urls: Vec<Url>,
        connection: &ConnectionConfig,
        compression: Compression,
        credentials: Credentials,
    ) -> Result<Self, RequestError> {
        let client = WatchedClient::new(connection.files(), || client(&urls, connection))?;
        let connection = connection.clone();
        let hosts = Hosts { urls: urls.into(), current: Arc::default() };
        Ok(Self { client, connection, credentials, hosts, compression })
    }

    /// The files that it reads again when they change: certificates, keys and other secrets.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.credentials.files().cloned().chain(self.connection.files()).collect()
    }

    /// The client with the certificates and keys as they are now.
    fn current_client(&mut self) -> Client {
        self.client.current(|| client(&self.hosts.urls, &self.connection))
    }

    fn sender(&mut self) -> RequestSender {
        let (client, headers) = (self.current_client(), self.credentials.headers());
        RequestSender { client, headers, hosts: self.hosts.clone(), compression: self.compression }
    }

    /// Posts a body, compressed if that is wanted, to `path` below the address of a host.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        body: Vec<u8>,
        content_type: &'static str,
    ) -> Result<Reply, RequestError> {
        self.sender().post(path, body, content_type).await
    }

    /// The same with several bodies at a time; the replies are in the order of these.
    pub(crate) async fn post_all(
        &mut self,
        path: &str,
        bodies: Vec<Vec<u8>>,
        content_type: &'static str,
    ) -> Vec<Result<Reply, RequestError>> {
        let sender = self.sender();
        let mut under_way = JoinSet::new();
        for (place, body) in bodies.into_iter().enumerate() {
            let (sender, path) = (sender.clone(), path.to_owned());
            under_way.spawn(async move { (place, sender.post(&path, body, content_type).await) });
        }
        let mut replies = under_way.join_all().await;
        replies.sort_by_key(|(place, _)| *place);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    /// Sends a request without compression.
    pub(crate) async fn ask(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Reply, RequestError> {
        let compression = Compression::None;
        let content_type = "application/json";
        self.sender().send(&OutgoingRequest { method, path, content_type, compression, body: body.into() }).await
    }

    /// Asks every host for anything at all; gives the answer of each.
    pub(crate) async fn probe(&mut self) -> Vec<Result<Reply, RequestError>> {
        let (method, content_type, compression) = (Method::GET, "application/json", Compression::None);
        let request = OutgoingRequest { method, path: "", content_type, compression, body: Bytes::new() };
        let mut replies = Vec::new();
        let (client, headers) = (self.current_client(), self.credentials.headers());
        for url in &*self.hosts.urls {
            replies.push(send_to(&client, url, &request, &headers).await);
        }
        replies
    }

    /// Posts a request that has no body.
    pub(crate) async fn post_nothing(&mut self, content_type: &'static str) -> Result<Reply, RequestError> {
        let (method, compression) = (Method::POST, Compression::None);
        self.sender().send(&OutgoingRequest { method, path: "", content_type, compression, body: Bytes::new() }).await
    }
}

impl RequestSender {
    async fn post(&self, path: &str, body: Vec<u8>, content_type: &'static str) -> Result<Reply, RequestError> {
        let compression = self.compression;
        let body = match compression {
            Compression::None => body,
            // Off the threads that wait for the network.
            Compression::Gzip => match spawn_blocking(move || gzip(&body)).await {
                Ok(body) => body.map_err(RequestError::Compress)?,
                Err(error) => return Err(RequestError::Compress(error.into())),
            },
        };
        self.send(&OutgoingRequest { method: Method::POST, path, content_type, compression, body: body.into() }).await
    }

    /// Sends a request to one host after the other until one answers, to every one once at most.
    async fn send(&self, request: &OutgoingRequest<'_>) -> Result<Reply, RequestError> {
        let Hosts { urls, current } = &self.hosts;
        let first = current.load(Ordering::Relaxed);
        let mut attempt = 1;
        loop {
            let place = (first + attempt - 1) % urls.len();
            let failed = match send_to(&self.client, &urls[place], request, &self.headers).await {
                Ok(reply) if !is_down(reply.status) => return Ok(reply),
                reply => reply,
            };
            let next = (place + 1) % urls.len();
            // Not when a request beside this one has found that out before.
            let is_news = current.compare_exchange(place, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
            if attempt == urls.len() {
                return failed;
            }
            if is_news {
                warn!(next = host(&urls[next]), "host failed; trying the next one");
            }
            attempt += 1;
        }
    }
}

async fn send_to(
    client: &Client,
    url: &Url,
    request: &OutgoingRequest<'_>,
    headers: &HeaderMap,
) -> Result<Reply, RequestError> {
    let host = host(url);
    let mut sent = client.request(request.method.clone(), below(url, request.path));
    sent = sent.headers(headers.clone()).header(header::CONTENT_TYPE, request.content_type);
    if request.compression == Compression::Gzip {
        sent = sent.header(header::CONTENT_ENCODING, "gzip");
    }
    let answer = match sent.body(request.body.clone()).send().await {
        Ok(answer) => answer,
        Err(error) => return Err(RequestError::unanswered(host, error.without_url())),
    };
    let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
    let product = answer.headers().get(PRODUCT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match read(answer, MAX_ANSWER_BYTES).await {
        Ok(body) => Ok(Reply { host, status, retry_after, product, body }),
        Err(source) => Err(RequestError::Answer { host, source }),
    }
}

/// What is sent, the same for every host.
struct OutgoingRequest<'r> {
    method: Method,
    path: &'r str,
    content_type: &'static str,
    compression: Compression,
    body: Bytes,
}

/// Whether a gateway says that this host is down, and another one may be up.
fn is_down(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// A host as it stands in messages: without what may be secret in its path.
fn host(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The address of `path` below another one.
fn below(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    if !path.is_empty() {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url.set_query(Some(query).filter(|query| !query.is_empty()));
    }
    url
}

fn client(urls: &[Url], connection: &ConnectionConfig) -> Result<Client, RequestError> {
    let certificate = connection.certificate.as_ref();
    let client = http_client::client(&HttpClientSettings {
        timeout: connection.request_timeout,
        connect_timeout: Some(connection.request_timeout.min(CONNECT_TIMEOUT)),
        proxy_url: connection.proxy_url.as_ref(),
        is_on_machine: urls.iter().all(is_loopback),
        ca_file: connection.ca_file.as_deref(),
        certificate: certificate.map(|it| (it.certificate_file.as_path(), it.private_key_file.as_deref())),
    })?;
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_below_that_of_the_host() {
        let below = |url: &str, path: &str| below(&Url::parse(url).unwrap(), path).to_string();
        assert_eq!(below("https://host:9200", "a/_bulk?b=c"), "https://host:9200/a/_bulk?b=c");
        assert_eq!(below("https://host/es/", "a"), "https://host/es/a");
        assert_eq!(below("https://host/in?key=1", ""), "https://host/in?key=1");
    }
}
