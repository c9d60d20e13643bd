//! An output of type `file`.

use std::{path::PathBuf, time::Duration};

use crate::config::{ConfigError, FileCompression, FileOutputConfig, raw, reader::Reader};

/// A day: what people look for in files is mostly a day.
const ROTATE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Small enough to look into, large enough not to be many.
const ROTATE_BYTES: u32 = 100_000_000;

/// The most bytes that a file may be set to have.
const MOST_BYTES: u32 = u32::MAX;

pub(super) fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<FileOutputConfig, ConfigError> {
    let path = path(raw, at, reader);
    let compression = reader.choice("compression", &raw.compression, &["none", "gzip", "zstd"]);
    let keep = raw.keep.is_some().then(|| reader.number("keep", &raw.keep, 1..=1_000_000, 1)).transpose();
    let rotate_bytes = reader.number("rotate_bytes", &raw.rotate_bytes, 1..=MOST_BYTES, ROTATE_BYTES);
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
