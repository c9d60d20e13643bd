//! Reads the sources.

use std::path::PathBuf;

use exotrace_domains::{EXAMPLE, LocalDomain};
use toml::Spanned;

use super::{labels::labels, source_config::SourceConfig, synonyms, table::SourceTable};
use crate::{
    app::kinds,
    config::{ConfigError, Document, Section, ValueReader, keys},
    pipeline::SourceContext,
};

/// The sources that are right; `own_files` are those that the program writes itself, and what they are.
pub(super) fn read(
    document: &Document<'_>,
    own_files: Vec<(PathBuf, &'static str)>,
    reader: &ValueReader<'_>,
) -> Vec<SourceConfig> {
    let sections = Section::all(document, "source");
    let mut context = SourceContext { own_files, ..SourceContext::default() };
    let mut sources: Vec<SourceConfig> = Vec::new();
    let mut kept = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let reader = reader.within(section.prefix());
        if let Ok(source) = source(section, &sources, &mut context, &reader) {
            sources.push(source);
            kept.push(index);
        }
    }
    reader.note_sections("source", kept, sections.len());
    sources
}

fn source(
    section: &Section<'_, '_>,
    others: &[SourceConfig],
    context: &mut SourceContext,
    reader: &ValueReader<'_>,
) -> Result<SourceConfig, ConfigError> {
    let table: SourceTable = section.read(reader)?;
    let kind = kinds::SOURCES.name_of(section, reader)?;
    let name = name(&table, kind, section.start(), others, reader);
    context.name = name.as_ref().cloned().unwrap_or_default();
    let common = (keys::<SourceTable>(), synonyms::SOURCE);
    let local_domains = local_domains(&table, reader);
    context.local_domains = local_domains.as_ref().ok().map(|domains| domains.clone().unwrap_or_default());
    let settings = kinds::SOURCES.read(kind, section, common, context, reader);
    let labels = labels(&table, reader);
    Ok(SourceConfig { name: name?, labels: labels?, local_domains: local_domains?, settings: settings? })
}

/// What a source is called; no two are called the same.
fn name(
    table: &SourceTable,
    kind: &str,
    at: usize,
    others: &[SourceConfig],
    reader: &ValueReader<'_>,
) -> Result<String, ConfigError> {
    let name = match &table.name {
        Some(name) => reader.text("name", name)?,
        None => default_name(kind, others),
    };
    if others.iter().any(|other| other.name() == name) {
        let at = table.name.as_ref().map_or(at, |name| name.span().start);
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

/// Domains of the tenant.
fn local_domains(table: &SourceTable, reader: &ValueReader<'_>) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(values) = &table.local_domains else { return Ok(None) };
    let domains: Vec<_> = values.iter().map(|value| local_domain(value, reader)).collect();
    let domains = domains.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Some(domains.iter().flat_map(LocalDomain::forms).collect()))
}

fn local_domain(value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<LocalDomain, ConfigError> {
    let text = reader.text("local_domains", value)?;
    LocalDomain::parse(&text).map_err(|error| {
        // Shown as it is written: what a variable holds may be a secret.
        let written = value.get_ref();
        let problem = format!("`{}`: `{written}` {}", reader.dotted("local_domains"), error.problem());
        let hint = if *written == text { error.hint() } else { EXAMPLE };
        reader.error(value.span().start, problem, Some(hint))
    })
}
