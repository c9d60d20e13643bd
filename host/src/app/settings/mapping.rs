//! Reads `[mapping]`.

use std::time::Duration;

use serde_json::Value;
use toml::Spanned;

use super::{
    json_object::{DottedNames, json_object},
    mapping_config::{CandidateConfig, CandidateMode, MappingChoice, MappingConfig, MappingLimits, RollbackConfig},
    mapping_table::{CandidateTable, MappingTable, RollbackTable},
    privacy, trusted_keys,
};
use crate::config::{ConfigError, Setting, ValueReader};

/// How often component files are looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(10);

const MIB: u32 = 1024 * 1024;

/// A mapping that is stopped sooner maps no batch on a busy machine.
const SHORTEST_BATCH_TIME: Duration = Duration::from_millis(100);

pub(super) fn mapping(table: &MappingTable, reader: &ValueReader<'_>) -> Result<MappingConfig, ConfigError> {
    let texts = |key: &str, values: &Option<Vec<Spanned<String>>>| {
        values.as_ref().map(|values| reader.texts(key, values)).transpose()
    };
    let choice = choice(&table.version, &table.path, reader);
    let tags = texts("tags", &table.tags);
    let drop_status = texts("drop_status", &table.drop_status);
    let options = table.options.as_ref().map(|options| self::options(options, reader)).transpose();
    let privacy = table.privacy.as_ref().map(|privacy| {
        let names_mapping = !matches!(choice, Ok(MappingChoice::Default));
        privacy::refuse_what_excludes(privacy, &table.options, names_mapping, reader);
        privacy::privacy(privacy, &reader.within("mapping.privacy."))
    });
    let privacy = privacy.transpose();
    let suffix_list = reader.optional_file("suffix_list", &table.suffix_list);
    let trusted_keys = trusted_keys::keys(table, reader);
    let limits = limits(table, reader);
    let watch_interval = reader.duration("watch_interval", &table.watch_interval, WATCH_INTERVAL);
    let candidate = table.candidate.as_ref();
    let candidate = candidate.map(|table| self::candidate(table, &reader.within("mapping.candidate."))).transpose();
    let rollback = rollback(&table.rollback, &reader.within("mapping.rollback."));
    // What is wrong is noted, and no run begins with it: the rest is looked at all the same. Without the keys, no
    // component file is opened.
    let may_open = trusted_keys.is_ok();
    let nothing = MappingTable::default();
    Ok(MappingConfig {
        choice: choice.ok().filter(|_| may_open).unwrap_or(MappingChoice::Default),
        preserve_original_event: table.preserve_original_event.unwrap_or_default(),
        tags: tags.ok().flatten().unwrap_or_else(|| vec!["forwarded".to_owned()]),
        drop_status: drop_status.ok().flatten().unwrap_or_default(),
        options: options.ok().flatten(),
        privacy: privacy.ok().flatten(),
        suffix_list: suffix_list.ok().flatten(),
        trusted_keys: trusted_keys.unwrap_or_default(),
        limits: limits.or_else(|_| self::limits(&nothing, reader))?,
        watch_interval: watch_interval.unwrap_or(WATCH_INTERVAL),
        candidate: candidate.ok().flatten().filter(|_| may_open),
        rollback: rollback.or_else(|_| self::rollback(&nothing.rollback, &reader.within("mapping.rollback.")))?,
    })
}

/// The mapping's own settings, as JSON.
fn options(table: &Spanned<toml::Table>, reader: &ValueReader<'_>) -> Result<Value, ConfigError> {
    json_object(table.get_ref(), DottedNames::Allowed, reader).map(Value::Object).map_err(|error| {
        let problem = format!("`{}` {}", reader.dotted(&format!("options.{}", error.name)), error.problem);
        reader.error(table.span().start, problem, None)
    })
}

fn choice(
    version: &Setting<String>,
    path: &Setting<String>,
    reader: &ValueReader<'_>,
) -> Result<MappingChoice, ConfigError> {
    match (version, path) {
        (None, None) => Ok(MappingChoice::Default),
        (Some(version), None) => Ok(MappingChoice::Version(reader.text("version", version)?)),
        (None, Some(path)) => Ok(MappingChoice::Path(reader.file("path", path)?)),
        (Some(_), Some(path)) => {
            let problem = reader.exclude("path", "version");
            Err(reader.error(path.span().start, problem, Some("keep one of them")))
        }
    }
}

fn limits(table: &MappingTable, reader: &ValueReader<'_>) -> Result<MappingLimits, ConfigError> {
    let bytes = |key, value, least, default| reader.number(key, value, least..=u32::MAX, default);
    let memory_bytes = bytes("max_memory_bytes", &table.max_memory_bytes, 16 * MIB, 512 * MIB);
    let batch_time = batch_time(table, reader);
    let result_bytes = bytes("max_result_bytes", &table.max_result_bytes, MIB, 256 * MIB);
    let fuel = match &table.max_fuel {
        Some(_) => Some(u64::from(reader.number("max_fuel", &table.max_fuel, 1_000_000..=u32::MAX, 0)?)),
        None => None,
    };
    let total_memory = bytes("max_total_memory_bytes", &table.max_total_memory_bytes, 64 * MIB, 1024 * MIB);
    let compile_memory = bytes("max_compile_memory_bytes", &table.max_compile_memory_bytes, 128 * MIB, 1024 * MIB);
    let compile_time = reader.some_duration("max_compile_time", &table.max_compile_time, Duration::from_secs(60));
    Ok(MappingLimits {
        memory_bytes: memory_bytes? as usize,
        total_memory_bytes: total_memory?.into(),
        batch_time: batch_time?,
        result_bytes: result_bytes? as usize,
        fuel,
        compile_memory_bytes: compile_memory?.into(),
        compile_time: compile_time?,
    })
}

fn batch_time(table: &MappingTable, reader: &ValueReader<'_>) -> Result<Duration, ConfigError> {
    let batch_time = reader.some_duration("max_batch_time", &table.max_batch_time, Duration::from_secs(10))?;
    match &table.max_batch_time {
        Some(value) if batch_time < SHORTEST_BATCH_TIME => {
            let problem = format!("`{}` is too short", reader.dotted("max_batch_time"));
            Err(reader.error(value.span().start, problem, Some("100ms at least")))
        }
        _ => Ok(batch_time),
    }
}

fn candidate(spanned: &Spanned<CandidateTable>, reader: &ValueReader<'_>) -> Result<CandidateConfig, ConfigError> {
    let (table, at) = (spanned.get_ref(), spanned.span().start);
    let choice = match choice(&table.version, &table.path, reader) {
        Ok(MappingChoice::Default) => {
            let problem = "`mapping.candidate` does not say which mapping".to_owned();
            Err(reader.missed("mapping.candidate.path", at, problem, Some("`path` or `version`")))
        }
        choice => choice,
    };
    let mode = reader.choice("mode", &table.mode, &["shadow", "canary"]);
    let percent = reader.number("percent", &table.percent, 1..=100, 10);
    let (choice, mode) = (choice?, mode?);
    let mode = if mode == Some("canary") { CandidateMode::Canary } else { CandidateMode::Shadow };
    Ok(CandidateConfig { choice, mode, percent: u8::try_from(percent?).unwrap_or(100) })
}

fn rollback(table: &RollbackTable, reader: &ValueReader<'_>) -> Result<RollbackConfig, ConfigError> {
    let max_stops = reader.number("max_stops", &table.max_stops, 0..=u32::MAX, 0);
    let max_failed_percent = reader.number("max_failed_percent", &table.max_failed_percent, 0..=100, 5);
    let max_slowdown = reader.number("max_slowdown", &table.max_slowdown, 1..=1000, 10);
    let max_different_percent = reader.number("max_different_percent", &table.max_different_percent, 0..=100, 100);
    let min_records = reader.number("min_records", &table.min_records, 1..=u32::MAX, 1000);
    let grace_period = reader.duration("grace_period", &table.grace_period, Duration::from_secs(60 * 60));
    Ok(RollbackConfig {
        max_stops: max_stops?,
        max_failed_percent: max_failed_percent?,
        max_slowdown: max_slowdown?,
        max_different_percent: max_different_percent?,
        min_records: min_records?,
        grace_period: grace_period?,
    })
}
