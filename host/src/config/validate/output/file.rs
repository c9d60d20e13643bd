//! An output of type `file`.

use std::{path::PathBuf, time::Duration};

use crate::config::{ConfigError, FileCompression, FileOutputConfig, raw, reader::Reader};

/// A day: what people look for in files is mostly a day.
const ROTATE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Small enough to look into, large enough not to be many.
const ROTATE_BYTES: u32 = 100_000_000;

/// The most bytes that a file may be set to have.
const MOST_BYTES: u32 = u32::MAX;

/// What the owner has to be able to do, and the most that all may.
const OWNER: u32 = 0o600;
const MOST: u32 = 0o664;

pub(super) fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<FileOutputConfig, ConfigError> {
    let path = path(raw, at, reader);
    let compression = reader.choice("compression", &raw.compression, &["none", "gzip", "zstd"]);
    let keep = raw.keep.is_some().then(|| reader.number("keep", &raw.keep, 1..=1_000_000, 1)).transpose();
    let rotate_bytes = reader.number("rotate_bytes", &raw.rotate_bytes, 1..=MOST_BYTES, ROTATE_BYTES);
    let mode = mode(raw, reader);
    let rotate_age = reader.some_duration("rotate_age", &raw.rotate_age, ROTATE_AGE);
    let compression = match compression? {
        Some("gzip") => FileCompression::Gzip,
        Some("zstd") => FileCompression::Zstd,
        _ => FileCompression::None,
    };
    Ok(FileOutputConfig {
        path: path?,
        rotate_bytes: u64::from(rotate_bytes?),
        rotate_age: rotate_age?,
        compression,
        keep: keep?,
        mode: mode?,
    })
}

fn path(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<PathBuf, ConfigError> {
    let Some(path) = &raw.path else {
        let hint = Some("for example `path = \"/var/log/exotrace/trace.ndjson\"`");
        return Err(reader.missing("path", at, hint));
    };
    let file = reader.file("path", path)?;
    if file.file_name().is_none() || file.to_string_lossy().ends_with('/') {
        let problem = format!("`{}`: `{}` is a folder, not a file", reader.dotted("path"), path.get_ref());
        return Err(reader.error(path.span().start, problem, Some("add the name of a file")));
    }
    Ok(file)
}

/// The permissions of the files: their owner has to write them, and nobody else may, but for the group.
fn mode(raw: &raw::Output, reader: &Reader<'_>) -> Result<Option<u32>, ConfigError> {
    let Some(value) = &raw.mode else { return Ok(None) };
    let text = reader.text("mode", value)?;
    let mode = u32::from_str_radix(text.trim_start_matches("0o"), 8).ok();
    mode.filter(|mode| mode & OWNER == OWNER && mode & !MOST == 0).map(Some).ok_or_else(|| {
        let problem = format!("`{}`: `{}` is not a mode of a file", reader.dotted("mode"), value.get_ref());
        let hint = "`0600`, `0640`, `0660` or `0644`: who may read and write, in octal";
        reader.error(value.span().start, problem, Some(hint))
    })
}
