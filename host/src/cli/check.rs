//! `exotrace check`: whether the settings can be used. Asks nobody on the network.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::start;
use crate::config::{Config, SourceConfig};

#[derive(Args)]
pub(super) struct Arguments {
    /// The settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the answer that was asked for")]
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.config)?;
    // Opens the geo databases, compiles the component, and opens a session with the settings.
    start::collectors(&config, start::geo(&config)?)?;
    for SourceConfig::Graph(graph) in &config.sources {
        println!("source  graph, tenant `{}` at {}", graph.tenant_id, graph.url);
    }
    println!("state   {}", config.state_dir.display());
    println!("{} is right", arguments.config.display());
    Ok(ExitCode::SUCCESS)
}
