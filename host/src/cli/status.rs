//! `exotrace status`: whether it runs and is well, and what is covered: from the running process and its ledger.

use std::{
    io::{self, IsTerminal as _, Write},
    process::ExitCode,
    thread,
    time::Duration,
};

use chrono::Utc;
use clap::Args;

use super::settings_file::SettingsFile;
use crate::{app::settings::Config, support::shown::ForPeople};

mod gather;
mod print;
mod report;
mod trouble;

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
    let config = arguments.settings.load()?;
    let Some(seconds) = arguments.watch else {
        let report = gather(&config, Utc::now())?;
        let mut output = io::stdout().lock();
        if arguments.json {
            serde_json::to_writer_pretty(&mut output, &report)?;
            writeln!(output)?;
        } else {
            print::report(&report, &mut ForPeople(output))?;
        }
        return Ok(ExitCode::from(if report.needs_person { NEEDS_PERSON } else { 0 }));
    };
    loop {
        show_once(&config, arguments.json)?;
        thread::sleep(Duration::from_secs(seconds));
    }
}

/// What can be seen now, in place of what could be seen before on a terminal, and below it elsewhere.
fn show_once(config: &Config, is_json: bool) -> anyhow::Result<()> {
    let report = gather(config, Utc::now())?;
    let mut text = Vec::new();
    if is_json {
        serde_json::to_writer(&mut text, &report)?;
        text.push(b'\n');
    } else {
        print::report(&report, &mut ForPeople(&mut text))?;
    }
    let mut output = io::stdout().lock();
    match (is_json, io::stdout().is_terminal()) {
        (true, _) => {}
        (false, true) => output.write_all(b"\x1b[H\x1b[2J")?,
        (false, false) => output.write_all(b"\n")?,
    }
    output.write_all(&text)?;
    output.flush()?;
    Ok(())
}
