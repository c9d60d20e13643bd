//! Makes HTTP clients: time-outs, proxy, certificates and redirects are set up here and nowhere else.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, redirect};
use url::{Host, Url};

use crate::support::{plain_file, secret::Secret};

/// How a service is reached.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HttpClientSettings<'a> {
    /// The longest that one request may take, with its answer.
    pub(crate) timeout: Duration,
    /// The longest that a host may take to accept a connection; none: as long as a request.
    pub(crate) connect_timeout: Option<Duration>,
    /// The proxy, which may have a password in it; none: the one of the environment.
    pub(crate) proxy_url: Option<&'a Secret>,
    /// Whether everything is on this machine: the proxy of the environment is for other machines.
    pub(crate) is_on_machine: bool,
    /// Certificates to trust besides those of the system, PEM.
    pub(crate) ca_file: Option<&'a Path>,
    /// What to show when the host asks who is there: a certificate, and its key where that is in another file; PEM.
    pub(crate) certificate: Option<(&'a Path, Option<&'a Path>)>,
}

/// Why there is no client.
#[derive(Debug)]
pub(crate) enum HttpClientError {
    /// This machine cannot do HTTP.
    Client(reqwest::Error),
    /// The address of the proxy cannot be used.
    Proxy(reqwest::Error),
    /// A file cannot be read.
    File { path: PathBuf, source: io::Error },
    /// `ca_file` has no certificates in PEM.
    NoCertificates(PathBuf),
    /// There is no certificate with its key in this file and that of the key.
    NoIdentity(PathBuf),
}

/// Makes a client; nothing is sent yet.
pub(crate) fn client(settings: &HttpClientSettings<'_>) -> Result<Client, HttpClientError> {
    let built = builder(settings)?.build();
    if built.is_err() && settings.ca_file.is_none() {
        // A machine may have no certificates of authorities, as an otherwise empty container. Plain HTTP needs none, and
        // HTTPS hosts are then refused as not trusted, with a hint at `ca_file`.
        return builder(settings)?.tls_certs_only([]).build().map_err(HttpClientError::Client);
    }
    built.map_err(HttpClientError::Client)
}

fn builder(settings: &HttpClientSettings<'_>) -> Result<ClientBuilder, HttpClientError> {
    // Another part of the process may have installed one; any will do.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .user_agent(concat!("exotrace/", env!("CARGO_PKG_VERSION")))
        .timeout(settings.timeout)
        // A redirect could lead secrets to another host.
        .redirect(redirect::Policy::none());
    if let Some(connect_timeout) = settings.connect_timeout {
        builder = builder.connect_timeout(connect_timeout);
    }
    if let Some(proxy) = settings.proxy_url {
        let proxy = Proxy::all(proxy.expose()).map_err(|error| HttpClientError::Proxy(error.without_url()))?;
        builder = builder.proxy(proxy);
    } else if settings.is_on_machine {
        builder = builder.no_proxy();
    }
    if let Some(path) = settings.ca_file {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    if let Some((certificate, key)) = settings.certificate {
        builder = builder.identity(identity(certificate, key)?);
    }
    Ok(builder)
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, HttpClientError> {
    match Certificate::from_pem_bundle(&pem(path)?) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(HttpClientError::NoCertificates(path.to_owned())),
    }
}

fn identity(certificate: &Path, key: Option<&Path>) -> Result<Identity, HttpClientError> {
    let mut bytes = pem(certificate)?;
    if let Some(key) = key {
        bytes.push(b'\n');
        bytes.extend(pem(key)?);
    }
    Identity::from_pem(&bytes).map_err(|_| HttpClientError::NoIdentity(certificate.to_owned()))
}

fn pem(path: &Path) -> Result<Vec<u8>, HttpClientError> {
    plain_file::pem(path).map_err(|source| HttpClientError::File { path: path.to_owned(), source })
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
