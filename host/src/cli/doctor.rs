//! `exotrace doctor`: each thing that collecting needs, looked at by itself, and what to do when it is missing.

use std::process::ExitCode;

use clap::Args;

use super::{
    exit::CONFIGURATION,
    settings_file::{self, SettingsFile},
};
use crate::{config::SourceConfig, finding::Finding, output::Asking};

mod files;
mod machine;
mod output;
mod report;
mod service;

use report::Report;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Send every `http` output an empty request, to see whether it takes documents. Most receivers take it as no
    /// documents; one that makes an event of every request makes an empty one.
    #[arg(long)]
    post_empty: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut report = if arguments.json { Report::json() } else { Report::text() };
    let path = arguments.settings.path();
    let config = match settings_file::load(&path) {
        Ok(config) => config,
        Err(error) => {
            report.add(Finding::error("settings", error.as_ref()))?;
            report.finish()?;
            return Ok(ExitCode::from(CONFIGURATION));
        }
    };
    report.ok("settings", &path.display().to_string())?;
    machine::examine(&config, &mut report)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        for source in &config.sources {
            match source {
                SourceConfig::Service(service) => service::examine(service, &mut report).await?,
                SourceConfig::File(files) => files::examine(files, &mut report)?,
            }
        }
        let asking = Asking { settings: &path, may_post: arguments.post_empty };
        for output in &config.outputs {
            output::examine(output, &asking, &mut report).await?;
        }
        anyhow::Ok(())
    })?;
    report.finish()
}
