//! Reads the sources.

use std::path::PathBuf;

use exotrace_domains::{EXAMPLE, LocalDomain};
use toml::Spanned;

use super::{
    labels::labels, output_config::OutputConfig, source_config::SourceConfig, source_files::SourceFile, synonyms,
    table::SourceTable,
};
use crate::{
    app::kinds,
    config::{ConfigError, Document, Section, ValueReader, keys},
    pipeline::SourceContext,
    support::shown,
};

/// The settings that decide which sources are right.
pub(super) struct AroundSources<'o> {
    /// The files that the program writes itself, and what they are.
    pub(super) own_files: Vec<(PathBuf, &'static str)>,
    pub(super) outputs: &'o [OutputConfig],
    /// Whether processes share the sources.
    pub(super) is_clustered: bool,
}

/// The sources that are right, of the settings file and of those beside it.
pub(super) fn read(
    document: &Document<'_>,
    others: &[SourceFile],
    around: AroundSources<'_>,
    reader: &ValueReader<'_>,
) -> Vec<SourceConfig> {
    let AroundSources { own_files, outputs, is_clustered } = around;
    let own_streams = outputs.iter().flat_map(|output| output.settings.written_streams()).collect();
    let context = SourceContext { own_files, own_streams, ..SourceContext::default() };
    let mut reading = SourceReading { context, outputs, is_clustered, sources: Vec::new(), files: Vec::new() };
    reading.read(document, None, reader);
    for file in others {
        file.read(reader, |document, reader| reading.read(document, Some(&file.name), reader));
    }
    reading.sources
}

/// The sources that were read so far.
struct SourceReading<'o> {
    context: SourceContext,
    outputs: &'o [OutputConfig],
    is_clustered: bool,
    sources: Vec<SourceConfig>,
    /// The file of each.
    files: Vec<PathBuf>,
}

impl SourceReading<'_> {
    /// Reads the sources of a file. Those of one beside the settings are called as it is unless they have names.
    fn read(&mut self, document: &Document<'_>, file_name: Option<&str>, reader: &ValueReader<'_>) {
        let sections = Section::all(document, "source");
        let mut kept = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            let reader = reader.within(section.prefix());
            if let Ok(source) = self.source(section, file_name, &reader) {
                self.see_tenant(&source, section.start(), &reader);
                self.see_sharing(&source, section.start(), &reader);
                self.sources.push(source);
                self.files.push(reader.path().to_owned());
                kept.push(index);
            }
        }
        reader.note_sections("source", kept, sections.len());
    }

    fn source(
        &mut self,
        section: &Section<'_, '_>,
        file_name: Option<&str>,
        reader: &ValueReader<'_>,
    ) -> Result<SourceConfig, ConfigError> {
        let table: SourceTable = section.read(reader)?;
        let kind = kinds::SOURCES.name_of(section, reader)?;
        let name = self.name(&table, (kind, file_name), section.start(), reader);
        self.context.name = name.as_ref().cloned().unwrap_or_default();
        let common = (keys::<SourceTable>(), synonyms::SOURCE);
        let local_domains = local_domains(&table, reader);
        self.context.local_domains = local_domains.as_ref().ok().map(|domains| domains.clone().unwrap_or_default());
        let settings = kinds::SOURCES.read(kind, section, common, &self.context, reader);
        let labels = labels(&table, reader);
        Ok(SourceConfig { name: name?, labels: labels?, local_domains: local_domains?, settings: settings? })
    }

    /// Notes that an output needs to know the tenant of a source that does not say it.
    fn see_tenant(&self, source: &SourceConfig, at: usize, reader: &ValueReader<'_>) {
        if source.settings.tenant_id().is_some() {
            return;
        }
        for output in self.outputs {
            let Some(setting) = output.settings.needs_tenant() else { continue };
            let needs = format!("`{setting}` of output `{}` has `{{tenant}}` in it", output.name);
            let hint = format!("{needs}: set `tenant_id` of the source, or leave `{{tenant}}` out");
            drop(reader.missing("tenant_id", at, Some(&hint)));
        }
    }

    /// Notes that processes cannot share a source.
    fn see_sharing(&self, source: &SourceConfig, at: usize, reader: &ValueReader<'_>) {
        if let (true, Err(reason)) = (self.is_clustered, source.settings.can_be_shared()) {
            let problem = format!("source `{}` {reason}, and `[cluster]` shares sources", source.name());
            drop(reader.error(at, problem, Some("collect it with a process without `[cluster]`")));
        }
    }

    /// What a source is called; no two are called the same.
    fn name(
        &self,
        table: &SourceTable,
        (kind, file_name): (&str, Option<&str>),
        at: usize,
        reader: &ValueReader<'_>,
    ) -> Result<String, ConfigError> {
        let name = match (&table.name, file_name) {
            (Some(name), _) => reader.text("name", name)?,
            (None, None) => numbered(kind, self.sources.iter().filter(|source| source.kind() == kind).count()),
            (None, Some(file_name)) => {
                numbered(file_name, self.files.iter().filter(|file| *file == reader.path()).count())
            }
        };
        let Some(other) = self.sources.iter().position(|other| other.name() == name) else { return Ok(name) };
        let at = table.name.as_ref().map_or(at, |name| name.span().start);
        let problem = format!("`{}`: two sources have the same name", reader.dotted("name"));
        let other_file = Some(&self.files[other]).filter(|file| *file != reader.path());
        let hint = match other_file {
            Some(file) => format!("the other one is in `{}`; give each a `name` of its own", shown::path(file)),
            None => "give each a `name` of its own".to_owned(),
        };
        Err(reader.error(at, problem, Some(&hint)))
    }
}

/// The name of a source that comes after this many of its kind or file: with a number from the second on.
fn numbered(name: &str, before: usize) -> String {
    match before {
        0 => name.to_owned(),
        others => format!("{name}-{}", others + 1),
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
