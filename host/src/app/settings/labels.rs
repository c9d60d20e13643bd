//! What tells documents of one source from those of others: checked, so that nothing of it is refused later.

use serde_json::{Map, Value};
use toml::Spanned;

use super::{
    json_object::{DottedNames, NotJson, json_object},
    source_labels::SourceLabels,
    table::SourceTable,
};
use crate::config::{ConfigError, ValueReader, namespace_problem};

/// What exotrace writes itself, in every document.
const OUR_OWN: &[&str] = &["agent", "data_stream", "input"];

pub(super) fn labels(table: &SourceTable, reader: &ValueReader<'_>) -> Result<SourceLabels, ConfigError> {
    let mut tags = Vec::new();
    for tag in table.tags.as_deref().unwrap_or_default() {
        tags.push(line("tags", tag, reader)?);
    }
    let namespace = table.namespace.as_ref().map(|value| namespace(value, reader)).transpose()?;
    let tenant_name = table.tenant_name.as_ref().map(|value| line("tenant_name", value, reader)).transpose()?;
    let fields = table.fields.as_ref().map(|fields| self::fields(fields, reader)).transpose()?.unwrap_or_default();
    if let (Some(name), Some(fields_table)) = (&table.tenant_name, &table.fields)
        && fields
            .get("organization")
            .is_some_and(|organization| organization.get("name").is_some() || !organization.is_object())
    {
        let at = name.span().start.max(fields_table.span().start);
        let problem = format!(
            "`{}` and `{}` both write `organization.name`",
            reader.dotted("tenant_name"),
            reader.dotted("fields")
        );
        return Err(reader.error(at, problem, Some("keep one of them")));
    }
    Ok(SourceLabels { tags, fields, namespace, tenant_name })
}

/// A text on one line, since people and programs show it as one.
fn line(key: &str, value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.text(key, value)?.trim().to_owned();
    match text.chars().find(|character| character.is_control()) {
        None => Ok(text),
        Some(odd) => {
            let problem = format!("`{}` has `{}` in it", reader.dotted(key), odd.escape_default());
            Err(reader.error(value.span().start, problem, Some("one line of text")))
        }
    }
}

fn namespace(value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.text("namespace", value)?;
    match namespace_problem(&text) {
        None => Ok(text),
        Some(problem) => {
            let problem = format!("`{}`: a namespace {problem}", reader.dotted("namespace"));
            Err(reader.error(value.span().start, problem, Some("for example `production`")))
        }
    }
}

fn fields(table: &Spanned<toml::Table>, reader: &ValueReader<'_>) -> Result<Map<String, Value>, ConfigError> {
    let refuse = |NotJson { name: field, problem }| {
        let problem = format!("`{}`: `{field}` {problem}", reader.dotted("fields"));
        reader.error(
            table.span().start,
            problem,
            Some("for example `fields = { labels = { customer = \"contoso\" } }`"),
        )
    };
    for (name, value) in table.get_ref() {
        let has_dataset = name == "event" && value.get("dataset").is_some();
        if has_dataset || OUR_OWN.contains(&name.as_str()) {
            let field = if has_dataset { "event.dataset" } else { name };
            return Err(refuse(NotJson { name: field.to_owned(), problem: "is written by exotrace itself" }));
        }
    }
    json_object(table.get_ref(), DottedNames::Refused, reader).map_err(refuse)
}
