//! The report as people read it.

use std::{
    io::{self, Write},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use humantime::format_duration;
use indicatif::{HumanBytes, HumanCount};

use super::{
    report::{OutputReport, Report},
    source::{FileReport, Place, Reading, SourceReport},
    trouble::is_future,
};
use crate::{
    ledger::SourceStatus,
    pipeline::dead_letter::{Overview, Reason},
    support::counted::counted,
};

/// The most gaps, files and reasons that are listed of each; the others are counted.
const LISTED_GAPS: usize = 10;
const LISTED_FILES: usize = 20;
const LISTED_REASONS: usize = 5;

impl Report {
    pub(super) fn print(&self, output: &mut impl Write) -> io::Result<()> {
        writeln!(output, "{}", self.head())?;
        if !self.trouble.is_empty() {
            writeln!(output, "\nneeds a person")?;
            self.trouble.iter().try_for_each(|trouble| writeln!(output, "  {trouble}"))?;
        }
        let folder = self.state_dir.display();
        if self.has_ledger {
            writeln!(output, "\nledger in `{folder}`, at {}", time(self.at))?;
        } else {
            writeln!(output, "\nthere is no ledger in `{folder}` yet: nothing has been collected")?;
        }
        if self.has_ledger {
            self.sources.iter().try_for_each(|source| source.print(output, self.at))?;
        }
        writeln!(output, "\noutputs")?;
        self.outputs.iter().try_for_each(|it| it.print(output, self.at))?;
        writeln!(output, "\ndead letters")?;
        match &self.dead_letters {
            Some(letters) => print_letters(letters, output)?,
            None => writeln!(output, "  none")?,
        }
        match (&self.replay.is_under_way, &self.replay.left) {
            (true, _) => writeln!(output, "  a replay is under way"),
            (false, Some(left)) => {
                let letters = counted(left.letters, "letter", "letters");
                writeln!(output, "  a replay broke off; `{}` has {letters}", left.file.display())
            }
            (false, None) => Ok(()),
        }
    }

    fn head(&self) -> String {
        if let Some(about) = &self.process {
            let (pid, since) = (about.pid, about.since_text());
            return format!(
                "running: process {pid} since {since}, exotrace {}, mapping {}",
                about.version, about.mapping
            );
        }
        if self.is_running {
            return "running: another user or another version, which says nothing of itself".to_owned();
        }
        match &self.last_run {
            None => "not running".to_owned(),
            Some(run) => match run.ended_at {
                Some(ended_at) => format!("not running: process {} ended {}", run.pid, time(ended_at)),
                None => format!("not running: process {} did not end as it should", run.pid),
            },
        }
    }
}

impl OutputReport {
    fn print(&self, output: &mut impl Write, now: DateTime<Utc>) -> io::Result<()> {
        let state = match (self.state, self.since) {
            (Some(state), Some(since)) => format!("{} since {}", state.as_str(), time(since)),
            _ => "not running".to_owned(),
        };
        writeln!(output, "  {} ({}): {state}", self.name, self.r#type)?;
        let Some(trouble) = &self.trouble else { return Ok(()) };
        writeln!(output, "              in trouble since {}", ago(Some(trouble.since), now))?;
        trouble.reason.lines().try_for_each(|line| writeln!(output, "              {line}"))
    }
}

fn print_letters(letters: &Overview, output: &mut impl Write) -> io::Result<()> {
    let at_least = if letters.is_complete { "" } else { "at least " };
    writeln!(output, "  {at_least}{} in `{}`", HumanCount(letters.letters), letters.file.display())?;
    for Reason { letters, output: refused_by, reason, .. } in letters.reasons.iter().take(LISTED_REASONS) {
        let place = refused_by.as_ref().map_or("mapping".to_owned(), |name| format!("output `{name}`"));
        writeln!(output, "  {:>10}  {place}: {reason}", HumanCount(*letters).to_string())?;
    }
    if letters.reasons.len() > LISTED_REASONS {
        writeln!(output, "              and {} more reasons", letters.reasons.len() - LISTED_REASONS)?;
    }
    if letters.unreadable > 0 {
        writeln!(output, "              {} no dead letter", counted(letters.unreadable, "line is", "lines are"))?;
    }
    Ok(())
}

impl SourceReport {
    fn print(&self, output: &mut impl Write, now: DateTime<Utc>) -> io::Result<()> {
        let state = self.state.map_or(String::new(), |state| format!(", {}", state.as_str()));
        writeln!(output, "\n{} ({}{state})", self.name, self.r#type)?;
        let mut line = |name: &str, text: &str| writeln!(output, "  {name:<12}{text}");
        if let Place::Files { files_in_trouble, .. } = &self.place {
            for trouble in files_in_trouble {
                line("trouble", &format!("{}: {}", trouble.item, trouble.reason.replace('\n', "; ")))?;
            }
        }
        let Some(status) = &self.status else { return line("", "nothing has been read yet").map(drop) };
        match &self.place {
            Place::Files { files, .. } => print_files(files, status, now, &mut line),
            Place::Service { reading, requests, request_budget, .. } => {
                print_service(status, reading.as_ref(), now, &mut line)?;
                let left = request_budget.saturating_sub(*requests);
                line(
                    "budget",
                    &format!("{left} of {} left", counted((*request_budget).into(), "request", "requests")),
                )?;
                line("token", &token(status, now))
            }
        }
    }
}

fn print_files(
    files: &[FileReport],
    status: &SourceStatus,
    now: DateTime<Utc>,
    line: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    line("files", &HumanCount(files.len() as u64).to_string())?;
    for FileReport { path, offset, line: number } in files.iter().take(LISTED_FILES) {
        line("", &format!("{path}: {}, up to line {}", HumanBytes(*offset), HumanCount(*number)))?;
    }
    if files.len() > LISTED_FILES {
        line("", &format!("and {} more", files.len() - LISTED_FILES))?;
    }
    line("records", &HumanCount(status.rows).to_string())?;
    line("last batch", &ago(status.polled_at, now))?;
    print_failure(status, now, line)
}

fn print_service(
    status: &SourceStatus,
    reading: Option<&Reading>,
    now: DateTime<Utc>,
    line: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    match (status.covered_from, status.covered_until) {
        (Some(from), Some(until)) if is_future(until, now) => {
            let ahead = span(until - now);
            line("covered", &format!("{} to {}: trouble, {ahead} in the future", time(from), time(until)))?;
        }
        (Some(from), Some(until)) => {
            let (length, behind) = (span(until - from), span(now - until));
            line("covered", &format!("{} to {}: {length}, {behind} behind now", time(from), time(until)))?;
        }
        _ => line("covered", "nothing yet")?,
    }
    if let Some(Reading { start, end, reached }) = reading {
        let reached = reached.map_or_else(String::new, |reached| format!(", has come down to {}", time(reached)));
        line("reading", &format!("{} to {}{reached}", time(*start), time(*end)))?;
    }
    match status.gaps.len() {
        0 => line("gaps", "none")?,
        count => line("gaps", &format!("{count}; rows of these times may be missing"))?,
    }
    for gap in status.gaps.iter().take(LISTED_GAPS) {
        line("", &format!("{} to {}: {}", time(gap.start), time(gap.end), gap.reason))?;
    }
    if status.gaps.len() > LISTED_GAPS {
        line("", &format!("and {} more", status.gaps.len() - LISTED_GAPS))?;
    }
    let [changed, late] = [status.changed, status.late].map(HumanCount);
    line("rows", &format!("{}; {changed} of them changed, {late} late", HumanCount(status.rows)))?;
    line("last page", &ago(status.polled_at, now))?;
    print_failure(status, now, line)
}

fn token(status: &SourceStatus, now: DateTime<Utc>) -> String {
    match status.token_until {
        Some(until) if until > now => format!("good until {}: {} left", time(until), span(until - now)),
        Some(until) => format!("ended {}", ago(Some(until), now)),
        None => "none yet".to_owned(),
    }
}

fn print_failure(
    status: &SourceStatus,
    now: DateTime<Utc>,
    line: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    let since = status.polled_at.map_or("none".to_owned(), |polled_at| format!("none since {}", time(polled_at)));
    line("last error", &status.failed_at.map_or(since, |_| ago(status.failed_at, now)))?;
    for part in status.failure.iter().flat_map(|failure| failure.lines()) {
        line("", part)?;
    }
    Ok(())
}

pub(super) fn time(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A length of time in its two largest units.
fn span(duration: chrono::Duration) -> String {
    let seconds = duration.num_seconds().max(0).cast_unsigned();
    let unit = match seconds {
        0..3600 => 1,
        3600..86400 => 60,
        _ => 3600,
    };
    format_duration(Duration::from_secs(seconds / unit * unit)).to_string()
}

fn ago(instant: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    instant.map_or("none".to_owned(), |instant| format!("{}: {} ago", time(instant), span(now - instant)))
}

#[cfg(test)]
mod tests;
