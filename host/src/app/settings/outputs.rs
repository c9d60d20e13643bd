//! Reads the outputs, and the namespace that all of them have.

use std::path::Path;

use super::{output_config::OutputConfig, synonyms, table::OutputTable};
use crate::{
    app::kinds,
    cluster::ClusterConfig,
    config::{ConfigError, Document, Section, ValueReader, keys, namespace_problem},
    pipeline::OutputContext,
};

/// The namespace unless an output names one.
const DEFAULT_NAMESPACE: &str = "default";

/// The outputs that are right, and the namespace of the documents.
pub(super) fn read(
    document: &Document<'_>,
    state_dir: &Path,
    cluster: Option<&ClusterConfig>,
    reader: &ValueReader<'_>,
) -> (Vec<OutputConfig>, String) {
    let sections = Section::all(document, "output");
    let tables: Vec<_> = sections.iter().map(|it| it.read(&reader.within(it.prefix())).unwrap_or_default()).collect();
    let namespace = namespace(&sections, &tables, reader).unwrap_or_default();
    let cluster = cluster.map(|cluster| cluster.client.clone());
    let mut context = OutputContext { namespace, state_dir: state_dir.to_owned(), cluster, ..OutputContext::default() };
    let mut outputs: Vec<OutputConfig> = Vec::new();
    let mut kept = Vec::new();
    for (index, (section, table)) in sections.iter().zip(&tables).enumerate() {
        let reader = reader.within(section.prefix());
        if let Ok(output) = output(section, table, &outputs, &context, &reader) {
            context.taken.extend(output.settings.file().map(ToOwned::to_owned));
            outputs.push(output);
            kept.push(index);
        }
    }
    reader.note_sections("output", kept, sections.len());
    (outputs, context.namespace)
}

/// Reads an output; no two have the same name.
fn output(
    section: &Section<'_, '_>,
    table: &OutputTable,
    others: &[OutputConfig],
    context: &OutputContext,
    reader: &ValueReader<'_>,
) -> Result<OutputConfig, ConfigError> {
    let kind = kinds::OUTPUTS.name_of(section, reader)?;
    let common = (keys::<OutputTable>(), synonyms::OUTPUT);
    let settings = kinds::OUTPUTS.read(kind, section, common, context, reader)?;
    let name = match &table.name {
        Some(name) => reader.text("name", name)?,
        None => settings.default_name(),
    };
    // The ledger knows an output by its name.
    if others.iter().any(|output| output.name == name) {
        let at = table.name.as_ref().map_or(section.start(), |name| name.span().start);
        let problem = format!("`{}`: two outputs have the same name", reader.dotted("name"));
        return Err(reader.error(at, problem, Some("give each a `name` of its own")));
    }
    Ok(OutputConfig { name, settings })
}

/// The namespace: one for all outputs, since it stands in the documents.
fn namespace(
    sections: &[Section<'_, '_>],
    tables: &[OutputTable],
    reader: &ValueReader<'_>,
) -> Result<String, ConfigError> {
    let mut namespace: Option<String> = None;
    for (section, table) in sections.iter().zip(tables) {
        let Some(value) = &table.namespace else { continue };
        let reader = reader.within(section.prefix());
        let text = reader.text("namespace", value)?;
        let at = value.span().start;
        if let Some(problem) = namespace_problem(&text) {
            let problem = format!("`{}`: a namespace {problem}", reader.dotted("namespace"));
            return Err(reader.error(at, problem, Some("for example `production`")));
        }
        if namespace.as_ref().is_some_and(|other| *other != text) {
            let problem = format!("`{}` is another one than that of the outputs before", reader.dotted("namespace"));
            return Err(reader.error(at, problem, Some("the documents bear one namespace, so give the same to all")));
        }
        namespace = Some(text);
    }
    Ok(namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()))
}
