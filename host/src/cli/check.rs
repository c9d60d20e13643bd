//! `exotrace check`: whether the settings can be used. Asks nobody on the network.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;

use super::{exit::Unusable, options::loader, settings_file::SettingsFile, start};
use crate::{agent::Agent, config::SourceConfig, source::file::matching, state_folder};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsFile,
}

#[expect(clippy::print_stdout, reason = "the answer that was asked for")]
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.settings.load()?;
    // Opens the geo databases, compiles the component, and opens a session with the settings.
    state_folder::check(&config.state_dir).context(Unusable)?;
    let agent = Agent::of(&config.state_dir)?;
    let loader = loader(Some(&config));
    let geo = Arc::new(start::geo(&config)?);
    let named = start::Named::find(&config.mapping.choice, &loader).context(Unusable)?;
    let components = named.components(&config, &loader).context(Unusable)?;
    let live = start::live(&config, components, &geo, &agent, &loader).context(Unusable)?;
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
        match source.local_domains() {
            None => println!("        no `local_domains`: no `email.direction` is written"),
            Some([]) => println!("        `local_domains` is empty: `email.direction` is `external` for all mail"),
            Some(_) => {}
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
    println!("{} is valid", arguments.settings.path().display());
    Ok(ExitCode::SUCCESS)
}
