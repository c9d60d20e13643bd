//! The settings file: TOML, checked before anything is started.
//!
//! No I/O but reading the file itself and the secret files that it names.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::support::plain_file::{self, MAX_SETTINGS_BYTES};

pub(crate) mod environment;
mod error;
mod faults;
mod ids;
mod kinds;
mod labels;
mod mapping;
mod other_formats;
mod output;
mod parse;
mod places;
mod position;
mod raw;
mod reader;
mod service;
mod synonyms;
mod toml_error;
mod validate;

pub use error::ConfigError;
pub use faults::Fault;
pub use labels::SourceLabels;
pub use mapping::{CandidateConfig, CandidateMode, MappingChoice, MappingConfig, MappingLimits, RollbackConfig};
pub use output::{
    Authentication, BodyConfig, ClientCertificate, Compression, ConnectionConfig, ElasticsearchConfig, FileCompression,
    FileOutputConfig, Format, HttpConfig, NamedOutput, OutputConfig, SecretSource,
};
pub use places::Places;
pub use service::{Credential, IdentityEndpoint, ServiceConfig, ServiceKind};

use faults::Faults;

/// Every setting, checked. The README's table explains them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the ledger lies.
    pub state_dir: PathBuf,
    /// Where metrics and health are served.
    pub listen: Option<SocketAddr>,
    /// Names under which they may be asked for, besides `localhost`.
    pub listen_hosts: Vec<String>,
    /// Keys in the file that have another name by now, and that name.
    pub old_names: Vec<(&'static str, &'static str)>,
    /// Which mapping, and how it maps.
    pub mapping: MappingConfig,
    /// Geo databases.
    pub geoip: GeoipConfig,
    /// What is read; at least one.
    pub sources: Vec<SourceConfig>,
    /// Where documents go; at least one.
    pub outputs: Vec<NamedOutput>,
    /// Where records and documents go that cannot be mapped or that an output will never take.
    pub dead_letter: PathBuf,
    /// Namespace of the data stream that all documents are of.
    pub namespace: String,
    /// Where every setting stands, for messages about what it names.
    pub places: Places,
    /// What is not wrong, but probably not meant.
    pub warnings: Vec<Fault>,
    /// What a run would find out from a service, and `check` takes for errors.
    pub strict: Vec<Fault>,
}

/// The data set that Elastic's integration writes to, so that its dashboards find the documents.
pub const DATASET: &str = "microsoft_exchange_online_message_trace.log";

/// The data stream of a namespace.
pub fn data_stream(namespace: &str) -> String {
    format!("logs-{DATASET}-{namespace}")
}

/// What is wrong with a namespace, for people.
pub fn namespace_problem(namespace: &str) -> Option<String> {
    validate::namespace_problem(namespace)
}

/// `[geoip]`
#[derive(Debug, Clone, Default)]
pub struct GeoipConfig {
    /// City database in MaxMind format.
    pub city: Option<PathBuf>,
    /// ASN database in MaxMind format.
    pub asn: Option<PathBuf>,
}

/// `[[source]]`
#[derive(Debug, Clone)]
pub enum SourceConfig {
    /// A service of Microsoft.
    Service(Box<ServiceConfig>),
    /// Files.
    File(FileConfig),
}

/// A source of type `file`.
#[derive(Debug, Clone)]
pub struct FileConfig {
    /// What metrics and health call it.
    pub name: String,
    /// Patterns of paths.
    pub paths: Vec<String>,
    /// Domains of the tenant, for `email.direction`.
    pub local_domains: Option<Vec<String>>,
    /// Between two looks at the files.
    pub interval: Duration,
    /// How dates such as `3/4/2026` are meant.
    pub date_order: Option<DateOrder>,
    /// What tells its documents from those of other sources.
    pub labels: Box<SourceLabels>,
    /// Whether links among the paths are followed.
    pub follow_links: bool,
}

/// What stands first in dates such as `3/4/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum DateOrder {
    /// The month: 4 March.
    #[value(alias = "month-first")]
    MonthFirst,
    /// The day: 3 April.
    #[value(alias = "day-first")]
    DayFirst,
}

impl SourceConfig {
    /// What metrics and health call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Service(service) => &service.name,
            Self::File(files) => &files.name,
        }
    }

    /// Its type, as the settings have it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Service(service) => service.kind.as_str(),
            Self::File(_) => "file",
        }
    }

    /// What tells its documents from those of other sources.
    pub fn labels(&self) -> &SourceLabels {
        match self {
            Self::Service(service) => &service.labels,
            Self::File(files) => &files.labels,
        }
    }

    fn call(&mut self, name: String) {
        match self {
            Self::Service(service) => service.name = name,
            Self::File(files) => files.name = name,
        }
    }

    /// Domains of the tenant, for `email.direction`.
    pub fn local_domains(&self) -> Option<&[String]> {
        match self {
            Self::Service(service) => service.local_domains.as_deref(),
            Self::File(files) => files.local_domains.as_deref(),
        }
    }
}

impl Config {
    /// Reads and checks a settings file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or something in it is wrong: the error names all that is wrong, each with the file,
    /// the line, the key and what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&text(path)?, path, &environment::variable)
    }

    /// As [`Config::load`], and gives what is right of settings that are wrong as well.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn load_in_part(path: &Path) -> Result<(Option<Self>, Option<ConfigError>), ConfigError> {
        Ok(Self::parse_in_part(&text(path)?, path, &environment::variable))
    }

    /// Checks settings; `path` is for messages, and relative paths are relative to its folder.
    /// `variable` gives the values of environment variables.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        match Self::parse_in_part(text, path, variable) {
            (_, Some(error)) => Err(error),
            (Some(config), None) => Ok(config),
            (None, None) => {
                let problem = "settings cannot be read".to_owned();
                Err(ConfigError::Invalid(Fault { line: 1, path: path.to_owned(), problem, hint: None }))
            }
        }
    }

    fn parse_in_part(
        text: &str,
        path: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<Self>, Option<ConfigError>) {
        let faults = Faults::default();
        let reader = reader::Reader::new(text, path, variable, &faults);
        let config = parse::settings(text, &reader).and_then(|raw| validate::settings(&raw, &reader));
        let error = faults.take_error();
        let (warnings, strict) = (faults.take_warnings(), faults.take_strict());
        let places = Places::of(text, path, &faults);
        (config.map(|config| Self { places, warnings, strict, ..config }), error)
    }
}

/// The text of a settings file.
fn text(path: &Path) -> Result<String, ConfigError> {
    plain_file::text(path, MAX_SETTINGS_BYTES)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
