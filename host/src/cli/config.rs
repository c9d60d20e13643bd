//! `exotrace config`: what the settings are, for programs.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Subcommand;

use crate::app::settings::{SCHEMA, of_source_file};

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the JSON Schema of the settings file: editors complete and check settings with it.
    #[command(
        after_help = "Examples:\n  exotrace config schema > exotrace.schema.json\n  exotrace config schema --source-file > source.schema.json"
    )]
    Schema {
        /// Print that of a file of `sources_dir`.
        #[arg(long)]
        source_file: bool,
    },
}

pub(super) fn run(command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Schema { source_file: false } => io::stdout().write_all(SCHEMA.as_bytes())?,
        ConfigCommand::Schema { source_file: true } => {
            let mut output = io::stdout().lock();
            serde_json::to_writer_pretty(&mut output, &of_source_file())?;
            writeln!(output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
