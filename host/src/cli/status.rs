//! `exotrace status`: whether it runs and is well, and what is covered: from the running process and its ledger.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use chrono::Utc;
use clap::Args;

use super::settings_file::SettingsFile;
use crate::support::{error_text::explain, shown::ForPeople};

mod gather;
mod print;
mod report;
mod trouble;
mod watch;

use gather::gather;

/// It runs well, or not at all, but a person has to do something.
const NEEDS_PERSON: u8 = 1;

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace status exotrace.toml\n  exotrace status --watch --config exotrace.toml")]
pub(super) struct StatusArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON; with `--watch` a line each time.
    #[arg(long)]
    json: bool,
    /// Show it again every few seconds. Default: 2.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", require_equals = true,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    watch: Option<u64>,
}

/// Ends with 0 when all is well, and with 1 when a person has to do something.
pub(super) fn run(arguments: &StatusArguments) -> anyhow::Result<ExitCode> {
    let (config, refused) = arguments.settings.load_but_for_source_files()?;
    let refused = refused.map(|error| explain(&error));
    let Some(seconds) = arguments.watch else {
        let report = gather(&config, refused, Utc::now())?;
        let mut output = io::stdout().lock();
        if arguments.json {
            serde_json::to_writer_pretty(&mut output, &report)?;
            writeln!(output)?;
        } else {
            print::report(&report, &mut ForPeople(output))?;
        }
        return Ok(ExitCode::from(if report.needs_person { NEEDS_PERSON } else { 0 }));
    };
    watch::watch(&config, refused.as_deref(), arguments.json, Duration::from_secs(seconds))
}
