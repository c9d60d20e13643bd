//! `exotrace status`: what is covered, from the ledger, while the daemon runs.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use glob::Pattern;
use humantime::format_duration;
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use super::settings_file::SettingsFile;
use crate::{
    config::{FileConfig, ServiceConfig, SourceConfig},
    ledger::{FileState, InProgress, Ledger, LedgerError, SourceStatus},
    pipeline::{BUDGET_WINDOW, budget_name, files_name, service_name},
};

/// The most gaps that are listed; the others are counted.
const LISTED_GAPS: usize = 10;

/// The most files that are listed; the others are counted.
const LISTED_FILES: usize = 20;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is known of all sources.
#[derive(Serialize)]
struct Report<'a> {
    state_dir: &'a Path,
    has_ledger: bool,
    sources: Vec<SourceReport<'a>>,
}

/// What is known of one source.
#[derive(Serialize)]
struct SourceReport<'a> {
    r#type: &'static str,
    name: String,
    /// None when it has done nothing yet.
    #[serde(flatten)]
    status: Option<SourceStatus>,
    #[serde(flatten)]
    place: Place<'a>,
}

/// What is known of where a source reads.
#[derive(Serialize)]
#[serde(untagged)]
enum Place<'a> {
    Service {
        tenant_id: &'a str,
        /// The window that was begun and not finished.
        reading: Option<Reading>,
        /// Requests for the tenant in the last five minutes.
        requests: u32,
        request_budget: u32,
    },
    Files {
        files: Vec<FileReport>,
    },
}

/// How far a file is read.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FileReport {
    path: String,
    /// In bytes of its contents.
    offset: u64,
    /// The line that comes next, counted from 1.
    line: u64,
}

/// How far a window has come: from its end to its start.
#[derive(Serialize)]
struct Reading {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    reached: Option<DateTime<Utc>>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.settings.load()?;
    let ledger = Ledger::open_to_read(&config.state_dir)?;
    let now = Utc::now();
    let mut report = Report { state_dir: &config.state_dir, has_ledger: ledger.is_some(), sources: Vec::new() };
    for source in &config.sources {
        report.sources.push(match source {
            SourceConfig::Service(service) => SourceReport::of_service(service, ledger.as_ref(), now)?,
            SourceConfig::File(files) => SourceReport::of_files(files, ledger.as_ref())?,
        });
    }
    let mut output = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut output, &report)?;
        writeln!(output)?;
    } else {
        report.print(&mut output, now)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl<'a> SourceReport<'a> {
    fn of_service(config: &'a ServiceConfig, ledger: Option<&Ledger>, now: DateTime<Utc>) -> Result<Self, LedgerError> {
        let name = service_name(config);
        let (mut status, mut reading, mut requests) = (None, None, 0);
        if let Some(ledger) = ledger {
            status = ledger.status(&name)?;
            reading = ledger.progress(&name)?.in_progress.map(Reading::from);
            requests = ledger.requests(&budget_name(config), now, BUDGET_WINDOW)?.count;
        }
        let (tenant_id, request_budget) = (config.tenant_id.as_str(), config.request_budget);
        let place = Place::Service { tenant_id, reading, requests, request_budget };
        Ok(Self { r#type: config.kind.as_str(), name, status, place })
    }

    fn of_files(config: &FileConfig, ledger: Option<&Ledger>) -> Result<Self, LedgerError> {
        let name = files_name(config);
        let mut files = Vec::new();
        let mut status = None;
        if let Some(ledger) = ledger {
            status = ledger.status(&name)?;
            let patterns: Vec<_> = config.paths.iter().filter_map(|path| Pattern::new(path).ok()).collect();
            for FileState { path, offset, line, .. } in ledger.files()? {
                if patterns.iter().any(|pattern| pattern.matches(&path)) {
                    files.push(FileReport { path, offset, line });
                }
            }
            files.sort_by(|one, other| one.path.cmp(&other.path));
        }
        Ok(Self { r#type: "file", name, status, place: Place::Files { files } })
    }

    fn print(&self, output: &mut impl Write, now: DateTime<Utc>) -> io::Result<()> {
        writeln!(output, "\n{}", self.name)?;
        let Some(status) = &self.status else { return writeln!(output, "  nothing has been read yet") };
        let mut line = |name: &str, text: &str| writeln!(output, "  {name:<12}{text}");
        let Place::Service { reading, requests, request_budget, .. } = &self.place else {
            let Place::Files { files } = &self.place else { return Ok(()) };
            line("files", &HumanCount(files.len() as u64).to_string())?;
            for FileReport { path, offset, line: number } in files.iter().take(LISTED_FILES) {
                line("", &format!("{path}: {}, up to line {number}", HumanBytes(*offset)))?;
            }
            if files.len() > LISTED_FILES {
                line("", &format!("and {} more", files.len() - LISTED_FILES))?;
            }
            line("records", &HumanCount(status.rows).to_string())?;
            line("last batch", &ago(status.polled_at, now))?;
            return print_failure(status, now, &mut line);
        };
        match (status.covered_from, status.covered_until) {
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
        let [rows, changed, late] = [status.rows, status.changed, status.late].map(HumanCount);
        line("rows", &format!("{rows}; {changed} of them changed, {late} late"))?;
        line("last page", &ago(status.polled_at, now))?;
        print_failure(status, now, &mut line)?;
        line("budget", &format!("{requests} of {request_budget} requests in the last 5 minutes"))?;
        line(
            "token",
            &match status.token_until {
                Some(until) if until > now => format!("good until {}: {} left", time(until), span(until - now)),
                Some(until) => format!("ended {}", ago(Some(until), now)),
                None => "none yet".to_owned(),
            },
        )
    }
}

fn print_failure(
    status: &SourceStatus,
    now: DateTime<Utc>,
    line: &mut impl FnMut(&str, &str) -> io::Result<()>,
) -> io::Result<()> {
    line("last error", &status.failed_at.map_or("none since".to_owned(), |_| ago(status.failed_at, now)))?;
    for part in status.failure.iter().flat_map(|failure| failure.lines()) {
        line("", part)?;
    }
    Ok(())
}

impl Report<'_> {
    fn print(&self, output: &mut impl Write, now: DateTime<Utc>) -> io::Result<()> {
        let folder = self.state_dir.display();
        if !self.has_ledger {
            return writeln!(output, "there is no ledger in `{folder}` yet: nothing has been collected");
        }
        writeln!(output, "ledger in `{folder}`, at {}", time(now))?;
        for source in &self.sources {
            source.print(output, now)?;
        }
        Ok(())
    }
}

impl From<InProgress> for Reading {
    fn from(InProgress { window, reached, .. }: InProgress) -> Self {
        Self { start: window.start, end: window.end, reached }
    }
}

fn time(instant: DateTime<Utc>) -> String {
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
mod tests {
    use super::*;
    use crate::ledger::Gap;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn report(status: Option<SourceStatus>) -> String {
        let reading = Some(Reading {
            start: at("2026-03-04T10:00:00Z"),
            end: at("2026-03-04T12:00:00Z"),
            reached: Some(at("2026-03-04T11:00:00Z")),
        });
        let source = SourceReport {
            r#type: "graph",
            name: "graph https://graph.microsoft.com contoso.com id".to_owned(),
            status,
            place: Place::Service { tenant_id: "contoso.com", reading, requests: 12, request_budget: 90 },
        };
        let report = Report { state_dir: Path::new("state"), has_ledger: true, sources: vec![source] };
        let mut output = Vec::new();
        report.print(&mut output, at("2026-03-04T12:00:00Z")).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_person_sees_how_a_source_is_doing() {
        let gap = Gap {
            start: at("2025-11-01T00:00:00Z"),
            end: at("2025-11-02T00:00:00Z"),
            reason: "older than the service keeps records".to_owned(),
        };
        let status = SourceStatus {
            covered_from: Some(at("2026-03-01T00:00:00Z")),
            covered_until: Some(at("2026-03-04T10:30:00Z")),
            gaps: vec![gap],
            rows: 1_234_567,
            changed: 1000,
            late: 3,
            polled_at: Some(at("2026-03-04T11:59:18Z")),
            failed_at: Some(at("2026-03-04T11:59:57Z")),
            failure: Some("could not collect\nhint: wait".to_owned()),
            token_until: Some(at("2026-03-04T13:00:00Z")),
        };
        assert_eq!(
            report(Some(status)),
            "\
ledger in `state`, at 2026-03-04T12:00:00Z

graph https://graph.microsoft.com contoso.com id
  covered     2026-03-01T00:00:00Z to 2026-03-04T10:30:00Z: 3days 10h, 1h 30m behind now
  reading     2026-03-04T10:00:00Z to 2026-03-04T12:00:00Z, has come down to 2026-03-04T11:00:00Z
  gaps        1; rows of these times may be missing
              2025-11-01T00:00:00Z to 2025-11-02T00:00:00Z: older than the service keeps records
  rows        1,234,567; 1,000 of them changed, 3 late
  last page   2026-03-04T11:59:18Z: 42s ago
  last error  2026-03-04T11:59:57Z: 3s ago
              could not collect
              hint: wait
  budget      12 of 90 requests in the last 5 minutes
  token       good until 2026-03-04T13:00:00Z: 1h left
"
        );
    }

    #[test]
    fn a_source_that_has_done_nothing_says_so() {
        assert!(report(None).ends_with("contoso.com id\n  nothing has been read yet\n"));
        let text = report(Some(SourceStatus::default()));
        assert!(text.contains("  covered     nothing yet\n"), "{text}");
        assert!(text.contains("  last error  none since\n"), "{text}");
    }
}
