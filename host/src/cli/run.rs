//! `exotrace run`: the daemon.

use std::{future::Future, io, path::PathBuf, process::ExitCode};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{exit::say, log, start};
use crate::{
    config::Config,
    pipeline::{self, Mode},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Read until caught up, deliver, and end.
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    log::start();
    let config = Config::load(&arguments.config)?;
    let mode = if arguments.once { Mode::Once } else { Mode::Daemon };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let summary = runtime.block_on(async {
        let shutdown = shutdown()?;
        let stages = start::stages(&config, start::geo(&config)?)?;
        anyhow::Ok(pipeline::run(stages, mode, shutdown).await?)
    })?;
    if mode == Mode::Once {
        say(&summary.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// Completes when somebody wants the program to end.
fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
