//! `exotrace run`: the daemon.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use chrono::Utc;
use clap::Args;
use exotrace_code_cache::end_marks;
use indicatif::MultiProgress;
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{error, info, warn};

use super::{
    exit::{self, say},
    log,
    settings_file::SettingsFile,
};
use crate::{
    app::{
        hot_swap::HotSwapTasks,
        privacy::{Privacy, PrivacyInUse},
        settings::{Config, SourceConfig},
        start::Ready,
    },
    control::{Control, ControlContext, Process},
    ledger::{LastRun, Ledger, LedgerError},
    observe::health::Health,
    pages::{Monitor, WatchedRun},
    pipeline::{Mode, Summary},
    support::error_text::explain,
};

mod hourly;
mod prepare;
pub(super) mod progress;
mod signals;

use prepare::{Lasting, prepare, prepare_again};
use signals::{Signals, Wanted, second_signal};

/// How long a ledger may be in use by the run before, after a reload.
const HANDOVER: Duration = Duration::from_secs(10);

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace run --config exotrace.toml\n  exotrace run --once exotrace.toml\n  exotrace run -v"
)]
pub(super) struct RunArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Read until caught up, deliver, and end.
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
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
    let (summary, dead_letter) = match ended? {
        Ended::Done(summary, dead_letter) => (summary, dead_letter),
        Ended::AtOnce => bail!("ended at once by a second signal; the page under way will be read again"),
        Ended::BeforeItBegan if mode == Mode::Once => bail!("ended by a signal before anything was collected"),
        Ended::BeforeItBegan => return Ok(ExitCode::SUCCESS),
    };
    if mode == Mode::Once && !log::is_quiet() {
        say(&summary.describe(&dead_letter));
    }
    Ok(if mode == Mode::Once && !summary.is_complete() { ExitCode::from(exit::INCOMPLETE) } else { ExitCode::SUCCESS })
}

/// How a run ended.
enum Ended {
    /// With what was done, and where the dead letters of the last settings are.
    Done(Summary, PathBuf),
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
    tell_old_names(&ready.config);
    let second = second_signal()?;
    tokio::select! {
        done = collect(ready, path, mode, bars, signals) => done.map(|(summary, file)| Ended::Done(summary, file)),
        () = second => Ok(Ended::AtOnce),
    }
}

/// Says which keys of the settings have another name by now.
fn tell_old_names(config: &Config) {
    for (old, new) in &config.old_names {
        warn!("`{old}` is called `{new}` now; the old name goes on working");
    }
}

/// Runs, and again with other settings each time they are reloaded.
/// Says what was done, and where the dead letters of the last settings are.
async fn collect(
    ready: Ready,
    path: &Path,
    mode: Mode,
    bars: &MultiProgress,
    mut signals: Signals,
) -> anyhow::Result<(Summary, PathBuf)> {
    let mut ledger = ready.open()?;
    let lasting = Lasting::of(&ready.config);
    let health = Arc::new(Health::default());
    let process = Process { since: Utc::now(), health: Arc::clone(&health) };
    let mut monitor = None;
    watch(&mut monitor, &ready, &health).await?;
    let mut hot_swap = start_hot_swap(&ready, &process);
    let mut dead_letter = ready.config.dead_letter.clone();
    tell_start(&ready, path, bars);
    note_run(&mut ledger, &process)?;
    let (mut settings, mut privacy) = (ready.settings_watch.clone(), ready.privacy.clone());
    let mut stages = ready.into_run(ledger, &health)?;
    let mut summary = Summary::default();
    loop {
        let mut wanted = Wanted::End;
        let told = async { wanted = signals.wanted((path, &lasting), &mut settings, &health).await };
        let (watched, sources) = (stages.watched(), stages.labels());
        let shown = tokio::spawn(progress::show(watched, bars.clone()));
        let hourly = tokio::spawn(hourly::tell(sources, Arc::clone(&health)));
        let ran = stages.run(mode, told).await;
        shown.abort();
        hourly.abort();
        bars.clear()?;
        // It has ended, well or not, and is not a crash.
        hot_swap.end().await;
        summary += ran?;
        let Wanted::Reload(mut ready) = wanted else { return Ok((summary, dead_letter)) };
        let mut ledger = open(&ready).await?;
        ready.follow_clean_end();
        if ready.is_outdated() {
            *ready = again(*ready, path).await;
        }
        hot_swap = start_hot_swap(&ready, &process);
        if let Err(error) = watch(&mut monitor, &ready, &health).await {
            // Mail flows all the same.
            error!(error = explain(error.as_ref()), "could not serve metrics and health at the new address");
        }
        dead_letter.clone_from(&ready.config.dead_letter);
        tell_start(&ready, path, bars);
        note_run(&mut ledger, &process)?;
        settings = ready.settings_watch.clone();
        tell_other_key(privacy.as_ref(), ready.privacy.as_ref());
        privacy.clone_from(&ready.privacy);
        stages = ready.into_run(ledger, &health)?;
        info!("settings reloaded");
    }
}

/// Says when a key was replaced that goes on having the name of another one.
fn tell_other_key(before: Option<&Privacy>, after: Option<&Privacy>) {
    let (Some(before), Some(after)) = (before, after) else { return };
    if before.key_id() == after.key_id() && before.key != after.key {
        let key_id = after.key_id();
        warn!(key_id, "key of pseudonyms is another one with the same `key_id`; documents do not tell which");
    }
}

/// Begins to replace the mapping when somebody wants it, and to answer who asks on the socket.
fn start_hot_swap(ready: &Ready, process: &Process) -> HotSwapTasks {
    let mut tasks = HotSwapTasks::start(ready, &process.health);
    let (hot_swap, questions) = (Arc::clone(tasks.hot_swap()), ready.questions.clone());
    let privacy = PrivacyInUse::of(&ready.config);
    let (process, taps) = (process.clone(), ready.taps.clone());
    let context = ControlContext { hot_swap, questions, taps, process, privacy };
    match Control::open(&ready.config.state_dir) {
        Ok(control) => tasks.spawn(async move { control.serve(&context).await }),
        // Mail flows all the same.
        Err(error) => warn!(error = explain(&error), "could not open the control socket"),
    }
    tasks
}

/// Notes that it runs: one that is killed does not note its end, which `exotrace status` sees.
fn note_run(ledger: &mut Ledger, process: &Process) -> Result<(), LedgerError> {
    ledger.note_run(&LastRun {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        began_at: process.since,
        ended_at: None,
        failure: None,
    })
}

/// Says with what a run begins.
fn tell_start(ready: &Ready, path: &Path, bars: &MultiProgress) {
    let config = &ready.config;
    progress::show_where_people_see(bars, config);
    let names = |names: Vec<&str>| names.join(", ");
    let mut mappings: Vec<_> = ready.deployment.in_use().into_iter().map(|it| it.version).collect();
    mappings.sort();
    mappings.dedup();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        pid = std::process::id(),
        settings = %path.display(),
        state_dir = %config.state_dir.display(),
        mapping = mappings.join(", "),
        privacy = PrivacyInUse::of(config).map(|privacy| privacy.to_string()),
        sources = names(config.sources.iter().map(SourceConfig::name).collect()),
        outputs = names(config.outputs.iter().map(|output| output.name.as_str()).collect()),
        "started"
    );
}

/// Lets those who watch see this run, where its settings say.
async fn watch(monitor: &mut Option<Monitor>, ready: &Ready, health: &Arc<Health>) -> anyhow::Result<()> {
    let watched = || {
        let (health, deployment) = (Arc::clone(health), Arc::clone(&ready.deployment));
        WatchedRun::new(health, deployment, ready.config.clone(), ready.questions.clone())
    };
    let old = monitor.take();
    let old_address = old.as_ref().map(Monitor::address);
    if let Some(old) = old {
        if ready.config.listen == old_address {
            old.watch(watched());
            *monitor = Some(old);
            return Ok(());
        }
        // First, because the new address may have the same port.
        old.stop().await;
    }
    let Some(address) = ready.config.listen else { return Ok(()) };
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
    let (path, lasting) = (path.to_owned(), Lasting::of(&ready.config));
    match spawn_blocking(move || prepare_again(&path, &lasting)).await.map_err(anyhow::Error::from).flatten() {
        Ok(ready) => ready,
        Err(error) => {
            let error = explain(error.as_ref());
            error!(error, "could not apply the latest decision about the mapping");
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
