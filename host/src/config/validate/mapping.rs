//! `[mapping]`

use std::time::Duration;

use toml::Spanned;

use super::{exclude, trusted_keys};
use crate::config::{
    CandidateConfig, CandidateMode, ConfigError, MappingChoice, MappingConfig, MappingLimits, RollbackConfig,
    raw::{self, Value},
    reader::Reader,
};

const MIB: u32 = 1024 * 1024;

/// A mapping that is stopped sooner maps no batch on a busy machine.
const SHORTEST_BATCH_TIME: Duration = Duration::from_millis(100);

pub(super) fn mapping(raw: &raw::Mapping, reader: &Reader<'_>) -> Result<MappingConfig, ConfigError> {
    let texts = |key: &str, values: &Option<Vec<Spanned<String>>>| {
        values.as_ref().map(|values| reader.texts(key, values)).transpose()
    };
    let choice = choice(&raw.version, &raw.path, reader);
    let tags = texts("tags", &raw.tags);
    let drop_status = texts("drop_status", &raw.drop_status);
    let suffix_list = reader.optional_file("suffix_list", &raw.suffix_list);
    let trusted_keys = trusted_keys::keys(raw, reader);
    let limits = limits(raw, reader);
    let watch_interval = reader.duration("watch_interval", &raw.watch_interval, Duration::from_secs(10));
    let candidate = raw.candidate.as_ref();
    let candidate = candidate.map(|raw| self::candidate(raw, &reader.within("mapping.candidate."))).transpose();
    let rollback = rollback(&raw.rollback, &reader.within("mapping.rollback."));
    Ok(MappingConfig {
        choice: choice?,
        preserve_original_event: raw.preserve_original_event.unwrap_or_default(),
        tags: tags?.unwrap_or_else(|| vec!["forwarded".to_owned()]),
        drop_status: drop_status?.unwrap_or_default(),
        suffix_list: suffix_list?,
        trusted_keys: trusted_keys?,
        limits: limits?,
        watch_interval: watch_interval?,
        candidate: candidate?,
        rollback: rollback?,
    })
}

fn choice(version: &Value<String>, path: &Value<String>, reader: &Reader<'_>) -> Result<MappingChoice, ConfigError> {
    match (version, path) {
        (None, None) => Ok(MappingChoice::Default),
        (Some(version), None) => Ok(MappingChoice::Version(reader.text("version", version)?)),
        (None, Some(path)) => Ok(MappingChoice::Path(reader.file("path", path)?)),
        (Some(_), Some(path)) => {
            let problem = exclude(reader, "path", "version");
            Err(reader.error(path.span().start, problem, Some("keep one of them")))
        }
    }
}

fn limits(raw: &raw::Mapping, reader: &Reader<'_>) -> Result<MappingLimits, ConfigError> {
    let bytes = |key, value, least, default| reader.number(key, value, least..=u32::MAX, default);
    let memory_bytes = bytes("max_memory_bytes", &raw.max_memory_bytes, 16 * MIB, 512 * MIB);
    let batch_time = batch_time(raw, reader);
    let result_bytes = bytes("max_result_bytes", &raw.max_result_bytes, MIB, 256 * MIB);
    let fuel = match &raw.max_fuel {
        Some(_) => Some(u64::from(reader.number("max_fuel", &raw.max_fuel, 1_000_000..=u32::MAX, 0)?)),
        None => None,
    };
    let total_memory = bytes("max_total_memory_bytes", &raw.max_total_memory_bytes, 64 * MIB, 1024 * MIB);
    let compile_memory = bytes("max_compile_memory_bytes", &raw.max_compile_memory_bytes, 128 * MIB, 1024 * MIB);
    let compile_time = reader.some_duration("max_compile_time", &raw.max_compile_time, Duration::from_secs(60));
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

fn batch_time(raw: &raw::Mapping, reader: &Reader<'_>) -> Result<Duration, ConfigError> {
    let batch_time = reader.some_duration("max_batch_time", &raw.max_batch_time, Duration::from_secs(10))?;
    match &raw.max_batch_time {
        Some(value) if batch_time < SHORTEST_BATCH_TIME => {
            let problem = format!("`{}` is too short", reader.dotted("max_batch_time"));
            Err(reader.error(value.span().start, problem, Some("100ms at least")))
        }
        _ => Ok(batch_time),
    }
}

fn candidate(spanned: &Spanned<raw::Candidate>, reader: &Reader<'_>) -> Result<CandidateConfig, ConfigError> {
    let (raw, at) = (spanned.get_ref(), spanned.span().start);
    let choice = match choice(&raw.version, &raw.path, reader) {
        Ok(MappingChoice::Default) => {
            let problem = "`mapping.candidate` does not say which mapping".to_owned();
            Err(reader.missed("mapping.candidate.path", at, problem, Some("`path` or `version`")))
        }
        choice => choice,
    };
    let mode = reader.choice("mode", &raw.mode, &["shadow", "canary"]);
    let percent = reader.number("percent", &raw.percent, 1..=100, 10);
    let (choice, mode) = (choice?, mode?);
    let mode = if mode == Some("canary") { CandidateMode::Canary } else { CandidateMode::Shadow };
    Ok(CandidateConfig { choice, mode, percent: u8::try_from(percent?).unwrap_or(100) })
}

fn rollback(raw: &raw::Rollback, reader: &Reader<'_>) -> Result<RollbackConfig, ConfigError> {
    let max_stops = reader.number("max_stops", &raw.max_stops, 0..=u32::MAX, 0);
    let max_failed_percent = reader.number("max_failed_percent", &raw.max_failed_percent, 0..=100, 5);
    let max_slowdown = reader.number("max_slowdown", &raw.max_slowdown, 1..=1000, 10);
    let max_different_percent = reader.number("max_different_percent", &raw.max_different_percent, 0..=100, 100);
    let min_records = reader.number("min_records", &raw.min_records, 1..=u32::MAX, 1000);
    let grace_period = reader.duration("grace_period", &raw.grace_period, Duration::from_secs(60 * 60));
    Ok(RollbackConfig {
        max_stops: max_stops?,
        max_failed_percent: max_failed_percent?,
        max_slowdown: max_slowdown?,
        max_different_percent: max_different_percent?,
        min_records: min_records?,
        grace_period: grace_period?,
    })
}
