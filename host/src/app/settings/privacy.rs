//! Reads `[mapping.privacy]`. Its words are those of the mapping, which checks what goes with what.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value};
use toml::Spanned;

use super::mapping_table::PrivacyTable;
use crate::config::{ConfigError, Setting, ValueReader};

/// `[mapping.privacy]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrivacyConfig {
    /// The file of the key.
    pub key_file: PathBuf,
    /// What the key is called.
    pub key_id: String,
    /// What the profile is called.
    pub profile: String,
    /// What is hidden, and how: `privacy` of the mapping's own settings.
    pub options: Map<String, Value>,
    /// The key before.
    pub previous: Option<PreviousKeyConfig>,
}

/// The key before, which is used for some time beside the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreviousKeyConfig {
    /// Its file.
    pub file: PathBuf,
    /// From then on it is not used.
    pub until: DateTime<Utc>,
}

/// What a profile is called that has no name.
const DEFAULT_PROFILE: &str = "default";

pub(super) fn privacy(spanned: &Spanned<PrivacyTable>, reader: &ValueReader<'_>) -> Result<PrivacyConfig, ConfigError> {
    let (table, at) = (spanned.get_ref(), spanned.span().start);
    let key_file = reader.required("key_file", &table.key_file, at);
    let key_file = key_file.and_then(|_| reader.optional_file("key_file", &table.key_file));
    let key_id = reader.required("key_id", &table.key_id, at);
    let profile = table.profile.as_ref().map(|name| reader.text("profile", name)).transpose();
    let choices = [
        ("addresses", reader.choice("addresses", &table.addresses, &["pseudonym", "domain_only", "keep"])),
        ("parties", reader.choice("parties", &table.parties, &["both", "local"])),
        ("subject", reader.choice("subject", &table.subject, &["drop", "length", "pseudonym", "keep"])),
        ("message_id", reader.choice("message_id", &table.message_id, &["pseudonym", "drop", "keep"])),
        ("ip", reader.choice("ip", &table.ip, &["prefix", "geo_only", "drop", "keep"])),
        ("local_id", reader.choice("local_id", &table.local_id, &["keep", "drop"])),
        ("original", reader.choice("original", &table.original, &["drop", "keep"])),
    ];
    let previous = previous(table, reader);
    let (key_id, profile) = (key_id?, profile?.unwrap_or_else(|| DEFAULT_PROFILE.to_owned()));
    let mut options = Map::new();
    options.insert("profile".to_owned(), profile.clone().into());
    options.insert("key_id".to_owned(), key_id.clone().into());
    for (key, word) in choices {
        if let Some(word) = word? {
            options.insert(key.to_owned(), word.into());
        }
    }
    Ok(PrivacyConfig { key_file: key_file?.unwrap_or_default(), key_id, profile, options, previous: previous? })
}

/// The key before, and until when: a time that everybody knows needs no noting, and is the same for every process and
/// after every restart.
fn previous(table: &PrivacyTable, reader: &ValueReader<'_>) -> Result<Option<PreviousKeyConfig>, ConfigError> {
    let file = reader.optional_file("previous_key_file", &table.previous_key_file)?;
    match (file, &table.previous_key_file, &table.overlap_until) {
        (Some(file), _, Some(until)) => {
            Ok(Some(PreviousKeyConfig { file, until: instant("overlap_until", until, reader)? }))
        }
        (_, Some(file), None) => {
            let hint = "the time from which the previous key is not used, as \"2026-12-31\"";
            Err(reader.missing("overlap_until", file.span().start, Some(hint)))
        }
        (_, None, Some(until)) => {
            let problem =
                format!("`{}` is without `{}`", reader.dotted("overlap_until"), reader.dotted("previous_key_file"));
            Err(reader.error(until.span().start, problem, Some("name the file of the previous key, or leave both out")))
        }
        _ => Ok(None),
    }
}

/// An instant, or the first one of a day, in UTC.
fn instant(key: &str, value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<DateTime<Utc>, ConfigError> {
    let text = reader.text(key, value)?;
    let day = |text: &str| text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let instant = DateTime::parse_from_rfc3339(&text).map(|instant| instant.to_utc()).or_else(|_| day(&text));
    instant.map_err(|_| {
        let problem = format!("`{}`: `{}` is not a time", reader.dotted(key), value.get_ref());
        reader.error(value.span().start, problem, Some("for example \"2026-12-31\" or \"2026-12-31T12:00:00Z\""))
    })
}

/// Refuses a profile where there is another one, or where the mapping that suits each source would have to hide people.
pub(super) fn refuse_what_excludes(
    spanned: &Spanned<PrivacyTable>,
    options: &Setting<toml::Table>,
    names_mapping: bool,
    reader: &ValueReader<'_>,
) {
    let at = spanned.span().start;
    if options.as_ref().is_some_and(|options| options.get_ref().contains_key("privacy")) {
        let problem = reader.exclude("privacy", "options.privacy");
        drop(reader.error(at, problem, Some("keep `[mapping.privacy]`, which has the key as well")));
    }
    if !names_mapping {
        let problem = "`mapping.privacy` takes a mapping that can hide people, and no mapping is named".to_owned();
        drop(reader.missed("mapping.version", at, problem, Some("`version = \"3.0\"` in `[mapping]`")));
    }
}
