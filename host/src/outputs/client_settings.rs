//! The settings of outputs that send requests: how the host is reached, who asks, and how much goes at once.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use crate::{
    config::{ConfigError, Form, Meant, Question, Setting, Synonyms, ValueReader, service_address},
    pipeline::{OutputError, SettingProblem},
    support::{error_text::explain, http_client::is_loopback, secret::Secret, secret_source::SecretSource},
};

/// The longest that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What Fluent Bit's `http` input takes at most, and within what is good for Elasticsearch.
const MAX_BYTES: u32 = 4_000_000;

/// The most that Elasticsearch takes in any configuration.
const MOST_BYTES: u32 = 2_000_000_000;

/// What `exotrace init` asks for the address of the host.
pub(super) const fn address_question(example: &'static str) -> Question {
    Question {
        key: "url",
        option: "url",
        value_name: "URL",
        about: "Where documents are sent to.",
        form: Form::Text,
        example,
        default: None,
        is_optional: false,
        check: service_address,
    }
}

/// What others call these keys.
pub(super) const SYNONYMS: Synonyms = &[
    (&["host", "endpoint", "uri", "address", "server", "host_url", "endpoint_url", "hosts"], Meant::Key("url")),
    (
        &["auth", "authentication"],
        Meant::Note("`api_key` (Elasticsearch), `bearer_token` (http), or `username` and `password`"),
    ),
    (&["user", "user_name"], Meant::Key("username")),
    (&["pass", "passwd"], Meant::Key("password")),
    (&["bulk_max_size", "batch_size", "batch", "flush_bytes", "max_events"], Meant::Key("max_documents")),
    (&["compression_level", "gzip"], Meant::Key("compression")),
    (&["timeout", "request_timeout_secs"], Meant::Key("request_timeout")),
    (&["proxy", "http_proxy", "https_proxy"], Meant::Key("proxy_url")),
    (&["port"], Meant::Note("`url`: the port is a part of it, as in `https://localhost:9200`")),
    (&["protocol", "scheme"], Meant::Note("`url` begins with it, as in `https://localhost:9200`")),
    (
        &["verify_certificate", "verify_hostname", "tls_verify", "ssl_verify", "ssl_verification_mode", "insecure"],
        Meant::Note("certificates are always checked; `ca_file` names others to trust"),
    ),
    (&["tls", "ssl"], Meant::Note("`ca_file`, `certificate_file` and `private_key_file`; TLS is on with `https`")),
    (
        &["ssl_certificate_authorities", "certificate_authorities", "ca_cert", "cacert", "ca", "cafile"],
        Meant::Key("ca_file"),
    ),
    (
        &["certificate", "cert", "crt_file", "cert_file", "client_cert", "ssl_certificate"],
        Meant::Key("certificate_file"),
    ),
    (&["key_file", "private_key", "ssl_key"], Meant::Key("private_key_file")),
];

/// The settings of a client of HTTP, as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTable {
    /// Allow plain `http` to other machines: secrets and documents are then sent unencrypted. Default: `false`.
    allow_http: Setting<bool>,
    /// User, with `password` or `password_file`.
    pub(super) username: Setting<String>,
    /// Password of the user.
    password: Setting<String>,
    /// File with the password of the user, read again when it changes.
    password_file: Setting<String>,
    /// Maximum size of a request in bytes, before compression; a longer document gets a request of its own. Default: `4000000`.
    max_bytes: Setting<i64>,
    /// Maximum number of documents in a request. Default: `1000`.
    max_documents: Setting<i64>,
    /// Compression of requests: `gzip` or `none`. Default: `gzip`.
    compression: Setting<String>,
    /// Time-out of a request of an output. Default: `60s`.
    request_timeout: Setting<String>,
    /// HTTP proxy for this output. Default: the one of the environment.
    proxy_url: Setting<String>,
    /// Certificates that an output trusts besides those of the system, PEM, read again when the file changes. Default: none.
    ca_file: Setting<String>,
    /// Client certificate of an output, PEM, read again when the file changes. Default: none.
    certificate_file: Setting<String>,
    /// Private key of the client certificate, PEM, read again when the file changes. Default: the one in `certificate_file`.
    private_key_file: Setting<String>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// Nobody, or the subject of the client certificate.
    None,
    /// An API key, as `id:key` in base64.
    ApiKey(SecretSource),
    /// A user.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: SecretSource,
    },
    /// The bearer of this token.
    Bearer(SecretSource),
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectionConfig {
    /// Certificates to trust besides those of the system, PEM.
    pub ca_file: Option<PathBuf>,
    /// What to show when the host asks who is there.
    pub certificate: Option<ClientCertificate>,
    /// HTTP proxy, which may have a password in it; none: the one of the environment.
    pub proxy_url: Option<Secret>,
    /// The longest that one request may take.
    pub request_timeout: Duration,
}

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    /// The certificate and those that signed it, PEM.
    pub certificate_file: PathBuf,
    /// Its key, PEM; none: it is in the certificate's file.
    pub private_key_file: Option<PathBuf>,
}

/// How documents are put together to the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyConfig {
    /// The longest body in bytes, before it is compressed; a longer document has a request of its own.
    pub max_bytes: usize,
    /// The most documents.
    pub max_documents: usize,
    /// How bodies are compressed.
    pub compression: Compression,
}

/// How bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Not at all.
    None,
    /// With gzip.
    Gzip,
}

impl ConnectionConfig {
    /// The files that it names.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let certificate = self.certificate.as_ref();
        let files = [
            self.ca_file.as_ref(),
            certificate.map(|it| &it.certificate_file),
            certificate.and_then(|it| it.private_key_file.as_ref()),
        ];
        files.into_iter().flatten().cloned().collect()
    }
}

impl Authentication {
    /// The secret, with the setting that has it, and the one that names its file.
    pub(crate) fn secret(&self) -> Option<(&'static str, &'static str, &SecretSource)> {
        match self {
            Self::None => None,
            Self::ApiKey(secret) => Some(("api_key", "api_key_file", secret)),
            Self::Basic { password, .. } => Some(("password", "password_file", password)),
            Self::Bearer(secret) => Some(("bearer_token", "bearer_token_file", secret)),
        }
    }
}

/// A key that says who asks, what it has in the settings, and what that makes.
pub(super) type Way<'s> = (&'static str, &'s Setting<String>, fn(SecretSource) -> Authentication);

impl ClientTable {
    /// How to say who asks: in one way at most. `ways` are those of the kind besides a user.
    pub(super) fn authentication(
        &self,
        ways: &[Way<'_>],
        reader: &ValueReader<'_>,
    ) -> Result<Authentication, ConfigError> {
        let ways = ways.iter().map(|(key, value, is)| (*key, *value, Some(is)));
        let ways = ways.chain([("username", &self.username, None)]);
        let mut given = ways.filter_map(|(key, value, is)| Some((key, value.as_ref()?, is)));
        let first = given.next();
        if let (Some((key, ..)), Some((other, second, _))) = (first, given.next()) {
            let problem = reader.exclude(other, key);
            return Err(reader.error(second.span().start, problem, Some("keep one of them")));
        }
        if first.is_none_or(|(_, _, is)| is.is_some()) {
            for (key, password) in [("password", &self.password), ("password_file", &self.password_file)] {
                if let Some(password) = password {
                    let problem = format!("`{}` goes with `username`", reader.dotted(key));
                    return Err(reader.error(password.span().start, problem, Some("give both or none")));
                }
            }
        }
        match first {
            None => Ok(Authentication::None),
            Some((key, value, Some(is))) => secret(key, value, reader).map(is),
            Some((_, value, None)) => basic(value, self, reader),
        }
    }

    /// The address of a host that documents are sent to.
    pub(super) fn url(&self, key: &str, value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<Url, ConfigError> {
        let url = reader.any_url(key, value)?;
        let is_allowed = self.allow_http.as_ref().is_some_and(|allow| *allow.get_ref());
        if url.scheme() == "http" && !is_loopback(&url) && !is_allowed {
            let problem = format!("`{}`: `http` would send secrets and documents in the clear", reader.dotted(key));
            let hint = "`https`, or `allow_http = true` if that is meant";
            return Err(reader.error(value.span().start, problem, Some(hint)));
        }
        Ok(url)
    }
}

/// The host and port of an address: what else it has may be a secret.
pub(super) fn host(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}

fn basic(
    value: &Spanned<String>,
    table: &ClientTable,
    reader: &ValueReader<'_>,
) -> Result<Authentication, ConfigError> {
    let password = match (&table.password, &table.password_file) {
        (Some(password), None) => secret("password", password, reader),
        (None, Some(file)) => secret("password_file", file, reader),
        (Some(_), Some(file)) => {
            let problem = reader.exclude("password_file", "password");
            Err(reader.error(file.span().start, problem, Some("keep one of them")))
        }
        (None, None) => Err(reader.missing("password", value.span().start, Some("`password` or `password_file`"))),
    };
    let username = reader.text("username", value)?;
    if username.contains(':') {
        let problem = format!("`{}` has a `:` in it, which HTTP does not allow", reader.dotted("username"));
        return Err(reader.error(value.span().start, problem, None));
    }
    Ok(Authentication::Basic { username, password: password? })
}

/// A secret in the settings, or in a file where the key says so.
fn secret(key: &str, value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<SecretSource, ConfigError> {
    if key.ends_with("_file") {
        return Ok(SecretSource::File(reader.secret_file(key, value)?));
    }
    Ok(SecretSource::Text(reader.secret(key, value)?))
}

pub(super) fn connection(table: &ClientTable, reader: &ValueReader<'_>) -> Result<ConnectionConfig, ConfigError> {
    let certificate = certificate(table, reader);
    let ca_file = reader.optional_file("ca_file", &table.ca_file);
    let proxy_url = reader.proxy("proxy_url", &table.proxy_url);
    let request_timeout = reader.some_duration("request_timeout", &table.request_timeout, REQUEST_TIMEOUT);
    Ok(ConnectionConfig {
        ca_file: ca_file?,
        certificate: certificate?,
        proxy_url: proxy_url?,
        request_timeout: request_timeout?,
    })
}

fn certificate(table: &ClientTable, reader: &ValueReader<'_>) -> Result<Option<ClientCertificate>, ConfigError> {
    match (&table.certificate_file, &table.private_key_file) {
        (Some(certificate), key) => {
            let certificate_file = reader.file("certificate_file", certificate)?;
            if key.is_none() {
                reader.note_secret_file("certificate_file", &certificate_file);
            }
            let private_key_file = reader.optional_secret_file("private_key_file", key)?;
            Ok(Some(ClientCertificate { certificate_file, private_key_file }))
        }
        (None, Some(key)) => {
            let problem = format!("`{}` goes with `certificate_file`", reader.dotted("private_key_file"));
            Err(reader.error(key.span().start, problem, Some("give both or none")))
        }
        (None, None) => Ok(None),
    }
}

pub(super) fn body(table: &ClientTable, reader: &ValueReader<'_>) -> Result<BodyConfig, ConfigError> {
    let compression = reader.choice("compression", &table.compression, &["gzip", "none"]);
    let max_bytes = reader.number("max_bytes", &table.max_bytes, 1..=MOST_BYTES, MAX_BYTES);
    let max_documents = reader.number("max_documents", &table.max_documents, 1..=1_000_000, 1000);
    let compression = if compression? == Some("none") { Compression::None } else { Compression::Gzip };
    Ok(BodyConfig { max_bytes: max_bytes? as usize, max_documents: max_documents? as usize, compression })
}

/// What cannot be used of what the settings of a client name: `error` is why the output cannot be made.
pub(super) fn check(
    error: Option<OutputError>,
    connection: &ConnectionConfig,
    authentication: &Authentication,
) -> Vec<SettingProblem> {
    let Some(error) = error else { return Vec::new() };
    let text = explain(&error);
    let certificate = connection.certificate.as_ref();
    let files = [
        ("ca_file", connection.ca_file.as_ref()),
        ("private_key_file", certificate.and_then(|it| it.private_key_file.as_ref())),
        ("certificate_file", certificate.map(|it| &it.certificate_file)),
    ];
    let is_in = |path: &PathBuf| text.contains(&format!("`{}`", path.display()));
    let found = files.into_iter().find(|(_, path)| path.is_some_and(is_in));
    let key = match (found, authentication.secret()) {
        (Some((key, _)), _) => key,
        (None, Some((_, file_key, SecretSource::File(_)))) => file_key,
        (None, Some((key, _, SecretSource::Text(_)))) => key,
        (None, None) => "type",
    };
    vec![SettingProblem::error(key, &text)]
}
