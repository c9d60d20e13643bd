//! From settings as they stand in the file to settings that can be used.

use std::time::Duration;

use toml::Spanned;

use super::{
    Config, ConfigError, GeoipConfig, GraphConfig, MappingChoice, MappingConfig, OutputConfig, SourceConfig,
    position::prefix,
    raw::{self, NotBuilt},
    reader::Reader,
};
use crate::{ledger::MAX_LOOK_BACK, secret::Secret};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The oldest that the service answers for (ms-api.md, section 0).
const OLDEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);

pub(super) fn settings(raw: raw::Settings, reader: &Reader<'_>) -> Result<Config, ConfigError> {
    refuse(reader, &raw.not_built())?;
    let state_dir = match &raw.state_dir {
        Some(value) => reader.file("state_dir", value)?,
        None => return Err(reader.error(0, "`state_dir` is missing".to_owned(), Some("a folder for the ledger"))),
    };
    let mapping = mapping(&raw.mapping, &reader.within("mapping."))?;
    let geoip = GeoipConfig {
        city: reader.optional_file("geoip.city", &raw.geoip.city)?,
        asn: reader.optional_file("geoip.asn", &raw.geoip.asn)?,
    };
    if raw.source.is_empty() {
        return Err(reader.error(0, "there is no `[[source]]`".to_owned(), Some("at least one source is needed")));
    }
    let mut sources = Vec::new();
    for (index, section) in raw.source.iter().enumerate() {
        sources.push(source(section, &reader.within(&prefix("source", index, raw.source.len())))?);
    }
    if raw.output.is_empty() {
        return Err(reader.error(0, "there is no `[[output]]`".to_owned(), Some("at least one output is needed")));
    }
    let mut outputs = Vec::new();
    for (index, section) in raw.output.iter().enumerate() {
        outputs.push(output(section, &reader.within(&prefix("output", index, raw.output.len())))?);
    }
    Ok(Config { state_dir, mapping, geoip, sources, outputs })
}

fn mapping(raw: &raw::Mapping, reader: &Reader<'_>) -> Result<MappingConfig, ConfigError> {
    let choice = match (&raw.version, &raw.path) {
        (None, None) => MappingChoice::Default,
        (Some(version), None) => MappingChoice::Version(reader.text("version", version)?),
        (None, Some(path)) => MappingChoice::Path(reader.file("path", path)?),
        (Some(_), Some(path)) => {
            let problem = exclude(reader, "path", "version");
            return Err(reader.error(path.span().start, problem, Some("keep one of them")));
        }
    };
    let texts = |key: &str, values: &Option<Vec<Spanned<String>>>| {
        values.as_ref().map(|values| reader.texts(key, values)).transpose()
    };
    Ok(MappingConfig {
        choice,
        preserve_original_event: raw.preserve_original_event.unwrap_or_default(),
        tags: texts("tags", &raw.tags)?.unwrap_or_else(|| vec!["forwarded".to_owned()]),
        drop_status: texts("drop_status", &raw.drop_status)?.unwrap_or_default(),
        suffix_list: reader.optional_file("suffix_list", &raw.suffix_list)?,
    })
}

fn source(spanned: &Spanned<raw::Source>, reader: &Reader<'_>) -> Result<SourceConfig, ConfigError> {
    let (raw, at) = (spanned.get_ref(), spanned.span().start);
    kind(reader, "type", &raw.r#type, at, "graph", &["file", "reporting_webservice"])?;
    refuse(reader, &raw.not_built())?;
    let initial_interval = reader.some_duration("initial_interval", &raw.initial_interval, HOUR)?;
    if let Some(value) = raw.initial_interval.as_ref().filter(|_| initial_interval > OLDEST) {
        let problem = format!("`{}` is longer than the service keeps records", reader.dotted("initial_interval"));
        return Err(reader.error(value.span().start, problem, Some("90days at most")));
    }
    Ok(SourceConfig::Graph(GraphConfig {
        tenant_id: reader.required("tenant_id", &raw.tenant_id, at)?,
        client_id: reader.required("client_id", &raw.client_id, at)?,
        client_secret: client_secret(raw, at, reader)?,
        local_domains: local_domains(raw, reader)?,
        login_url: reader.url("login_url", &raw.login_url, "https://login.microsoftonline.com")?,
        url: reader.url("url", &raw.url, "https://graph.microsoft.com")?,
        interval: reader.some_duration("interval", &raw.interval, HOUR)?,
        initial_interval,
        additional_look_back: look_back(raw, reader)?,
        min_age: reader.duration("min_age", &raw.min_age, Duration::ZERO)?,
        batch_size: batch_size(raw, reader)?,
        request_timeout: reader.some_duration("request_timeout", &raw.request_timeout, Duration::from_secs(60))?,
    }))
}

fn look_back(raw: &raw::Source, reader: &Reader<'_>) -> Result<Duration, ConfigError> {
    let look_back = reader.duration("additional_look_back", &raw.additional_look_back, HOUR)?;
    if let Some(value) = raw.additional_look_back.as_ref().filter(|_| look_back > MAX_LOOK_BACK) {
        let problem =
            format!("`{}` leaves no room in a query, which spans ten days", reader.dotted("additional_look_back"));
        return Err(reader.error(value.span().start, problem, Some("9days at most")));
    }
    Ok(look_back)
}

fn client_secret(raw: &raw::Source, at: usize, reader: &Reader<'_>) -> Result<Secret, ConfigError> {
    match (&raw.client_secret, &raw.client_secret_file) {
        (Some(secret), None) => Ok(Secret::new(reader.text("client_secret", secret)?)),
        (None, Some(file)) => {
            let contents = reader.contents("client_secret_file", file)?;
            let text = contents.trim_end();
            if text.is_empty() {
                let problem = format!("`{}`: the file is empty", reader.dotted("client_secret_file"));
                return Err(reader.error(file.span().start, problem, None));
            }
            Ok(Secret::new(text.to_owned()))
        }
        (None, None) => {
            let hint = Some("`client_secret = \"${EXOTRACE_CLIENT_SECRET}\"`, or `client_secret_file`");
            Err(reader.error(at, format!("`{}` is missing", reader.dotted("client_secret")), hint))
        }
        (Some(_), Some(file)) => {
            let problem = exclude(reader, "client_secret_file", "client_secret");
            Err(reader.error(file.span().start, problem, Some("keep one of them")))
        }
    }
}

fn local_domains(raw: &raw::Source, reader: &Reader<'_>) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(values) = &raw.local_domains else { return Ok(None) };
    let mut domains = Vec::new();
    for value in values {
        let domain = reader.text("local_domains", value)?.trim().to_owned();
        if domain.contains('@') {
            let key = reader.dotted("local_domains");
            let problem = format!("`{key}`: `{}` is an address, not a domain", value.get_ref());
            return Err(reader.error(value.span().start, problem, Some("only what follows the `@`")));
        }
        domains.push(domain);
    }
    Ok(Some(domains))
}

fn batch_size(raw: &raw::Source, reader: &Reader<'_>) -> Result<u32, ConfigError> {
    let Some(value) = &raw.batch_size else { return Ok(1000) };
    let size = u32::try_from(*value.get_ref()).ok().filter(|size| (1..=5000).contains(size));
    size.ok_or_else(|| {
        let problem = format!("`{}`: {} is out of range", reader.dotted("batch_size"), value.get_ref());
        reader.error(value.span().start, problem, Some("1 to 5000"))
    })
}

fn output(spanned: &Spanned<raw::Output>, reader: &Reader<'_>) -> Result<OutputConfig, ConfigError> {
    let (raw, at) = (spanned.get_ref(), spanned.span().start);
    kind(reader, "type", &raw.r#type, at, "stdout", &["file", "elasticsearch", "http"])?;
    refuse(reader, &raw.not_built())?;
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
    let Some(value) = value.as_ref().filter(|_| kind != built) else { return Ok(()) };
    let (key, written) = (reader.dotted(key), value.get_ref());
    let problem = if promised.contains(&kind.as_str()) {
        format!("`{key}`: `{written}` is not built yet")
    } else {
        format!("`{key}`: there is no `{written}`")
    };
    Err(reader.error(value.span().start, problem, Some(&format!("`{built}`"))))
}

/// Refuses keys that nothing uses yet.
fn refuse(reader: &Reader<'_>, keys: &[(&str, &NotBuilt)]) -> Result<(), ConfigError> {
    for (key, value) in keys {
        if let Some(value) = value {
            let problem = format!("`{}` is not built yet", reader.dotted(key));
            return Err(reader.error(value.span().start, problem, Some("leave it out")));
        }
    }
    Ok(())
}

fn exclude(reader: &Reader<'_>, one: &str, other: &str) -> String {
    format!("`{}` and `{}` exclude each other", reader.dotted(one), reader.dotted(other))
}
