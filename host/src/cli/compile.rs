//! `exotrace compile-mapping`: what exotrace starts itself as to compile a component. Not for people.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::mapper::{ChildLimits, compile_for_parent};

#[derive(Args)]
pub(super) struct CompileArguments {
    /// The most address space of this process.
    #[arg(long, value_name = "BYTES")]
    memory_bytes: u64,
    /// The most processor time of this process.
    #[arg(long, value_name = "SECONDS")]
    seconds: u64,
    /// Compile so that what is executed is counted.
    #[arg(long)]
    metered: bool,
}

pub(super) fn run(arguments: &CompileArguments) -> anyhow::Result<ExitCode> {
    let CompileArguments { memory_bytes, seconds, metered } = *arguments;
    let input = io::stdin();
    ensure!(!input.is_terminal(), "this command is started by exotrace itself, to compile a mapping");
    let limits = ChildLimits { memory_bytes, time: Duration::from_secs(seconds) };
    let code = compile_for_parent(limits, metered, input, &mut io::stdout().lock(), &mut io::stderr().lock());
    Ok(ExitCode::from(code.context("could not compile for another process")?))
}
