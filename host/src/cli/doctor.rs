//! `exotrace doctor`: each thing that collecting needs, looked at by itself, and what to do when it is missing.

use std::{io, path::Path, process::ExitCode};

use clap::Args;

use super::{
    check::{self, Checked},
    exit::CONFIGURATION,
    report::Report,
    settings_file::{self, SettingsFile},
};
use crate::{
    app::{
        privacy::{Privacy, PrivacyInUse},
        settings::Config,
    },
    config::ConfigError,
    pipeline::ExamineOptions,
    support::finding::{Finding, Findings as _},
};

mod cluster;
mod geo;
mod machine;
mod output;

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace doctor exotrace.toml\n  exotrace doctor --json --config exotrace.toml")]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Send every `http` output an empty request, to see whether it takes documents. Most receivers take it as no
    /// documents; one that makes an event of every request makes an empty one. Write an empty message to every `kafka`
    /// output with transactions, and undo that.
    #[arg(long)]
    post_empty: bool,
}

pub(super) fn run(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let mut report = if arguments.json { Report::json() } else { Report::text() };
    let path = arguments.settings.path();
    let config = match settings_file::load(&path) {
        Ok(config) => config,
        Err(error) => {
            let faults = error.downcast_ref().map_or(&[][..], ConfigError::faults);
            if faults.is_empty() {
                report.add(Finding::error("settings", error.as_ref()))?;
            }
            faults.iter().try_for_each(|fault| report.add(Finding::failed("settings", &fault.to_string())))?;
            report.finish()?;
            return Ok(ExitCode::from(CONFIGURATION));
        }
    };
    settings(&config, &path, &mut report)?;
    privacy(&config, &mut report)?;
    let geo = machine::examine(&config, &mut report)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        for source in &config.sources {
            report.begin(source.settings.ledger_name())?;
            let records = source.settings.examine(source.local_domains(), &mut report).await?;
            if let Some(geo) = &geo {
                report.add_all(geo::findings(geo, &config.geoip.databases(), &records))?;
            }
        }
        cluster::examine(&config, &mut report).await?;
        let options = ExamineOptions { settings: &path, may_post: arguments.post_empty };
        for output in &config.outputs {
            output::examine(output, &options, &mut report).await?;
        }
        anyhow::Ok(())
    })?;
    report.finish()
}

/// What hides people, if anything does: its keys have to be there.
fn privacy(config: &Config, report: &mut Report) -> io::Result<()> {
    let Some(privacy) = PrivacyInUse::of(config) else { return Ok(()) };
    match Privacy::read(config) {
        Ok(_) => report.ok("privacy", &privacy.to_string()),
        Err(error) => report.add(Finding::error("privacy", &error)),
    }
}

/// What the settings show by themselves.
fn settings(config: &Config, path: &Path, report: &mut Report) -> io::Result<()> {
    let Checked { errors, warnings } = check::settings(config);
    if errors.is_empty() {
        report.ok("settings", &path.display().to_string())?;
    }
    errors.iter().try_for_each(|fault| report.add(Finding::failed("settings", &fault.to_string())))?;
    warnings.iter().try_for_each(|fault| report.add(Finding::warning("settings", &fault.to_string())))
}
