//! `exotrace mapping`: which mappings there are, and what a component is.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use crate::mapper::{BUILT_IN, Component};

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the mapping versions that are built in.
    List,
    /// Say what a component file is.
    Inspect {
        /// The component.
        file: PathBuf,
    },
}

#[expect(clippy::print_stdout, reason = "the answer that was asked for")]
pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List => {
            for built_in in BUILT_IN {
                let component = Component::new(built_in.bytes)?;
                let description = component.description();
                println!("{}  ECS {}  {}", built_in.version, description.ecs_version, description.name);
            }
        }
        Command::Inspect { file } => {
            let component = Component::open(file)?;
            let description = component.description();
            println!("name     {}", description.name);
            println!("mapping  {}", description.mapping_version);
            println!("ECS      {}", description.ecs_version);
            println!("contract exotrace:mapping@{}", description.wit_version);
            for import in component.imports() {
                println!("imports  {import}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
