//! A source that is files.

use std::time::Duration;

use super::{labels, local_domains, misplaced};
use crate::config::{ConfigError, DateOrder, FileConfig, raw, reader::Reader};

pub(super) fn source(raw: &raw::Source, at: usize, reader: &Reader<'_>) -> Result<FileConfig, ConfigError> {
    let misplaced = misplaced(reader, "source", "file", &raw.keys(at));
    let patterns = patterns(raw, at, reader);
    let local_domains = local_domains(raw, reader);
    let labels = labels::labels(raw, reader);
    let interval = reader.some_duration("interval", &raw.interval, Duration::from_secs(5));
    let date_order = reader.choice("date_order", &raw.date_order, &["month_first", "day_first"])?;
    misplaced?;
    Ok(FileConfig {
        name: String::new(),
        paths: patterns?,
        local_domains: local_domains?,
        labels: labels?,
        interval: interval?,
        date_order: date_order.map(|order| match order {
            "day_first" => DateOrder::DayFirst,
            _ => DateOrder::MonthFirst,
        }),
    })
}

fn patterns(raw: &raw::Source, at: usize, reader: &Reader<'_>) -> Result<Vec<String>, ConfigError> {
    let paths = raw.paths.as_deref().unwrap_or_default();
    if paths.is_empty() {
        let hint = Some("for example `paths = [\"/var/log/exchange/*.json\"]`");
        return Err(reader.missing("paths", at, hint));
    }
    let mut patterns = Vec::new();
    for path in paths {
        let pattern = reader.file("paths", path)?;
        // Only what the settings say is shown: a variable may hold a secret.
        if let Err(error) = glob::Pattern::new(&pattern.to_string_lossy()) {
            let problem = format!("`{}`: `{}`: {}", reader.dotted("paths"), path.get_ref(), error.msg);
            return Err(reader.error(path.span().start, problem, Some("`*`, `?`, `**` and `[a-z]` stand for others")));
        }
        patterns.push(pattern.to_string_lossy().into_owned());
    }
    Ok(patterns)
}
