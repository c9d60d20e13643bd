//! `exotrace run`: the daemon.

use std::{
    future::Future,
    io,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::Args;
use exotrace_code_cache::end_marks;
use indicatif::MultiProgress;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
    time::sleep,
};
use tracing::{error, info};

use super::{
    exit::{self, say},
    log,
    replacing::Replacing,
    settings_file::{self, SettingsFile},
    start::{self, Ready},
};
use crate::{
    error_text::explain,
    health::Health,
    ledger::{Ledger, LedgerError},
    monitor::{Monitor, Watched},
    pipeline::{self, Collector, Mode, Summary},
};

mod progress;

/// How long a ledger may be in use by the run before, after a reload.
const HANDOVER: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Read until caught up, deliver, and end.
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let bars = progress::bars();
    log::start_beside(bars.clone());
    let mode = if arguments.once { Mode::Once } else { Mode::Daemon };
    let path = arguments.settings.path();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(begin(&path, mode, &bars));
    // Who ends it, and not the mapping that may be being compiled.
    end_marks();
    // What cannot be interrupted is not waited for: the ledger moves in whole transactions.
    runtime.shutdown_background();
    let summary = match ended? {
        Ended::Done(summary) => summary,
        Ended::AtOnce => bail!("ended at once by a second signal; the page under way will be read again"),
        Ended::BeforeItBegan if mode == Mode::Once => bail!("ended by a signal before anything was collected"),
        Ended::BeforeItBegan => return Ok(ExitCode::SUCCESS),
    };
    if mode == Mode::Once {
        say(&summary.to_string());
    }
    Ok(if mode == Mode::Once && summary.rejected + summary.unread > 0 {
        ExitCode::from(exit::INCOMPLETE)
    } else {
        ExitCode::SUCCESS
    })
}

/// How a run ended.
enum Ended {
    Done(Summary),
    /// By a second signal.
    AtOnce,
    /// By a signal while it was being got ready, which may take as long as compiling does.
    BeforeItBegan,
}

async fn begin(path: &Path, mode: Mode, bars: &MultiProgress) -> anyhow::Result<Ended> {
    let mut signals = Signals::new()?;
    let config = path.to_owned();
    let ready = tokio::select! {
        ready = spawn_blocking(move || prepare(&config)) => ready??,
        () = signals.end() => return Ok(Ended::BeforeItBegan),
    };
    let second = second_signal()?;
    tokio::select! {
        summary = collect(ready, path, mode, bars, signals) => summary.map(Ended::Done),
        () = second => Ok(Ended::AtOnce),
    }
}

/// Reads the settings and gets ready all that they name; touches nothing that a run beside may be using.
fn prepare(config: &Path) -> anyhow::Result<Ready> {
    let config = settings_file::load(config)?;
    start::ready(&config, start::geo(&config)?)
}

/// Runs, and anew with other settings each time they are reloaded.
async fn collect(
    ready: Ready,
    path: &Path,
    mode: Mode,
    bars: &MultiProgress,
    mut signals: Signals,
) -> anyhow::Result<Summary> {
    let ledger = ready.open()?;
    let health = Arc::new(Health::default());
    let mut monitor = None;
    watch(&mut monitor, &ready, &health).await?;
    let mut replacing = Replacing::start(&ready);
    let mut stages = ready.into_stages(ledger, &health)?;
    let mut summary = Summary::default();
    loop {
        let mut wanted = Wanted::End;
        let told = async { wanted = signals.wanted(path).await };
        let watched = stages.collectors.iter().filter_map(Collector::watch).collect();
        let shown = tokio::spawn(progress::show(watched, bars.clone()));
        let ran = pipeline::run(stages, mode, told).await;
        shown.abort();
        bars.clear()?;
        // It has ended, well or not, and is no crash.
        replacing.end().await;
        summary += ran?;
        let Wanted::Reload(mut ready) = wanted else { return Ok(summary) };
        let ledger = open(&ready).await?;
        ready.follow_clean_end();
        if ready.is_outdated() {
            *ready = again(*ready, path).await;
        }
        replacing = Replacing::start(&ready);
        if let Err(error) = watch(&mut monitor, &ready, &health).await {
            // Mail flows all the same.
            error!(error = explain(error.as_ref()), "metrics and health are not to be had where the settings say");
        }
        stages = ready.into_stages(ledger, &health)?;
        info!("settings are reloaded");
    }
}

/// Lets those who watch see this run, where its settings say.
async fn watch(monitor: &mut Option<Monitor>, ready: &Ready, health: &Arc<Health>) -> anyhow::Result<()> {
    let watched = || Watched::new(Arc::clone(health), Arc::clone(&ready.live), ready.config.clone());
    let old = monitor.take();
    let old_address = old.as_ref().map(Monitor::address);
    if let Some(old) = old {
        if ready.config.metrics_listen == old_address {
            old.watch(watched());
            *monitor = Some(old);
            return Ok(());
        }
        // First, because the new address may have the same port.
        old.stop().await;
    }
    let Some(address) = ready.config.metrics_listen else { return Ok(()) };
    let error = match Monitor::start(address, watched()).await {
        Ok(started) => {
            *monitor = Some(started);
            return Ok(());
        }
        Err(error) => error,
    };
    if let Some(address) = old_address {
        *monitor = Some(Monitor::start(address, watched()).await?);
    }
    Err(error.into())
}

/// Gets ready once more, since something was decided about the mapping meanwhile.
async fn again(ready: Ready, path: &Path) -> Ready {
    let path = path.to_owned();
    match spawn_blocking(move || prepare(&path)).await.map_err(anyhow::Error::from).flatten() {
        Ok(ready) => ready,
        Err(error) => {
            let error = format!("{error:#}");
            error!(error, "what was decided about the mapping in the last moment does not count");
            ready
        }
    }
}

/// Opens the ledger, which the run before may be about to close.
async fn open(ready: &Ready) -> anyhow::Result<Ledger> {
    let deadline = Instant::now() + HANDOVER;
    loop {
        match ready.open() {
            Err(LedgerError::InUse { .. }) if Instant::now() < deadline => sleep(Duration::from_millis(50)).await,
            ledger => return Ok(ledger?),
        }
    }
}

/// What somebody wants of the program.
enum Wanted {
    End,
    Reload(Box<Ready>),
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Completes when the program is to end.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Completes when the program is to end, or to go on with other settings that are right.
    async fn wanted(&mut self, path: &Path) -> Wanted {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Wanted::End,
                _ = self.interrupt.recv() => return Wanted::End,
                _ = self.hang_up.recv() => {}
            }
            let path = path.to_owned();
            let prepared = spawn_blocking(move || prepare(&path)).await.map_err(anyhow::Error::from).flatten();
            match prepared {
                Ok(ready) => return Wanted::Reload(Box::new(ready)),
                Err(error) => {
                    let error = format!("{error:#}");
                    error!(error, "settings are not reloaded: the new ones cannot be used, the old ones stay");
                }
            }
        }
    }
}

/// Completes when somebody wants the program to end for the second time.
fn second_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    })
}
