//! Whether settings have an effect, or are refused: what is ignored nobody notices.

use serde_json::{Value, json};

use super::tested::{MappingTest, map_in, parsed};
use crate::{
    mapper::{FilePosition, MappedBatch, Origin, Outcome, Settings},
    support::{
        finding::Finding,
        property::{Property, pick},
    },
};

/// What tells of the test, wherever it shows.
const MARK: &str = "exotrace-mapping-test";

/// The fields that the host adds to every document, and some of an operator's.
fn fields() -> Value {
    let mark = |name: &str| format!("{MARK}-{name}");
    json!({
        "agent": {
            "id": mark("agent-id"), "ephemeral_id": mark("ephemeral-id"), "name": mark("agent-name"),
            "type": mark("agent-type"), "version": mark("agent-version"),
        },
        "data_stream": { "type": mark("type"), "dataset": mark("dataset"), "namespace": mark("namespace") },
        "event": { "dataset": mark("event-dataset") },
        "input": { "type": mark("input") },
        "labels": { "customer": mark("customer") },
    })
}

pub(super) fn keeps_fields(test: &MappingTest<'_>, _: &MappedBatch) -> Finding {
    let step = "settings kept";
    let missing = match missing(test) {
        Ok(missing) => missing,
        Err(reason) => return Finding::failed(step, &reason),
    };
    let is_of_origin = |name: &&String| name.starts_with("log.");
    let lost: Vec<_> = missing.iter().filter(|name| !is_of_origin(name)).map(|name| format!("`{name}`")).collect();
    if !lost.is_empty() {
        return Finding::failed(
            step,
            &format!(
                "documents are without {}\nhint: put `settings.fields` into every document, object by object, and \
                 `settings.tags`; keep the record with `preserve-original-event`",
                lost.join(", ")
            ),
        );
    }
    match missing.iter().find(is_of_origin) {
        Some(name) => Finding::warning(step, &format!("documents do not say which file a record is from (`{name}`)")),
        None => Finding::ok(step, "`fields`, `tags`, `preserve_original_event` and the file show in every document"),
    }
}

/// What does not show in every document that was mapped in full.
fn missing(test: &MappingTest<'_>) -> Result<Vec<String>, String> {
    let wanted = fields();
    let given = test.settings();
    let tags = [given.tags.clone(), vec![format!("{MARK}-tag")]].concat();
    let settings = Settings { fields: Some(wanted.clone()), tags, preserve_original_event: true, ..given };
    let file = FilePosition { path: format!("/{MARK}/file"), offset: 0 };
    let origin = Origin { file: Some(file), ..Origin::default() };
    let mapped = test.pool(settings)?.map_strictly(&test.batch(), &origin).map_err(|error| error.explain())?;
    let is_ecs = test.component.description().schema.name == "ecs";
    let mut missing = Vec::new();
    for (record, entry) in test.records.iter().zip(mapped.entries()) {
        if !matches!(entry.outcome, Outcome::Mapped { .. }) {
            continue;
        }
        let document = parsed(entry.document);
        for (group, members) in wanted.as_object().into_iter().flatten() {
            for (name, value) in members.as_object().into_iter().flatten() {
                let is_there = if is_ecs { document[group][name] == *value } else { holds(&document, value.as_str()) };
                note(&mut missing, is_there, &format!("{group}.{name}"));
            }
        }
        note(&mut missing, holds(&document, Some(&format!("{MARK}-tag"))), "tags");
        note(&mut missing, holds(&document, Some(record)), "event.original");
        note(&mut missing, holds(&document, Some(&format!("/{MARK}/file"))), "log.file.path");
        if is_ecs {
            note(&mut missing, document["@timestamp"].is_string(), "@timestamp");
            note(&mut missing, document["ecs"]["version"].is_string(), "ecs.version");
        }
    }
    Ok(missing)
}

fn note(missing: &mut Vec<String>, is_there: bool, name: &str) {
    if !is_there && !missing.iter().any(|known| known == name) {
        missing.push(name.to_owned());
    }
}

/// Whether a text stands anywhere in a document.
fn holds(document: &Value, text: Option<&str>) -> bool {
    match document {
        Value::String(value) => Some(value.as_str()) == text,
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(members) => members.values().any(|value| holds(value, text)),
        _ => false,
    }
}

pub(super) fn refuses_what_it_has_no_rule_for(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "settings refused";
    let description = test.component.description();
    if description.options_schema.is_none() {
        let options = Some(json!({ MARK: true }));
        if test.pool(Settings { options, ..test.settings() }).is_ok() {
            return Finding::failed(
                step,
                "it takes `options` and describes none\nhint: refuse them with `unsupported(\"options\")`",
            );
        }
    }
    match drops_status(test, mapped) {
        Ok(true) => Finding::ok(step, "what it has no rule for is refused or has an effect"),
        Ok(false) => Finding::failed(
            step,
            "it takes `drop_status` and drops nothing\nhint: drop those records, or refuse it with \
             `unsupported(\"drop_status\")`",
        ),
        Err(reason) => Finding::failed(step, &reason),
    }
}

/// Whether a record whose status is to be dropped is dropped, or the setting refused.
fn drops_status(test: &MappingTest<'_>, mapped: &MappedBatch) -> Result<bool, String> {
    let with_status = test.records.iter().zip(&mapped.outcomes).find_map(|(record, outcome)| {
        let [status] = pick(record, [Property::Status]).ok()?;
        let status: String = serde_json::from_str(status?.get()).ok()?;
        (matches!(outcome, Outcome::Mapped { .. }) && !status.is_empty()).then_some((record, status))
    });
    let Some((record, status)) = with_status else { return Ok(true) };
    let Ok(pool) = test.pool(Settings { drop_status: vec![status.to_uppercase()], ..test.settings() }) else {
        return Ok(true);
    };
    Ok(matches!(map_in(&pool, record)?.outcomes.as_slice(), [Outcome::Dropped(_)]))
}
