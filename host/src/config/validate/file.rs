//! A source that is files.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

use super::{labels, local_domains, misplaced};
use crate::config::{
    ConfigError, DateOrder, FileConfig, NamedOutput, OutputConfig, SourceConfig, position::prefix, raw, reader::Reader,
};

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
        labels: Box::new(labels?),
        interval: interval?,
        date_order: date_order.map(|order| match order {
            "day_first" => DateOrder::DayFirst,
            _ => DateOrder::MonthFirst,
        }),
        follow_links: raw.follow_links.as_ref().is_some_and(|value| *value.get_ref()),
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

/// As files are found: `*` stays within a folder, and `**` does not.
const AS_FILES_ARE_FOUND: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// Refuses patterns that match what the program itself writes: it would read that again and again.
pub(super) fn check_own(
    sections: &[Spanned<raw::Source>],
    sources: &[SourceConfig],
    outputs: &[NamedOutput],
    dead_letter: &Path,
    reader: &Reader<'_>,
) -> Result<(), ConfigError> {
    let files = outputs.iter().filter_map(|output| match &output.config {
        OutputConfig::File(file) => Some(file.path.as_path()),
        _ => None,
    });
    let mut own = vec![(dead_letter.to_owned(), "the dead letter")];
    for path in files {
        own.push((path.to_owned(), "the file of an output"));
        own.extend(finished(path).map(|path| (path, "the finished files of an output")));
    }
    for (index, (section, source)) in sections.iter().zip(sources).enumerate() {
        let SourceConfig::File(files) = source else { continue };
        let prefix = prefix("source", index, sections.len());
        let reader = reader.within(&prefix);
        for (pattern, named) in files.paths.iter().zip(section.get_ref().paths.iter().flatten()) {
            let Ok(matcher) = glob::Pattern::new(pattern) else { continue };
            if let Some((_, what)) = own.iter().find(|(path, _)| matcher.matches_path_with(path, AS_FILES_ARE_FOUND)) {
                let problem = format!("`{}`: `{}` matches {what}", reader.dotted("paths"), named.get_ref());
                return Err(reader.error(named.span().start, problem, Some("write to another folder than is read")));
            }
        }
    }
    Ok(())
}

/// Names of finished files as an output gives them.
fn finished(path: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let plain = path.with_file_name(format!("{stem}-20260304T050607.008Z"));
    let plain = path.extension().map_or(plain.clone(), |extension| plain.with_added_extension(extension));
    let packed = ["gz", "zst"].map(|extension| plain.with_added_extension(extension));
    [plain].into_iter().chain(packed)
}
