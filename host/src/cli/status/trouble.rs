//! What a person has to do something about.

use chrono::Duration;

use super::report::{SourceReport, StatusReport};
use crate::{
    observe::health::{Part, State},
    pipeline::is_future,
    support::{counted::counted, time_text::time},
};

/// What fails in a way that passes needs a person when it has not passed for so long.
const PATIENCE: Duration = Duration::minutes(30);

/// For how long a gap is reported: the services keep records for ten days, so they can still be read.
const GAP_IS_NEWS: Duration = Duration::days(10);

/// What a person has to do something about, in words.
pub(super) fn of(report: &StatusReport) -> Vec<String> {
    let mut trouble = Vec::new();
    if let (false, Some(run)) = (report.is_running, &report.last_run) {
        match (&run.ended_at, &run.failure) {
            (None, _) => trouble.push(format!("process {} was killed, or the machine went down", run.pid)),
            (Some(_), Some(failure)) => trouble.push(format!("the last run failed: {}", first_line(failure))),
            (Some(_), None) => {}
        }
    }
    trouble.extend(of_settings(report));
    for source in &report.sources {
        of_source(source, report, &mut trouble);
    }
    for output in &report.outputs {
        let Some(it) = &output.trouble else { continue };
        let is_old = report.at - it.since > PATIENCE;
        if it.needs_person || is_old || !report.is_running || output.state == Some(State::Stalled) {
            trouble.push(format!("output `{}`: {}", output.name, first_line(&it.reason)));
        }
    }
    for part in report.process.iter().flat_map(|process| &process.parts) {
        if let (Part::Cluster | Part::ClusterMapping, State::NeedsAttention, Some(reason)) =
            (part.part, part.state, &part.reason)
        {
            trouble.push(format!("cluster: {}", first_line(reason)));
        }
        if part.state == State::Stalled {
            trouble.push(format!("a disk does not answer: {} {}", part.part.as_str(), part.name));
        }
    }
    if let Some(archive) = &report.archive
        && let (Some(State::NeedsAttention), Some(reason)) = (archive.state, &archive.reason)
    {
        trouble.push(format!("archive: {}", first_line(reason)));
    }
    for letters in report.dead_letters.iter().chain(&report.partition_dead_letters) {
        let at_least = if letters.is_complete { "" } else { "at least " };
        let waiting = counted(letters.letters + letters.unreadable, "dead letter", "dead letters");
        trouble.push(format!("{at_least}{waiting}: `exotrace replay --list` shows why"));
    }
    if report.replay.left.is_some() && !report.replay.is_under_way {
        trouble.push("a replay of dead letters broke off: `exotrace replay` goes on".to_owned());
    }
    trouble
}

/// That settings are not in use, as the process that runs has found, or else as they are now.
fn of_settings(report: &StatusReport) -> Option<String> {
    let mut parts = report.process.iter().flat_map(|process| &process.parts);
    let refused = parts.find(|part| part.part == Part::Settings).and_then(|part| part.reason.as_deref());
    match (refused, &report.refused_settings) {
        (Some(reason), _) => {
            Some(format!("settings were not reloaded, and the old ones are in use: {}", first_line(reason)))
        }
        (None, Some(reason)) => Some(format!("settings cannot be used: {}", first_line(reason))),
        (None, None) => None,
    }
}

fn of_source(source: &SourceReport, report: &StatusReport, trouble: &mut Vec<String>) {
    let name = &source.name;
    trouble.extend(source.place.trouble.iter().map(|problem| format!("source `{name}`: {problem}")));
    let Some(status) = &source.status else { return };
    if let (Some(failed_at), Some(failure)) = (status.failed_at, &status.failure) {
        let is_lasting = match source.state {
            Some(State::NeedsAttention | State::Stalled) => true,
            // Nothing tries again.
            None => true,
            Some(_) => status.polled_at.is_some_and(|polled_at| failed_at - polled_at > PATIENCE),
        };
        let is_said = trouble.iter().any(|said| said.starts_with(&format!("source `{name}`: ")));
        if is_lasting && !is_said && !is_of_output(failure, report) {
            trouble.push(format!("source `{name}`: {}", first_line(failure)));
        }
    }
    if let Some(until) = status.covered_until.filter(|until| is_future(*until, report.at)) {
        trouble.push(format!("source `{name}`: covered up to {}, which is in the future", time(until)));
    }
    let recent = status.gaps.iter().filter(|gap| report.at - gap.end < GAP_IS_NEWS).count() as u64;
    if recent > 0 {
        trouble.push(format!("source `{name}`: {} of the last 10 days", counted(recent, "gap", "gaps")));
    }
}

/// Whether the failure that a source has is that of an output, which is said with the output.
fn is_of_output(failure: &str, report: &StatusReport) -> bool {
    report.outputs.iter().any(|output| output.trouble.as_ref().is_some_and(|trouble| trouble.reason == failure))
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
