//! From settings as they stand in the file to settings that can be used.

use std::net::SocketAddr;

use toml::Spanned;

use super::{Config, ConfigError, GeoipConfig, ServiceKind, SourceConfig, position::prefix, raw, reader::Reader};

mod credential;
mod file;
mod mapping;
mod output;
mod service;
mod trusted_keys;

pub(super) use output::namespace_problem;

pub(super) fn settings(raw: raw::Settings, reader: &Reader<'_>) -> Result<Config, ConfigError> {
    let state_dir = match &raw.state_dir {
        Some(value) => reader.file("state_dir", value)?,
        None => return Err(reader.error(0, "`state_dir` is missing".to_owned(), Some("a folder for the ledger"))),
    };
    let (listen, listen_hosts) =
        (listen(&raw, reader)?, reader.texts("listen_hosts", raw.listen_hosts.as_deref().unwrap_or_default())?);
    let old_names = raw.metrics_listen.iter().map(|_| ("metrics_listen", "listen")).collect();
    let mapping = mapping::mapping(&raw.mapping, &reader.within("mapping."))?;
    let geoip = GeoipConfig {
        city: reader.optional_file("geoip.city", &raw.geoip.city)?,
        asn: reader.optional_file("geoip.asn", &raw.geoip.asn)?,
    };
    if raw.source.is_empty() {
        return Err(reader.error(0, "there is no `[[source]]`".to_owned(), Some("at least one source is needed")));
    }
    let sources = sources(&raw.source, reader)?;
    if raw.output.is_empty() {
        return Err(reader.error(0, "there is no `[[output]]`".to_owned(), Some("at least one output is needed")));
    }
    let namespace = output::namespace(&raw.output, reader)?;
    let outputs = output::outputs(&raw.output, reader, &namespace)?;
    let dead_letter = reader.optional_file("dead_letter.path", &raw.dead_letter.path)?;
    let dead_letter = dead_letter.unwrap_or_else(|| state_dir.join("dead-letter.ndjson"));
    Ok(Config { state_dir, listen, listen_hosts, old_names, mapping, geoip, sources, outputs, dead_letter, namespace })
}

/// Where to listen: by its name, or by the one that it had before.
fn listen(raw: &raw::Settings, reader: &Reader<'_>) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(old) = &raw.metrics_listen else { return reader.address("listen", &raw.listen) };
    if raw.listen.is_some() {
        let problem = "`metrics_listen` is the old name of `listen`, and both are there".to_owned();
        return Err(reader.error(old.span().start, problem, Some("keep `listen` alone")));
    }
    reader.address("metrics_listen", &raw.metrics_listen)
}

fn sources(sections: &[Spanned<raw::Source>], reader: &Reader<'_>) -> Result<Vec<SourceConfig>, ConfigError> {
    let mut sources: Vec<SourceConfig> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let prefix = prefix("source", index, sections.len());
        let reader = reader.within(&prefix);
        let mut source = source(section, &reader)?;
        let (raw, at) = (section.get_ref(), section.span().start);
        let name = match &raw.name {
            Some(name) => reader.text("name", name)?,
            None => default_name(source.kind(), &sources),
        };
        if sources.iter().any(|other| other.name() == name) {
            let at = raw.name.as_ref().map_or(at, |name| name.span().start);
            let problem = format!("`{}`: two sources have the same name", reader.dotted("name"));
            return Err(reader.error(at, problem, Some("give each a `name` of its own")));
        }
        source.call(name);
        sources.push(source);
    }
    Ok(sources)
}

/// The kind of the source; with a number from the second of its kind on.
fn default_name(kind: &str, before: &[SourceConfig]) -> String {
    match before.iter().filter(|source| source.kind() == kind).count() {
        0 => kind.to_owned(),
        others => format!("{kind}-{}", others + 1),
    }
}

fn source(spanned: &Spanned<raw::Source>, reader: &Reader<'_>) -> Result<SourceConfig, ConfigError> {
    let (raw, at) = (spanned.get_ref(), spanned.span().start);
    let kind = reader.choice("type", &raw.r#type, &["graph", "reporting_webservice", "file"])?;
    let kind = match kind {
        Some("graph") => ServiceKind::Graph,
        Some("reporting_webservice") => ServiceKind::ReportingWebService,
        Some(_) => return Ok(SourceConfig::File(file::source(raw, at, reader)?)),
        None => {
            return Err(reader.error(
                at,
                format!("`{}` is missing", reader.dotted("type")),
                Some("for example `type = \"graph\"`"),
            ));
        }
    };
    Ok(SourceConfig::Service(Box::new(service::source(kind, raw, at, reader)?)))
}

/// Domains of the tenant.
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

/// Refuses keys that belong to another kind of source.
fn misplaced(reader: &Reader<'_>, keys: &[(&str, usize)], kind: &str) -> Result<(), ConfigError> {
    match keys.first() {
        Some((key, at)) => Err(reader.error(
            *at,
            format!("`{}` is not for a source of type `{kind}`", reader.dotted(key)),
            Some("leave it out"),
        )),
        None => Ok(()),
    }
}

fn exclude(reader: &Reader<'_>, one: &str, other: &str) -> String {
    format!("`{}` and `{}` exclude each other", reader.dotted(one), reader.dotted(other))
}
