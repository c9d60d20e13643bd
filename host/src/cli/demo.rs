//! `exotrace demo`: the main job with nothing to set up, told on a terminal, and as documents anywhere else.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::Args;

use super::{exit::say, log};

mod bars;
mod document;
mod stage;
mod story;

use stage::{DemoStage, PAGE_ROWS};

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace demo\n  exotrace demo --json | head -1\n  exotrace demo --rows 1000")]
pub(super) struct DemoArguments {
    /// How many rows of mail the simulated tenant has.
    #[arg(long, default_value_t = 200)]
    rows: usize,
    /// Print the documents alone, as when standard output is not a terminal.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    if io::stdout().is_terminal() && !arguments.json {
        log::start_for_warnings();
        story::tell(arguments.rows)?;
    } else {
        log::start();
        documents(arguments.rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the documents.
fn documents(rows: usize) -> anyhow::Result<()> {
    let stage = DemoStage::new(rows)?;
    let url = &stage.url;
    say(&format!("simulated tenant at {url}: sign-in, then pages of {PAGE_ROWS} rows, each mapped in the component"));
    let summary = stage.collect(stage.ready("type = \"stdout\"")?)?;
    say(&summary.to_string());
    Ok(())
}
