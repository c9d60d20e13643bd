//! The settings of an output of type `file`.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::setup::SETUP;
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, keys},
    pipeline::OutputContext,
};

/// A day: what people look for in files is mostly a day.
const ROTATE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Small enough to look into, large enough not to be many.
const ROTATE_BYTES: u32 = 100_000_000;

/// The most bytes that a file may be set to have.
const MOST_BYTES: u32 = u32::MAX;

/// What the owner has to be able to do, and the most that all may.
const OWNER: u32 = 0o600;
const MOST: u32 = 0o664;

/// `[[output]]` of type `file`, as it stands in the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOutputTable {
    /// File to write, one document a line. Required for `file`.
    path: Setting<String>,
    /// Maximum size of the file in bytes; then it is finished, and a new one begins. Default: `100000000`.
    rotate_bytes: Setting<i64>,
    /// Maximum age of the file; then it is finished, and a new one begins. Default: `1day`.
    rotate_age: Setting<String>,
    /// Number of finished files to keep; older ones are deleted. Default: all.
    keep: Setting<i64>,
    /// How long to keep finished files, from when they were finished; older ones are deleted. Default: forever.
    keep_for: Setting<String>,
    /// Permissions of the files of a `file` output, in octal; others can never write. Default: `0640`, less what the umask takes away.
    mode: Setting<String>,
    /// Compression of finished files: `none`, `gzip` or `zstd`. Default: `none`.
    compression: Setting<String>,
}

/// An output of type `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileOutputConfig {
    /// The file that is written.
    pub path: PathBuf,
    /// When the file is as long as this, another one is begun.
    pub rotate_bytes: u64,
    /// When the file is as old as this, another one is begun.
    pub rotate_age: Duration,
    /// How finished files are compressed.
    pub compression: FileCompression,
    /// How many finished files are kept; `None`: all.
    pub keep: Option<u32>,
    /// How long finished files are kept; `None`: for ever.
    pub keep_for: Option<Duration>,
    /// The permissions of the files; `None`: what the umask leaves of the usual ones.
    pub mode: Option<u32>,
}

/// How finished files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileCompression {
    /// Not at all.
    None,
    /// With gzip.
    Gzip,
    /// With Zstandard.
    Zstd,
}

impl SectionKind<OutputContext> for FileOutputConfig {
    const NAMES: &'static [&'static str] = &["file"];
    const SYNONYMS: &'static [Synonyms] = &[&[
        (&["filename", "file", "file_path", "folder"], Meant::Key("path")),
        (&["rotate_every_kb", "max_size", "max_file_size"], Meant::Key("rotate_bytes")),
        (&["number_of_files", "max_backups", "keep_files"], Meant::Key("keep")),
        (&["max_age", "keep_days", "retention", "delete_after"], Meant::Key("keep_for")),
        (&["compression_level", "gzip"], Meant::Key("compression")),
    ]];

    const SETUPS: &'static [Setup] = &[SETUP];

    fn keys() -> Vec<&'static str> {
        keys::<FileOutputTable>().to_vec()
    }

    fn read(
        _: &'static str,
        section: &Section<'_, '_>,
        context: &OutputContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let table: FileOutputTable = section.read(reader)?;
        let path = path(&table, section.start(), context, reader);
        let compression = reader.choice("compression", &table.compression, &["none", "gzip", "zstd"]);
        let keep = table.keep.is_some().then(|| reader.number("keep", &table.keep, 1..=1_000_000, 1)).transpose();
        let keep_for = keep_for(&table, reader);
        let rotate_bytes = reader.number("rotate_bytes", &table.rotate_bytes, 1..=MOST_BYTES, ROTATE_BYTES);
        let mode = mode(&table, reader);
        let rotate_age = reader.some_duration("rotate_age", &table.rotate_age, ROTATE_AGE);
        let compression = match compression? {
            Some("gzip") => FileCompression::Gzip,
            Some("zstd") => FileCompression::Zstd,
            _ => FileCompression::None,
        };
        Ok(Self {
            path: path?,
            rotate_bytes: u64::from(rotate_bytes?),
            rotate_age: rotate_age?,
            compression,
            keep: keep?,
            keep_for: keep_for?,
            mode: mode?,
        })
    }
}

fn keep_for(table: &FileOutputTable, reader: &ValueReader<'_>) -> Result<Option<Duration>, ConfigError> {
    let is_set = table.keep_for.is_some();
    is_set.then(|| reader.some_duration("keep_for", &table.keep_for, Duration::ZERO)).transpose()
}

fn path(
    table: &FileOutputTable,
    at: usize,
    context: &OutputContext,
    reader: &ValueReader<'_>,
) -> Result<PathBuf, ConfigError> {
    let Some(path) = &table.path else {
        let hint = Some("for example `path = \"/var/log/exotrace/trace.ndjson\"`");
        return Err(reader.missing("path", at, hint));
    };
    let file = reader.file("path", path)?;
    if file.file_name().is_none() || file.to_string_lossy().ends_with('/') {
        let problem = format!("`{}`: `{}` is a folder, not a file", reader.dotted("path"), path.get_ref());
        return Err(reader.error(path.span().start, problem, Some("add the name of a file")));
    }
    if context.taken.contains(&file) {
        let problem = format!("`{}`: two outputs write to the same file", reader.dotted("path"));
        return Err(reader.error(path.span().start, problem, Some("give each a file of its own")));
    }
    Ok(file)
}

/// The permissions of the files: their owner has to write them, and nobody else may, but for the group.
fn mode(table: &FileOutputTable, reader: &ValueReader<'_>) -> Result<Option<u32>, ConfigError> {
    let Some(value) = &table.mode else { return Ok(None) };
    let text = reader.text("mode", value)?;
    let mode = u32::from_str_radix(text.trim_start_matches("0o"), 8).ok();
    mode.filter(|mode| mode & OWNER == OWNER && mode & !MOST == 0).map(Some).ok_or_else(|| {
        let problem = format!("`{}`: `{}` is not a mode of a file", reader.dotted("mode"), value.get_ref());
        let hint = "`0600`, `0640`, `0660` or `0644`: who may read and write, in octal";
        reader.error(value.span().start, problem, Some(hint))
    })
}
