//! A source that is a service of Microsoft.

use std::time::Duration;

use super::{credential, labels, local_domains, misplaced};
use crate::config::{
    ConfigError, ServiceConfig, ServiceKind,
    ids::{is_domain, is_guid},
    raw,
    reader::Reader,
    service::Cloud,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) fn source(
    kind: ServiceKind,
    raw: &raw::Source,
    at: usize,
    reader: &Reader<'_>,
) -> Result<ServiceConfig, ConfigError> {
    let misplaced = misplaced(reader, "source", kind.as_str(), &raw.keys(at));
    let cloud = cloud(kind, raw, reader);
    let (login_url, url, outlook_scope) = match &cloud {
        Ok(cloud) => (cloud.login_url(), cloud.url(kind).unwrap_or_default(), cloud.outlook_scope()),
        Err(_) => (Cloud::Global.login_url(), Cloud::Global.url(kind).unwrap_or_default(), ""),
    };
    let tenant_id = tenant_id(raw, at, reader);
    let credential = credential::credential(raw, at, reader);
    let local_domains = local_domains(raw, reader);
    let labels = labels::labels(raw, reader);
    let login_url = reader.url("login_url", &raw.login_url, login_url);
    let url = reader.url("url", &raw.url, url);
    let interval = reader.some_duration("interval", &raw.interval, HOUR);
    let initial_interval = within_look_back(kind, "initial_interval", &raw.initial_interval, reader);
    let additional_look_back = within_look_back(kind, "additional_look_back", &raw.additional_look_back, reader);
    let min_age = reader.duration("min_age", &raw.min_age, Duration::ZERO);
    let batch_size = reader.number("batch_size", &raw.batch_size, 1..=kind.most_rows(), 1000);
    let request_timeout = reader.some_duration("request_timeout", &raw.request_timeout, Duration::from_secs(60));
    let request_budget = reader.number("request_budget", &raw.request_budget, 1..=1_000_000, 90);
    let proxy_url = reader.proxy("proxy_url", &raw.proxy_url);
    let ca_file = reader.optional_file("ca_file", &raw.ca_file);
    let request_trace_dir = reader.optional_file("request_trace_dir", &raw.request_trace_dir);
    misplaced?;
    cloud?;
    Ok(ServiceConfig {
        kind,
        name: String::new(),
        tenant_id: tenant_id?,
        credential: credential?,
        local_domains: local_domains?,
        labels: labels?,
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
    })
}

/// The tenant: its id, or one of its domains.
fn tenant_id(raw: &raw::Source, at: usize, reader: &Reader<'_>) -> Result<String, ConfigError> {
    let text = reader.required("tenant_id", &raw.tenant_id, at)?;
    if !is_guid(text.trim()) && !is_domain(text.trim()) {
        let at = raw.tenant_id.as_ref().map_or(at, |value| value.span().start);
        let problem = format!("`{}` is neither a GUID nor a domain", reader.dotted("tenant_id"));
        let hint = "the directory (tenant) id, or a domain as `contoso.onmicrosoft.com`";
        reader.strict(at, problem, Some(hint));
    }
    Ok(text)
}

fn cloud(kind: ServiceKind, raw: &raw::Source, reader: &Reader<'_>) -> Result<Cloud, ConfigError> {
    let cloud = match reader.choice("cloud", &raw.cloud, &["global", "gcc_high", "dod", "china"])? {
        Some("gcc_high") => Cloud::GccHigh,
        Some("dod") => Cloud::Dod,
        Some("china") => Cloud::China,
        _ => Cloud::Global,
    };
    match &raw.cloud {
        Some(value) if cloud.url(kind).is_none() && raw.url.is_none() => {
            let problem = format!("`{}`: this cloud has no known Reporting Web Service", reader.dotted("cloud"));
            Err(reader.error(value.span().start, problem, Some("give its `url`, or export to files")))
        }
        _ => Ok(cloud),
    }
}

fn within_look_back(
    kind: ServiceKind,
    key: &str,
    value: &raw::Value<String>,
    reader: &Reader<'_>,
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
