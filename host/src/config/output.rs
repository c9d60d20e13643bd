//! What the settings say of outputs.

use std::{path::PathBuf, time::Duration};

use http::HeaderName;
use url::Url;

use crate::support::secret::Secret;

/// `[[output]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedOutput {
    /// What logs, the ledger and the dead letter call it.
    pub name: String,
    /// What it is.
    pub config: OutputConfig,
}

/// What an output is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputConfig {
    /// Documents on standard output, one a line.
    Stdout,
    /// Documents in a file, one a line.
    File(FileOutputConfig),
    /// Documents in a data stream of Elasticsearch or OpenSearch.
    Elasticsearch(Box<ElasticsearchConfig>),
    /// Documents in requests to whatever takes them over HTTP.
    Http(Box<HttpConfig>),
}

impl OutputConfig {
    /// Its type, as the settings have it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File(_) => "file",
            Self::Elasticsearch(_) => "elasticsearch",
            Self::Http(_) => "http",
        }
    }
}

/// An output of type `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutputConfig {
    /// The file that is written.
    pub path: PathBuf,
    /// When the file is as long as this, another one is begun.
    pub rotate_bytes: u64,
    /// When the file is as old as this, another one is begun.
    pub rotate_age: Duration,
    /// How finished files are compressed.
    pub compression: FileCompression,
    /// How many finished files are kept; `None`: all.
    pub keep: Option<u32>,
    /// The permissions of the files; `None`: what the umask leaves of the usual ones.
    pub mode: Option<u32>,
}

/// How finished files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCompression {
    /// Not at all.
    None,
    /// With gzip.
    Gzip,
    /// With Zstandard.
    Zstd,
}

/// An output of type `elasticsearch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElasticsearchConfig {
    /// Hosts of one cluster; at least one.
    pub urls: Vec<Url>,
    /// Where documents go.
    pub data_stream: String,
    /// The ingest pipeline; `_none` is none.
    pub pipeline: String,
    /// Who asks.
    pub authentication: Authentication,
    /// How the hosts are reached.
    pub connection: ConnectionConfig,
    /// How documents are put together.
    pub body: BodyConfig,
}

/// An output of type `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Where documents are posted to.
    pub url: Url,
    /// How documents stand in a request.
    pub format: Format,
    /// More headers.
    pub headers: Vec<(HeaderName, SecretSource)>,
    /// Who asks.
    pub authentication: Authentication,
    /// How the host is reached.
    pub connection: ConnectionConfig,
    /// How documents are put together.
    pub body: BodyConfig,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Nobody in particular, or whoever the client certificate names.
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
    /// Whoever has this token.
    Bearer(SecretSource),
}

/// Where a secret of an output comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The settings have it.
    Text(Secret),
    /// A file has it, and is read anew when it changes.
    File(PathBuf),
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionConfig {
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
pub struct ClientCertificate {
    /// The certificate and those that signed it, PEM.
    pub certificate_file: PathBuf,
    /// Its key, PEM; none: it is in the certificate's file.
    pub private_key_file: Option<PathBuf>,
}

/// How documents are put together to the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyConfig {
    /// The longest body in bytes, before it is compressed; a longer document has a request of its own.
    pub max_bytes: usize,
    /// The most documents.
    pub max_documents: usize,
    /// How bodies are compressed.
    pub compression: Compression,
}

/// How bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// With gzip.
    Gzip,
}

/// How documents stand in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One a line.
    Ndjson,
    /// In one JSON array.
    JsonArray,
}

impl Authentication {
    /// The secret, with the setting that has it, and the one that names its file.
    pub fn secret(&self) -> Option<(&'static str, &'static str, &SecretSource)> {
        match self {
            Self::None => None,
            Self::ApiKey(secret) => Some(("api_key", "api_key_file", secret)),
            Self::Basic { password, .. } => Some(("password", "password_file", password)),
            Self::Bearer(secret) => Some(("bearer_token", "bearer_token_file", secret)),
        }
    }
}

impl OutputConfig {
    /// What the output is called unless the settings say it.
    pub fn default_name(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_owned(),
            // Without its folder: where the program was started must not make it another output.
            Self::File(file) => format!("file {}", file.path.file_name().unwrap_or_default().display()),
            Self::Elasticsearch(config) => format!("elasticsearch {}", config.urls.first().map_or("", host)),
            Self::Http(config) => format!("http {}", host(&config.url)),
        }
    }
}

/// The host and port of an address: what else it has may be a secret.
fn host(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}
