//! From settings as they stand in the file to settings that can be used.

use std::{fs, time::Duration};

use toml::Spanned;

use super::{
    Config, ConfigError, GeoipConfig, GraphConfig, MappingChoice, MappingConfig, OutputConfig, SourceConfig,
    raw::{self, NotBuilt},
    reader::Reader,
};
use crate::secret::Secret;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The oldest that the service answers for (ms-api.md, section 0).
const OLDEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);

pub(super) fn settings(raw: raw::Settings, reader: &Reader<'_>) -> Result<Config, ConfigError> {
    refuse(reader, "", &[("metrics_listen", &raw.metrics_listen), ("dead_letter", &raw.dead_letter)])?;
    let state_dir = match &raw.state_dir {
        Some(value) => reader.file("state_dir", value)?,
        None => return Err(reader.error(0, "`state_dir` is missing".to_owned(), Some("a folder for the ledger"))),
    };
    let mapping = mapping(&raw.mapping, reader)?;
    let geoip = GeoipConfig {
        city: reader.optional_file("geoip.city", &raw.geoip.city)?,
        asn: reader.optional_file("geoip.asn", &raw.geoip.asn)?,
    };
    if raw.source.is_empty() {
        return Err(reader.error(0, "there is no `[[source]]`".to_owned(), Some("at least one source is needed")));
    }
    let sources = raw.source.iter().map(|raw| source(raw, reader)).collect::<Result<_, _>>()?;
    if raw.output.is_empty() {
        return Err(reader.error(0, "there is no `[[output]]`".to_owned(), Some("at least one output is needed")));
    }
    let outputs = raw.output.iter().map(|raw| output(raw, reader)).collect::<Result<_, _>>()?;
    Ok(Config { state_dir, mapping, geoip, sources, outputs })
}

fn mapping(raw: &raw::Mapping, reader: &Reader<'_>) -> Result<MappingConfig, ConfigError> {
    let choice = match (&raw.version, &raw.path) {
        (None, None) => MappingChoice::Default,
        (Some(version), None) => MappingChoice::Version(reader.text("mapping.version", version)?),
        (None, Some(path)) => MappingChoice::Path(reader.file("mapping.path", path)?),
        (Some(_), Some(path)) => {
            let problem = "`mapping.path` and `mapping.version` exclude each other".to_owned();
            return Err(reader.error(path.span().start, problem, None));
        }
    };
    let texts = |key: &str, values: &Option<Vec<Spanned<String>>>| {
        values.as_ref().map(|values| reader.texts(key, values)).transpose()
    };
    Ok(MappingConfig {
        choice,
        preserve_original_event: raw.preserve_original_event.unwrap_or_default(),
        tags: texts("mapping.tags", &raw.tags)?.unwrap_or_else(|| vec!["forwarded".to_owned()]),
        drop_status: texts("mapping.drop_status", &raw.drop_status)?.unwrap_or_default(),
    })
}

fn source(spanned: &Spanned<raw::Source>, reader: &Reader<'_>) -> Result<SourceConfig, ConfigError> {
    let (raw, at) = (spanned.get_ref(), spanned.span().start);
    kind(reader, "source.type", &raw.r#type, at, "graph", &["file", "reporting_webservice"])?;
    refuse(
        reader,
        "source.",
        &[
            ("paths", &raw.paths),
            ("certificate_file", &raw.certificate_file),
            ("private_key_file", &raw.private_key_file),
            ("federated_token_file", &raw.federated_token_file),
            ("managed_identity", &raw.managed_identity),
            ("proxy_url", &raw.proxy_url),
            ("ca_file", &raw.ca_file),
            ("request_trace_dir", &raw.request_trace_dir),
        ],
    )?;
    let initial_interval = reader.some_duration("source.initial_interval", &raw.initial_interval, HOUR)?;
    if let Some(value) = raw.initial_interval.as_ref().filter(|_| initial_interval > OLDEST) {
        let problem = "`source.initial_interval` is longer than the service keeps records".to_owned();
        return Err(reader.error(value.span().start, problem, Some("90days at most")));
    }
    Ok(SourceConfig::Graph(GraphConfig {
        tenant_id: reader.required("source.tenant_id", &raw.tenant_id, at)?,
        client_id: reader.required("source.client_id", &raw.client_id, at)?,
        client_secret: client_secret(raw, at, reader)?,
        local_domains: local_domains(raw, reader)?,
        login_url: reader.url("source.login_url", &raw.login_url, "https://login.microsoftonline.com")?,
        url: reader.url("source.url", &raw.url, "https://graph.microsoft.com")?,
        interval: reader.some_duration("source.interval", &raw.interval, HOUR)?,
        initial_interval,
        additional_look_back: reader.duration("source.additional_look_back", &raw.additional_look_back, HOUR)?,
        min_age: reader.duration("source.min_age", &raw.min_age, Duration::ZERO)?,
        batch_size: batch_size(raw, reader)?,
        request_timeout: reader.some_duration(
            "source.request_timeout",
            &raw.request_timeout,
            Duration::from_secs(60),
        )?,
    }))
}

fn client_secret(raw: &raw::Source, at: usize, reader: &Reader<'_>) -> Result<Secret, ConfigError> {
    match (&raw.client_secret, &raw.client_secret_file) {
        (Some(secret), None) => Ok(Secret::new(reader.text("source.client_secret", secret)?)),
        (None, Some(file)) => {
            let path = reader.file("source.client_secret_file", file)?;
            let text = fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable { path, source })?;
            let text = text.trim_end();
            if text.is_empty() {
                let problem = "`source.client_secret_file`: the file is empty".to_owned();
                return Err(reader.error(file.span().start, problem, None));
            }
            Ok(Secret::new(text.to_owned()))
        }
        (None, None) => {
            let hint = Some("`client_secret = \"${EXOTRACE_CLIENT_SECRET}\"`, or `client_secret_file`");
            Err(reader.error(at, "`source.client_secret` is missing".to_owned(), hint))
        }
        (Some(_), Some(file)) => {
            let problem = "`source.client_secret_file` and `source.client_secret` exclude each other".to_owned();
            Err(reader.error(file.span().start, problem, None))
        }
    }
}

fn local_domains(raw: &raw::Source, reader: &Reader<'_>) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(values) = &raw.local_domains else { return Ok(None) };
    for value in values.iter().filter(|value| value.get_ref().contains('@')) {
        let problem = format!("`source.local_domains`: `{}` is an address, not a domain", value.get_ref());
        return Err(reader.error(value.span().start, problem, Some("only what follows the `@`")));
    }
    reader.texts("source.local_domains", values).map(Some)
}

fn batch_size(raw: &raw::Source, reader: &Reader<'_>) -> Result<u32, ConfigError> {
    let Some(value) = &raw.batch_size else { return Ok(1000) };
    let size = u32::try_from(*value.get_ref()).ok().filter(|size| (1..=5000).contains(size));
    size.ok_or_else(|| {
        let problem = format!("`source.batch_size`: {} is out of range", value.get_ref());
        reader.error(value.span().start, problem, Some("1 to 5000"))
    })
}

fn output(spanned: &Spanned<raw::Output>, reader: &Reader<'_>) -> Result<OutputConfig, ConfigError> {
    let (raw, at) = (spanned.get_ref(), spanned.span().start);
    kind(reader, "output.type", &raw.r#type, at, "stdout", &["file", "elasticsearch", "http"])?;
    let keys = [("path", &raw.path), ("url", &raw.url), ("api_key", &raw.api_key), ("namespace", &raw.namespace)];
    refuse(reader, "output.", &keys)?;
    Ok(OutputConfig::Stdout)
}

/// Checks a `type`: one kind is built, others are promised.
fn kind(
    reader: &Reader<'_>,
    key: &str,
    value: &raw::Value<String>,
    at: usize,
    built: &str,
    promised: &[&str],
) -> Result<(), ConfigError> {
    let kind = reader.required(key, value, at)?;
    let at = value.as_ref().map_or(at, |value| value.span().start);
    if kind == built {
        return Ok(());
    }
    let hint = format!("`{built}`");
    let is_promised = promised.contains(&kind.as_str());
    let problem = if is_promised {
        format!("`{key}`: `{kind}` is not built yet")
    } else {
        format!("`{key}`: there is no `{kind}`")
    };
    Err(reader.error(at, problem, Some(&hint)))
}

/// Refuses keys that nothing uses yet.
fn refuse(reader: &Reader<'_>, section: &str, keys: &[(&str, &NotBuilt)]) -> Result<(), ConfigError> {
    for (key, value) in keys {
        if let Some(value) = value {
            return Err(reader.error(value.span().start, format!("`{section}{key}` is not built yet"), None));
        }
    }
    Ok(())
}
