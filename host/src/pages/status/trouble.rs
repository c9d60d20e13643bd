//! What a person has to do something about, in words of ours.

use chrono::TimeDelta;

use super::report::{PageReport, SourceSection};
use crate::{
    observe::health::State,
    pipeline::is_future,
    support::{counted::counted, time_text::time},
};

/// For how long a gap is reported: the services keep records for ten days, so they can still be read.
const GAP_IS_NEWS: TimeDelta = TimeDelta::days(10);

/// What a person has to do something about.
pub(super) fn of(report: &PageReport) -> Vec<String> {
    let mut trouble = Vec::new();
    for source in &report.sources {
        of_source(source, report, &mut trouble);
    }
    for output in &report.outputs {
        if let Some(problem) = problem(output.state) {
            trouble.push(format!("output `{}` {problem}", output.name));
        }
    }
    for part in &report.parts {
        if let Some(problem) = problem(Some(part.state)) {
            trouble.push(format!("{} {problem}", part.part.as_str().replace('_', " ")));
        }
    }
    if let Some(letters) = report.dead_letters.count.filter(|letters| letters.waiting > 0) {
        let at_least = if letters.is_complete { "" } else { "at least " };
        trouble.push(format!(
            "{at_least}{} to replay",
            counted(letters.waiting, "dead letter waits", "dead letters wait")
        ));
    }
    if !report.is_ledger_readable {
        trouble.push("the ledger could not be read".to_owned());
    }
    trouble
}

fn of_source(source: &SourceSection, report: &PageReport, trouble: &mut Vec<String>) {
    let name = &source.name;
    if let Some(problem) = problem(source.state) {
        trouble.push(format!("source `{name}` {problem}"));
    }
    let files = source.files_in_trouble.iter().filter(|file| file.needs_person).count() as u64;
    if files > 0 {
        trouble.push(format!("source `{name}`: {} in trouble", counted(files, "file", "files")));
    }
    if let Some(until) = source.covered_until.filter(|until| is_future(*until, report.at)) {
        trouble.push(format!("source `{name}`: covered up to {}, which is in the future", time(until)));
    }
    let recent = source.gaps.iter().filter(|gap| report.at - gap.end < GAP_IS_NEWS).count() as u64;
    if recent > 0 {
        trouble.push(format!("source `{name}`: {} in the last 10 days", counted(recent, "gap", "gaps")));
    }
}

fn problem(state: Option<State>) -> Option<&'static str> {
    match state? {
        State::NeedsAttention => Some("needs attention"),
        State::Stalled => Some("waits for a disk that does not answer"),
        State::Working | State::Starting | State::Retrying => None,
    }
}
