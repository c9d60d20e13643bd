//! Reads `[archive]`.

use std::{path::PathBuf, time::Duration};

use toml::Spanned;

use super::table::ArchiveTable;
use crate::config::{ConfigError, ValueReader};

/// As long as Microsoft keeps message trace for Graph.
const KEEP_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// `[archive]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveConfig {
    /// Where raw records are kept.
    pub dir: PathBuf,
    /// For how long.
    pub keep_for: Duration,
    /// Whether they are although people are hidden in documents.
    pub allow_archive: bool,
}

pub(super) fn archive(table: &Spanned<ArchiveTable>, reader: &ValueReader<'_>) -> Result<ArchiveConfig, ConfigError> {
    let (at, table) = (table.span().start, table.get_ref());
    let dir = match &table.dir {
        Some(dir) => reader.file("dir", dir),
        None => Err(reader.missing("dir", at, Some("for example `dir = \"/var/lib/exotrace/archive\"`"))),
    };
    let keep_for = reader.some_duration("keep_for", &table.keep_for, KEEP_FOR);
    Ok(ArchiveConfig { dir: dir?, keep_for: keep_for?, allow_archive: table.allow_archive.unwrap_or_default() })
}
