//! The report as people read it.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use indicatif::{HumanBytes, HumanCount};

use super::report::{ArchiveReport, ClusterReport, OutputReport, SourceReport, StatusReport};
use crate::{
    pipeline::{
        Line,
        dead_letter::{Overview, Reason},
    },
    support::{
        counted::counted,
        ranges::ranges,
        shown,
        time_text::{ago, time},
    },
};

/// The most reasons that are listed; the others are counted.
const LISTED_REASONS: usize = 5;

/// Shows all of it.
pub(super) fn report(report: &StatusReport, output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "{}", head(report))?;
    if let Some(privacy) = report.process.as_ref().map_or(&report.privacy, |process| &process.privacy) {
        writeln!(output, "privacy: {privacy}")?;
    }
    report.cluster.iter().try_for_each(|it| cluster(it, report.sources.len(), output))?;
    if !report.trouble.is_empty() {
        writeln!(output, "\nneeds a person")?;
        report.trouble.iter().try_for_each(|trouble| writeln!(output, "  {trouble}"))?;
    }
    let folder = shown::path(&report.state_dir);
    if report.has_ledger {
        writeln!(output, "\nledger in `{folder}`, at {}", time(report.at))?;
    } else {
        writeln!(output, "\nthere is no ledger in `{folder}` yet: nothing has been collected")?;
    }
    if report.has_ledger {
        report.sources.iter().try_for_each(|found| source(found, output))?;
    }
    writeln!(output, "\noutputs")?;
    report.outputs.iter().try_for_each(|it| self::output(it, output, report.at))?;
    report.archive.iter().try_for_each(|it| archive(it, output))?;
    writeln!(output, "\ndead letters")?;
    let waiting: Vec<_> = report.dead_letters.iter().chain(&report.partition_dead_letters).collect();
    if waiting.is_empty() {
        writeln!(output, "  none")?;
    }
    waiting.into_iter().try_for_each(|letters| print_letters(letters, output))?;
    match (&report.replay.is_under_way, &report.replay.left) {
        (true, _) => writeln!(output, "  a replay is under way"),
        (false, Some(left)) => {
            let letters = counted(left.letters, "dead letter", "dead letters");
            writeln!(output, "  a replay broke off; `{}` has {letters}", shown::path(&left.file))
        }
        (false, None) => Ok(()),
    }
}

fn head(report: &StatusReport) -> String {
    if let Some(about) = &report.process {
        let (pid, since) = (about.pid, about.since_text());
        return format!("running: process {pid} since {since}, exotrace {}, mapping {}", about.version, about.mapping);
    }
    if report.is_running {
        return "running: another user or another version, which says nothing of itself".to_owned();
    }
    match &report.last_run {
        None => "not running".to_owned(),
        Some(run) => match run.ended_at {
            Some(ended_at) => format!("not running: process {} ended {}", run.pid, time(ended_at)),
            None => format!("not running: process {} did not end as it should", run.pid),
        },
    }
}

fn cluster(report: &ClusterReport, here: usize, output: &mut impl Write) -> io::Result<()> {
    let ClusterReport { group, partitions, elsewhere } = report;
    let held = match partitions[..] {
        [] => "no partition".to_owned(),
        [one] => format!("partition {one}"),
        _ => format!("partitions {}", ranges(partitions)),
    };
    let sources = counted(here as u64, "source", "sources");
    writeln!(output, "cluster: group `{group}`, {held}, {sources} of {}", here + elsewhere)?;
    if *elsewhere > 0 {
        writeln!(output, "  `exotrace cluster status` shows who collects the others")?;
    }
    Ok(())
}

fn output(report: &OutputReport, output: &mut impl Write, now: DateTime<Utc>) -> io::Result<()> {
    let state = match (report.state, report.since) {
        (Some(state), Some(since)) => format!("{} since {}", state.as_str(), time(since)),
        _ => "not running".to_owned(),
    };
    writeln!(output, "  {} ({}): {state}", report.name, report.r#type)?;
    let Some(trouble) = &report.trouble else { return Ok(()) };
    writeln!(output, "              in trouble since {}", ago(Some(trouble.since), now))?;
    trouble.reason.lines().try_for_each(|line| writeln!(output, "              {line}"))
}

fn archive(report: &ArchiveReport, output: &mut impl Write) -> io::Result<()> {
    let ArchiveReport { dir, state, reason, size, remap } = report;
    let state = state.map_or(String::new(), |state| format!(", {}", state.as_str()));
    writeln!(output, "\narchive in `{}`{state}", shown::path(dir))?;
    match (size.from, size.to) {
        (Some(from), Some(to)) => {
            let (files, bytes) = (counted(size.files, "file", "files"), HumanBytes(size.bytes));
            writeln!(output, "  {} to {}: {files}, {bytes}", time(from), time(to))?;
        }
        _ => writeln!(output, "  nothing was kept yet")?,
    }
    reason.iter().flat_map(|reason| reason.lines()).try_for_each(|line| writeln!(output, "  {line}"))?;
    match remap {
        Some(done) => writeln!(output, "  {:.0} % of a remap is done", done * 100.0),
        None => Ok(()),
    }
}

fn print_letters(letters: &Overview, output: &mut impl Write) -> io::Result<()> {
    let at_least = if letters.is_complete { "" } else { "at least " };
    writeln!(output, "  {at_least}{} in `{}`", HumanCount(letters.letters), shown::path(&letters.file))?;
    for it in letters.reasons.iter().take(LISTED_REASONS) {
        let (place, Reason { letters, reason, .. }) = (it.place(), it);
        writeln!(output, "  {:>10}  {place}: {reason}", HumanCount(*letters).to_string())?;
    }
    if letters.reasons.len() > LISTED_REASONS {
        writeln!(output, "              and {} more reasons", letters.reasons.len() - LISTED_REASONS)?;
    }
    if letters.unreadable > 0 {
        let lines = counted(letters.unreadable, "line that is not a dead letter", "lines that are not dead letters");
        writeln!(output, "              {lines}")?;
    }
    Ok(())
}

fn source(report: &SourceReport, output: &mut impl Write) -> io::Result<()> {
    let state = report.state.map_or(String::new(), |state| format!(", {}", state.as_str()));
    writeln!(output, "\n{} ({}{state})", report.name, report.r#type)?;
    let mut show = |(name, text): &Line| writeln!(output, "  {name:<12}{text}");
    report.place.always.iter().try_for_each(&mut show)?;
    match report.status {
        None => show(&("", "nothing has been read yet".to_owned())),
        Some(_) => report.place.lines.iter().try_for_each(show),
    }
}

#[cfg(test)]
mod tests;
