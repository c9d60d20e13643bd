//! `exotrace doctor`: each thing that collecting needs, looked at by itself, and what to do when it is missing.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::exit::CONFIGURATION;
use crate::config::{Config, SourceConfig};

mod files;
mod machine;
mod output;
mod report;
mod service;

use report::Report;

#[derive(Args)]
pub(super) struct Arguments {
    /// The settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut report = if arguments.json { Report::json() } else { Report::text() };
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            report.failed("settings", &error)?;
            report.finish()?;
            return Ok(ExitCode::from(CONFIGURATION));
        }
    };
    report.ok("settings", &arguments.config.display().to_string())?;
    machine::examine(&config, &mut report)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        for source in &config.sources {
            match source {
                SourceConfig::Service(service) => service::examine(service, &mut report).await?,
                SourceConfig::File(files) => files::examine(files, &mut report)?,
            }
        }
        for output in &config.outputs {
            output::examine(output, &mut report).await?;
        }
        anyhow::Ok(())
    })?;
    report.finish()
}
