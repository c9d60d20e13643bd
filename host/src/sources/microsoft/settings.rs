//! The settings of a source that is a service of Microsoft.

use std::{path::PathBuf, time::Duration};

use url::Url;

use super::{
    cloud::{self, Cloud},
    credential::{self, Credential},
    details_config::DetailsConfig,
    look_back::LookBack,
    service_kind::ServiceKind,
    service_table::ServiceTable,
    setup::SETUPS,
};
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, keys},
    pipeline::SourceContext,
    support::{
        microsoft_id::{TENANT_ID_HINT, is_tenant_id},
        secret::Secret,
    },
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A source of type `graph` or `reporting_webservice`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceConfig {
    /// Which service.
    pub kind: ServiceKind,
    /// The tenant: its id or one of its domains.
    pub tenant_id: String,
    /// How to sign in.
    pub credential: Credential,
    /// Where to sign in.
    pub login_url: Url,
    /// Where the service is.
    pub url: Url,
    /// What to ask a token of the Reporting Web Service for.
    pub outlook_scope: &'static str,
    /// Between polls.
    pub interval: Duration,
    /// How far back the first poll goes.
    pub initial_interval: Duration,
    /// How far back every later poll reads again, for records that show up late.
    pub additional_look_back: LookBack,
    /// How much of the newest part is left for the next poll.
    pub min_age: Duration,
    /// Rows a page, `$top`.
    pub batch_size: u32,
    /// The longest that one request may take.
    pub request_timeout: Duration,
    /// Requests in any five minutes.
    pub request_budget: u32,
    /// HTTP proxy, which may have a password in it; none: the one of the environment.
    pub proxy_url: Option<Secret>,
    /// Certificates to trust besides those of the system, PEM.
    pub ca_file: Option<PathBuf>,
    /// Where requests and answers are written to.
    pub request_trace_dir: Option<PathBuf>,
    /// Which details of deliveries are read; none: no details.
    pub details: Option<DetailsConfig>,
}

impl ServiceConfig {
    /// What a token is asked for: the service itself.
    pub(crate) fn scope(&self) -> String {
        match self.kind {
            ServiceKind::Graph => format!("{}/.default", self.url.origin().ascii_serialization()),
            ServiceKind::ReportingWebService => self.outlook_scope.to_owned(),
        }
    }
}

impl SectionKind<SourceContext> for ServiceConfig {
    const NAMES: &'static [&'static str] = &["graph", "reporting_webservice"];
    const SYNONYMS: &'static [Synonyms] = &[&[
        (&["tenant", "directory_id", "tenantid"], Meant::Key("tenant_id")),
        (&["client", "app_id", "application_id", "clientid"], Meant::Key("client_id")),
        (&["secret", "secret_value", "clientsecret", "oauth2_client_secret"], Meant::Key("client_secret")),
        (&["secret_file", "client_secret_path"], Meant::Key("client_secret_file")),
        (&["certificate", "cert", "cert_file", "pfx", "pfx_file"], Meant::Key("certificate_file")),
        (&["key_file", "private_key"], Meant::Key("private_key_file")),
        (&["look_back", "lookback", "initial_look_back", "start"], Meant::Key("initial_interval")),
        (&["page_size", "limit", "top"], Meant::Key("batch_size")),
        (&["graph_url", "endpoint", "base_url"], Meant::Key("url")),
        (&["authority", "token_url", "login", "token_endpoint", "oauth2"], Meant::Key("login_url")),
        (&["scope", "scopes", "resource"], Meant::Note("the scope follows from `url`, or `cloud`")),
        (&["timeout", "request_timeout_secs", "resource_timeout"], Meant::Key("request_timeout")),
        (&["proxy", "http_proxy", "https_proxy"], Meant::Key("proxy_url")),
        (&["ssl_certificate_authorities", "certificate_authorities", "ca_cert", "cacert", "ca"], Meant::Key("ca_file")),
    ]];

    const SETUPS: &'static [Setup] = SETUPS;

    fn keys() -> Vec<&'static str> {
        keys::<ServiceTable>().to_vec()
    }

    fn read(
        name: &'static str,
        section: &Section<'_, '_>,
        context: &SourceContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let kind = ServiceKind::named(name);
        let table: ServiceTable = section.read(reader)?;
        let cloud = cloud::read(kind, &table.cloud, &table.url, reader);
        let (login_url, url, outlook_scope) = match &cloud {
            Ok(cloud) => (cloud.login_url(), cloud.url(kind).unwrap_or_default(), cloud.outlook_scope()),
            Err(_) => (Cloud::Global.login_url(), Cloud::Global.url(kind).unwrap_or_default(), ""),
        };
        let tenant_id = tenant_id(&table, section.start(), reader);
        let credential = credential::read(&table, section.start(), reader);
        let login_url = reader.url("login_url", &table.login_url, login_url);
        let url = reader.url("url", &table.url, url);
        let interval = reader.some_duration("interval", &table.interval, HOUR);
        let initial_interval = within_look_back(kind, "initial_interval", &table.initial_interval, reader);
        let additional_look_back = look_back_or_auto(kind, "additional_look_back", &table.additional_look_back, reader);
        let min_age = reader.duration("min_age", &table.min_age, Duration::ZERO);
        let batch_size = reader.number("batch_size", &table.batch_size, 1..=kind.most_rows(), 1000);
        let request_timeout = reader.some_duration("request_timeout", &table.request_timeout, Duration::from_secs(60));
        let request_budget = reader.number("request_budget", &table.request_budget, 1..=1_000_000, 90);
        let proxy_url = reader.proxy("proxy_url", &table.proxy_url);
        let ca_file = reader.optional_file("ca_file", &table.ca_file);
        let request_trace_dir = reader.optional_file("request_trace_dir", &table.request_trace_dir);
        let details = DetailsConfig::read(
            kind,
            table.details.as_ref(),
            section.prefix(),
            context.local_domains.as_deref(),
            reader,
        );
        cloud?;
        Ok(Self {
            kind,
            tenant_id: tenant_id?,
            credential: credential?,
            login_url: login_url?,
            url: url?,
            outlook_scope,
            interval: interval?,
            initial_interval: initial_interval?,
            additional_look_back: additional_look_back?,
            min_age: min_age?,
            batch_size: batch_size?,
            request_timeout: request_timeout?,
            request_budget: request_budget?,
            proxy_url: proxy_url?,
            ca_file: ca_file?,
            request_trace_dir: request_trace_dir?,
            details: details?,
        })
    }
}

/// What the ledger knows a source by: as long as it stays the same, so does what is done.
pub(crate) fn service_name(config: &ServiceConfig) -> String {
    let client = config.credential.client_id().unwrap_or("system");
    format!("{} {} {} {client}", config.kind.as_str(), config.url.as_str().trim_end_matches('/'), config.tenant_id)
}

/// What the ledger counts the requests of a source by: its tenant, for all clients.
pub(crate) fn budget_name(config: &ServiceConfig) -> String {
    format!("{} {}", config.kind.as_str(), config.tenant_id.to_lowercase())
}

/// The tenant: its id, or one of its domains.
fn tenant_id(table: &ServiceTable, at: usize, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.required("tenant_id", &table.tenant_id, at)?;
    if !is_tenant_id(text.trim()) {
        let at = table.tenant_id.as_ref().map_or(at, |value| value.span().start);
        let problem = format!("`{}` is neither a GUID nor a domain", reader.dotted("tenant_id"));
        reader.strict(at, problem, Some(TENANT_ID_HINT));
    }
    Ok(text)
}

/// A length of time, or that it is measured.
fn look_back_or_auto(
    kind: ServiceKind,
    key: &str,
    value: &Setting<String>,
    reader: &ValueReader<'_>,
) -> Result<LookBack, ConfigError> {
    if value.as_ref().is_some_and(|value| value.get_ref().trim() == "auto") {
        return Ok(LookBack::Auto);
    }
    within_look_back(kind, key, value, reader).map(LookBack::Fixed)
}

fn within_look_back(
    kind: ServiceKind,
    key: &str,
    value: &Setting<String>,
    reader: &ValueReader<'_>,
) -> Result<Duration, ConfigError> {
    let duration = if key == "initial_interval" {
        reader.some_duration(key, value, HOUR)?
    } else {
        reader.duration(key, value, HOUR)?
    };
    match value {
        Some(value) if duration > kind.look_back() => {
            let problem = format!("`{}` is longer than the service keeps records", reader.dotted(key));
            let hint = match kind {
                ServiceKind::Graph => "90days at most",
                ServiceKind::ReportingWebService => "200h at most",
            };
            Err(reader.error(value.span().start, problem, Some(hint)))
        }
        _ => Ok(duration),
    }
}
