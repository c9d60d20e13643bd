//! The settings of librdkafka that every client has.

use std::{path::Path, sync::Arc};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use tokio::task::spawn_blocking;
use tracing::enabled;

use super::{
    error::KafkaClientError,
    sasl::Sasl,
    secrets::read,
    settings::{KafkaClientConfig, TlsConfig},
    token::TokenProvider,
};
use crate::support::{error_text::explain, file_watch::WatchedFiles, plain_file};

/// Clients of one cluster: what they are made with, read from the files that the settings name. Not to be shown: there
/// are secrets in it.
pub(crate) struct KafkaClient {
    /// As librdkafka calls it; with secrets in it.
    pub settings: ClientConfig,
    /// Gives tokens, where they are signed in with.
    pub tokens: Option<Arc<TokenProvider>>,
    /// The files that were read.
    files: WatchedFiles,
}

impl KafkaClient {
    /// Reads the files that the settings name; sends nothing.
    ///
    /// # Errors
    ///
    /// When one cannot be used.
    pub(crate) fn new(config: &KafkaClientConfig) -> Result<Self, KafkaClientError> {
        // Before a client does, so that OpenSSL frees nothing when the process ends: threads of clients that are not
        // waited for go on until then.
        openssl_sys::init();
        // Before they are read, so that a change in the meantime counts.
        let files = WatchedFiles::new(config.files());
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", config.brokers.join(","));
        settings.set("client.id", "exotrace");
        // What a broker closes because nothing was sent is no trouble.
        settings.set("log.connection.close", "false");
        settings.set("socket.keepalive.enable", "true");
        settings.set("socket.connection.setup.timeout.ms", "10000");
        settings.set("reconnect.backoff.max.ms", "5000");
        settings.set_log_level(if enabled!(tracing::Level::DEBUG) {
            RDKafkaLogLevel::Info
        } else {
            RDKafkaLogLevel::Error
        });
        let protocol = match (&config.tls, &config.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        settings.set("security.protocol", protocol);
        if let Some(tls) = &config.tls {
            set_tls(&mut settings, tls)?;
        }
        let tokens = config.sasl.as_ref().map(|sasl| set_sasl(&mut settings, sasl)).transpose()?.flatten();
        Ok(Self { settings, tokens, files })
    }

    /// Whether what it was made of has changed.
    pub(crate) fn is_outdated(&self) -> bool {
        self.files.have_changed()
    }
}

fn set_tls(settings: &mut ClientConfig, tls: &TlsConfig) -> Result<(), KafkaClientError> {
    match &tls.ca_file {
        Some(path) => {
            let hint = "`ca_file` has to have certificates in PEM";
            settings.set("ssl.ca.location", pem(path, "-----BEGIN CERTIFICATE-----", hint)?);
        }
        // Where the system has them: the TLS within librdkafka was built on another machine.
        None => {
            settings.set("ssl.ca.location", "probe");
        }
    }
    if let Some(certificate) = &tls.certificate_file {
        let hint = "a certificate in PEM, with those that signed it behind it";
        settings.set("ssl.certificate.location", pem(certificate, "-----BEGIN CERTIFICATE-----", hint)?);
        let key = tls.private_key_file.as_ref().unwrap_or(certificate);
        let hint = "a private key in PEM without a password, in this file or in `private_key_file`";
        settings.set("ssl.key.location", pem(key, "PRIVATE KEY-----", hint)?);
    }
    Ok(())
}

/// The path of a file that has this in it.
fn pem(path: &Path, wanted: &str, hint: &'static str) -> Result<String, KafkaClientError> {
    let bytes = plain_file::pem(path).map_err(|source| KafkaClientError::File { path: path.to_owned(), source })?;
    let is_there = String::from_utf8_lossy(&bytes).contains(wanted);
    match path.to_str() {
        Some(text) if is_there => Ok(text.to_owned()),
        Some(_) => Err(KafkaClientError::NotPem { path: path.to_owned(), hint }),
        None => Err(KafkaClientError::NotPem { path: path.to_owned(), hint: "its path has to be UTF-8" }),
    }
}

fn set_sasl(settings: &mut ClientConfig, sasl: &Sasl) -> Result<Option<Arc<TokenProvider>>, KafkaClientError> {
    if let Sasl::Password { mechanism, username, password } = sasl {
        settings.set("sasl.mechanisms", *mechanism);
        settings.set("sasl.username", username);
        settings.set("sasl.password", read(password)?.expose());
        return Ok(None);
    }
    settings.set("sasl.mechanisms", "OAUTHBEARER");
    TokenProvider::new(sasl).map(Some)
}

/// What of the files that the settings name cannot be used: the key and the problem.
pub(crate) fn check(config: &KafkaClientConfig) -> Option<(&'static str, String)> {
    // With a runtime, since the client of an identity provider has one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let _entered = runtime.enter();
    let text = explain(&KafkaClient::new(config).err()?);
    Some((config.key_in(&text), text))
}

/// Does something that waits for brokers, where that does no harm.
///
/// # Errors
///
/// When it fails, or the thread that does it.
pub(crate) async fn in_background<T: Send + 'static, E: From<tokio::task::JoinError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    spawn_blocking(work).await?
}
