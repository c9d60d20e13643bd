//! An output of type `file`.

use std::time::Duration;

use crate::config::{ConfigError, FileCompression, FileOutputConfig, raw, reader::Reader};

/// A day: what people look for in files is mostly a day.
const ROTATE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Small enough to look into, large enough not to be many.
const ROTATE_BYTES: u32 = 100_000_000;

/// The most bytes that a file may be set to have.
const MOST_BYTES: u32 = u32::MAX;

pub(super) fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<FileOutputConfig, ConfigError> {
    let Some(path) = &raw.path else {
        let problem = format!("`{}` is missing", reader.dotted("path"));
        return Err(reader.error(at, problem, Some("for example `path = \"/var/log/exotrace/trace.ndjson\"`")));
    };
    let file = reader.file("path", path)?;
    if file.file_name().is_none() || file.to_string_lossy().ends_with('/') {
        let problem = format!("`{}`: `{}` is a folder, not a file", reader.dotted("path"), path.get_ref());
        return Err(reader.error(path.span().start, problem, Some("add the name of a file")));
    }
    let compression = match reader.choice("compression", &raw.compression, &["none", "gzip", "zstd"])? {
        Some("gzip") => FileCompression::Gzip,
        Some("zstd") => FileCompression::Zstd,
        _ => FileCompression::None,
    };
    let keep = match &raw.keep {
        Some(_) => Some(reader.number("keep", &raw.keep, 1..=1_000_000, 1)?),
        None => None,
    };
    Ok(FileOutputConfig {
        path: file,
        rotate_bytes: u64::from(reader.number("rotate_bytes", &raw.rotate_bytes, 1..=MOST_BYTES, ROTATE_BYTES)?),
        rotate_age: reader.some_duration("rotate_age", &raw.rotate_age, ROTATE_AGE)?,
        compression,
        keep,
    })
}
