//! The settings of a source of type `file`.

use std::time::Duration;

use exotrace_formats::DateOrder;
use serde::Deserialize;
use toml::Spanned;

use super::setup::SETUP;
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, keys},
    pipeline::SourceContext,
    support::microsoft_id::{TENANT_ID_HINT, is_tenant_id},
};

/// `[[source]]` of type `file`, as it stands in the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    /// Files to read, with `*`, `?` and `**`. Required for files.
    paths: Option<Vec<Spanned<String>>>,
    /// Order in dates such as `3/4/2026`: `month_first` or `day_first`. Default: refused where it matters.
    date_order: Setting<String>,
    /// Follow symbolic links among `paths`; otherwise they are refused. Default: `false`.
    follow_links: Setting<bool>,
    /// The tenant that the records are of: its id or one of its domains; as for the service, if records of both are to be recognized as the same. Default: not known.
    tenant_id: Setting<String>,
    /// Time between two checks of the files. Default: `5s`.
    interval: Setting<String>,
}

/// A source of type `file`.
#[derive(Debug, Clone)]
pub(crate) struct FileConfig {
    /// The tenant that the records are of.
    pub tenant_id: Option<String>,
    /// Patterns of paths.
    pub paths: Vec<String>,
    /// Between two looks at the files.
    pub interval: Duration,
    /// How dates such as `3/4/2026` are meant.
    pub date_order: Option<DateOrder>,
    /// Whether links among the paths are followed.
    pub follow_links: bool,
}

impl SectionKind<SourceContext> for FileConfig {
    const NAMES: &'static [&'static str] = &["file"];
    const SYNONYMS: &'static [Synonyms] = &[&[
        (&["path", "file", "files", "include", "filename"], Meant::Key("paths")),
        (&["tenant", "directory_id", "tenantid"], Meant::Key("tenant_id")),
    ]];

    const SETUPS: &'static [Setup] = &[SETUP];

    fn keys() -> Vec<&'static str> {
        keys::<FileTable>().to_vec()
    }

    fn read(
        _: &'static str,
        section: &Section<'_, '_>,
        context: &SourceContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let table: FileTable = section.read(reader)?;
        let tenant_id = table.tenant_id.as_ref().map(|value| tenant_id(value, reader)).transpose();
        let paths = patterns(&table, section.start(), context, reader);
        let interval = reader.some_duration("interval", &table.interval, Duration::from_secs(5));
        let date_order = reader.choice("date_order", &table.date_order, &["month_first", "day_first"])?;
        Ok(Self {
            tenant_id: tenant_id?,
            paths: paths?,
            interval: interval?,
            date_order: date_order.map(|order| match order {
                "day_first" => DateOrder::DayFirst,
                _ => DateOrder::MonthFirst,
            }),
            follow_links: table.follow_links.as_ref().is_some_and(|value| *value.get_ref()),
        })
    }
}

/// The tenant: its id, or one of its domains.
fn tenant_id(value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.text("tenant_id", value)?.trim().to_owned();
    if !is_tenant_id(&text) {
        let problem = format!("`{}` is neither a GUID nor a domain", reader.dotted("tenant_id"));
        return Err(reader.error(value.span().start, problem, Some(TENANT_ID_HINT)));
    }
    Ok(text)
}

/// What the ledger knows a source of files by.
pub(crate) fn files_name(config: &FileConfig) -> String {
    format!("file {}", config.paths.join(", "))
}

/// The patterns of paths; none may match what the program itself writes: it would read that again and again.
fn patterns(
    table: &FileTable,
    at: usize,
    context: &SourceContext,
    reader: &ValueReader<'_>,
) -> Result<Vec<String>, ConfigError> {
    let paths = table.paths.as_deref().unwrap_or_default();
    if paths.is_empty() {
        let hint = Some("for example `paths = [\"/var/log/exchange/*.json\"]`");
        return Err(reader.missing("paths", at, hint));
    }
    let mut patterns = Vec::new();
    for path in paths {
        let pattern = reader.file("paths", path)?.to_string_lossy().into_owned();
        // Only what the settings say is shown: a variable may hold a secret.
        let refuse = |problem: &str, hint: &str| {
            let problem = format!("`{}`: `{}`{problem}", reader.dotted("paths"), path.get_ref());
            reader.error(path.span().start, problem, Some(hint))
        };
        let matcher = glob::Pattern::new(&pattern)
            .map_err(|error| refuse(&format!(": {}", error.msg), "`*`, `?`, `**` and `[a-z]` stand for others"))?;
        let own = context.own_files.iter().find(|(path, _)| matcher.matches_path_with(path, AS_FILES_ARE_FOUND));
        if let Some((_, what)) = own {
            return Err(refuse(&format!(" matches {what}"), "write to another folder than is read"));
        }
        patterns.push(pattern);
    }
    Ok(patterns)
}

/// As files are found: `*` stays within a folder, and `**` does not.
pub(super) const AS_FILES_ARE_FOUND: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };
