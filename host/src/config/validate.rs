//! From settings as they stand in the file to settings that can be used.

use std::net::SocketAddr;

use exotrace_domains::{EXAMPLE, LocalDomain};
use toml::Spanned;

use super::{
    Config, ConfigError, GeoipConfig, Places, ServiceKind, SourceConfig, kinds, position::prefix, raw, reader::Reader,
};

mod credential;
mod file;
mod labels;
mod mapping;
mod output;
mod service;
mod trusted_keys;

pub(super) use output::namespace_problem;

/// Checks everything, and gives what is right; what is wrong is noted by the reader, so that all of it is told at once.
pub(super) fn settings(raw: &raw::Settings, reader: &Reader<'_>) -> Option<Config> {
    let state_dir = match &raw.state_dir {
        Some(value) => reader.file("state_dir", value),
        None => Err(reader.missing("state_dir", 0, Some("a folder for the ledger"))),
    };
    let listen = listen(raw, reader);
    let listen_hosts = reader.texts("listen_hosts", raw.listen_hosts.as_deref().unwrap_or_default());
    let old_names = raw.metrics_listen.iter().map(|_| ("metrics_listen", "listen")).collect();
    let mapping = mapping::mapping(&raw.mapping, &reader.within("mapping."));
    let city = reader.optional_file("geoip.city", &raw.geoip.city);
    let asn = reader.optional_file("geoip.asn", &raw.geoip.asn);
    if raw.source.is_empty() {
        let problem = "there is no `[[source]]`".to_owned();
        drop(reader.missed("source", 0, problem, Some("at least one source is needed")));
    }
    let sources = sources(&raw.source, reader);
    if raw.output.is_empty() {
        let problem = "there is no `[[output]]`".to_owned();
        drop(reader.missed("output", 0, problem, Some("at least one output is needed")));
    }
    let namespace = output::namespace(&raw.output, reader).unwrap_or_default();
    let outputs = output::outputs(&raw.output, reader, &namespace);
    let dead_letter = reader.optional_file("dead_letter.path", &raw.dead_letter.path);
    let state_dir = state_dir.unwrap_or_default();
    let dead_letter = dead_letter.ok().flatten().unwrap_or_else(|| state_dir.join("dead-letter.ndjson"));
    let mapping = mapping.or_else(|_| mapping::mapping(&raw::Mapping::default(), &reader.within("mapping.")));
    // The sources and their sections go together only if all of them are right.
    if sources.len() == raw.source.len() {
        drop(file::check_own(&raw.source, &sources, &outputs, &dead_letter, reader));
    }
    Some(Config {
        state_dir,
        listen: listen.ok().flatten(),
        listen_hosts: listen_hosts.unwrap_or_default(),
        old_names,
        mapping: mapping.ok()?,
        geoip: GeoipConfig { city: city.ok().flatten(), asn: asn.ok().flatten() },
        sources,
        outputs,
        dead_letter,
        namespace,
        places: Places::default(),
        warnings: Vec::new(),
        strict: Vec::new(),
    })
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

/// The sources that are right.
fn sources(sections: &[Spanned<raw::Source>], reader: &Reader<'_>) -> Vec<SourceConfig> {
    let mut sources: Vec<SourceConfig> = Vec::new();
    let mut kept = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let prefix = prefix("source", index, sections.len());
        let reader = reader.within(&prefix);
        let Ok(mut source) = source(section, &reader) else { continue };
        let Ok(name) = name(section, &source, &sources, &reader) else { continue };
        source.call(name);
        sources.push(source);
        kept.push(index);
    }
    reader.note_sections("source", kept, sections.len());
    sources
}

/// What a source is called; no two are called the same.
fn name(
    section: &Spanned<raw::Source>,
    source: &SourceConfig,
    others: &[SourceConfig],
    reader: &Reader<'_>,
) -> Result<String, ConfigError> {
    let (raw, at) = (section.get_ref(), section.span().start);
    let name = match &raw.name {
        Some(name) => reader.text("name", name)?,
        None => default_name(source.kind(), others),
    };
    if others.iter().any(|other| other.name() == name) {
        let at = raw.name.as_ref().map_or(at, |name| name.span().start);
        let problem = format!("`{}`: two sources have the same name", reader.dotted("name"));
        return Err(reader.error(at, problem, Some("give each a `name` of its own")));
    }
    Ok(name)
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
    let kind = reader.choice("type", &raw.r#type, kinds::SOURCES)?;
    let kind = match kind {
        Some("graph") => ServiceKind::Graph,
        Some("reporting_webservice") => ServiceKind::ReportingWebService,
        Some(_) => return Ok(SourceConfig::File(file::source(raw, at, reader)?)),
        None => {
            return Err(reader.missing("type", at, Some("for example `type = \"graph\"`")));
        }
    };
    Ok(SourceConfig::Service(Box::new(service::source(kind, raw, at, reader)?)))
}

/// Domains of the tenant.
fn local_domains(raw: &raw::Source, reader: &Reader<'_>) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(values) = &raw.local_domains else { return Ok(None) };
    let domains: Vec<_> = values.iter().map(|value| local_domain(value, reader)).collect();
    let domains = domains.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Some(domains.iter().flat_map(LocalDomain::forms).collect()))
}

fn local_domain(value: &Spanned<String>, reader: &Reader<'_>) -> Result<LocalDomain, ConfigError> {
    let text = reader.text("local_domains", value)?;
    LocalDomain::parse(&text).map_err(|error| {
        // Shown as it is written: what a variable holds may be a secret.
        let written = value.get_ref();
        let problem = format!("`{}`: `{written}` {}", reader.dotted("local_domains"), error.problem());
        let hint = if *written == text { error.hint() } else { EXAMPLE };
        reader.error(value.span().start, problem, Some(hint))
    })
}

/// Refuses keys that belong to another kind of source or output; `keys` are those that are there, and where.
fn misplaced(reader: &Reader<'_>, section: &str, kind: &str, keys: &[(&str, usize)]) -> Result<(), ConfigError> {
    let mut refused = Ok(());
    for (key, at) in keys {
        if !kinds::is_for(section, key, kind) {
            let problem = format!(
                "`{}` is not for {section_of} of type `{kind}`",
                reader.dotted(key),
                section_of = article(section)
            );
            refused = Err(reader.error(*at, problem, Some("leave it out")));
        }
    }
    refused
}

fn article(section: &str) -> &'static str {
    if section == "source" { "a source" } else { "an output" }
}

fn exclude(reader: &Reader<'_>, one: &str, other: &str) -> String {
    format!("`{}` and `{}` exclude each other", reader.dotted(one), reader.dotted(other))
}
