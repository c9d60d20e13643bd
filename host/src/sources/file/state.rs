//! How far files have been read.

use chrono::{DateTime, Utc};
use glob::Pattern;
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;

use super::settings::{AS_FILES_ARE_FOUND, FileConfig, files_name};
use crate::{
    ledger::{FileState, Ledger, LedgerError, SourceStatus, Trouble},
    pipeline::{Line, SourceState, failure_lines},
    support::{counted::counted, shown, time_text::ago},
};

/// The most files that are listed; the others are counted.
const LISTED_FILES: usize = 20;

pub(super) fn state(
    config: &FileConfig,
    ledger: Option<&Ledger>,
    status: Option<&SourceStatus>,
    now: DateTime<Utc>,
) -> Result<SourceState, LedgerError> {
    let Some(ledger) = ledger else { return Ok(described(&[], &[], status, now)) };
    let patterns: Vec<_> = config.paths.iter().filter_map(|path| Pattern::new(path).ok()).collect();
    let is_of_it = |file: &FileState| patterns.iter().any(|it| it.matches_with(&file.path, AS_FILES_ARE_FOUND));
    let mut files: Vec<_> = ledger.files()?.into_iter().filter(is_of_it).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(described(&files, &ledger.file_troubles(&files_name(config))?, status, now))
}

fn described(
    files: &[FileState],
    in_trouble: &[Trouble],
    status: Option<&SourceStatus>,
    now: DateTime<Utc>,
) -> SourceState {
    let known: Vec<_> =
        files.iter().map(|file| json!({ "path": file.path, "offset": file.offset, "line": file.line })).collect();
    let fields = [("files".to_owned(), json!(known)), ("files_in_trouble".to_owned(), json!(in_trouble))];
    let text = |trouble: &Trouble| format!("{}: {}", shown::line(&trouble.item), trouble.reason.replace('\n', "; "));
    let failed = in_trouble.iter().filter(|file| file.needs_person).count() as u64;
    SourceState {
        fields: fields.into_iter().collect(),
        always: in_trouble.iter().map(|trouble| ("trouble", text(trouble))).collect(),
        lines: status.map_or_else(Vec::new, |status| lines(files, status, now)),
        trouble: (failed > 0).then(|| format!("{} in trouble", counted(failed, "file", "files"))),
    }
}

fn lines(files: &[FileState], status: &SourceStatus, now: DateTime<Utc>) -> Vec<Line> {
    let mut lines = vec![("files", HumanCount(files.len() as u64).to_string())];
    for FileState { path, offset, line, .. } in files.iter().take(LISTED_FILES) {
        lines.push(("", format!("{}: {}, up to line {}", shown::line(path), HumanBytes(*offset), HumanCount(*line))));
    }
    if files.len() > LISTED_FILES {
        lines.push(("", format!("and {} more", files.len() - LISTED_FILES)));
    }
    lines.push(("records", HumanCount(status.rows).to_string()));
    lines.push(("last batch", ago(status.polled_at, now)));
    lines.extend(failure_lines(status, now));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_a_person_has_to_mend_are_counted() {
        let now = Utc::now();
        let trouble = |reason: &str, needs_person| Trouble {
            item: "a.csv".to_owned(),
            reason: reason.to_owned(),
            since: now,
            needs_person,
        };
        let waiting = described(&[], &[trouble("waits", false)], None, now);
        assert_eq!((waiting.trouble, waiting.always), (None, vec![("trouble", "a.csv: waits".to_owned())]));
        let failed = described(&[], &[trouble("no text", true), trouble("waits", false)], None, now);
        assert_eq!(failed.trouble.as_deref(), Some("1 file in trouble"));
    }
}
