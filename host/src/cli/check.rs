//! `exotrace check`: whether the settings can be used. Asks nobody on the network.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;

use super::{exit::Unusable, options::loader, start};
use crate::{
    agent::Agent,
    config::{Config, SourceConfig},
    source::file::matching,
};

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
    let agent = Agent::of(&config.state_dir);
    let loader = loader(Some(&config));
    let geo = Arc::new(start::geo(&config)?);
    let named = start::Named::find(&config.mapping.choice, &loader).context(Unusable)?;
    let components = named.components(&config, &loader).context(Unusable)?;
    let live = start::live(&config, components, &geo, &agent).context(Unusable)?;
    start::collectors(&config, &live).context(Unusable)?;
    start::check_candidate(&config, &loader, &live).context(Unusable)?;
    // Reads the certificates.
    start::outputs(&config).context(Unusable)?;
    for source in &config.sources {
        match source {
            SourceConfig::Service(service) => {
                println!("source  {}, tenant `{}` at {}", service.kind.as_str(), service.tenant_id, service.url);
            }
            SourceConfig::File(files) => {
                println!("source  file, {} match {}", matching(&files.paths), files.paths.join(", "));
            }
        }
    }
    println!("mapping {}", live.status().mapping);
    if let Some(note) = start::other_mapping(&config, &named) {
        println!("        {note}");
    }
    for output in &config.outputs {
        println!("output  {}", output.name);
    }
    println!("dead    {}", config.dead_letter.display());
    println!("state   {}", config.state_dir.display());
    println!("{} is right", arguments.config.display());
    Ok(ExitCode::SUCCESS)
}
