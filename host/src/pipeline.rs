//! Poll, map, deliver, note: a page at a time, every source at its own pace.

use std::{future::Future, sync::Arc, time::Duration};

use chrono::Utc;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tracing::{debug, info, warn};

mod batches;
mod budget;
pub mod dead_letter;
mod delivery;
mod detour;
mod error;
mod files;
mod judge;
mod letters;
mod output;
mod output_settings;
mod pass;
mod progress;
mod replay;
mod service;
mod shared;
mod shutdown;
mod source_settings;
mod summary;
mod time;
mod walk;
mod worker;

pub use budget::BUDGET_WINDOW;
pub use error::RunError;
pub use files::{Claims, FileCollector, files_name};
pub use output::{ExamineOptions, Outlook, Output, OutputError, Receipt, RejectedDocument, Tail, WritePosition};
pub use output_settings::{OutputContext, OutputSettings};
pub use progress::{PassProgress, TimeLeft, Watched};
pub use replay::{ReplayError, ReplayRequests, Replayed, Replays, replay};
pub use service::{ServiceCollector, budget_name, service_name};
pub use source_settings::{SourceContext, SourceSettings};
pub use summary::Summary;

use crate::{
    ledger::Ledger,
    mapper::Mapper,
    observe::{health::Health, metrics::metrics},
    pipeline::dead_letter::DeadLetter,
    support::retry::Backoff,
};
use shared::Shared;
use shutdown::Shutdown;

/// How the service is asked again: after 2, 4, 8, 16 seconds and so on, or when it says.
pub const BACKOFF: Backoff =
    Backoff { shortest: Duration::from_secs(2), longest: Duration::from_secs(300), attempts: 5 };

/// How long a page that is under way may take to be finished when the program is told to stop.
pub const GRACE: Duration = Duration::from_secs(30);

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When every source is caught up with the time at which the run began.
    Once,
    /// When told to.
    Daemon,
}

/// A source with its mapper.
pub enum Collector {
    /// A service of Microsoft.
    Service(Box<ServiceCollector>),
    /// Files.
    Files(Box<FileCollector>),
}

impl Collector {
    /// What the ledger knows it by.
    fn name(&self) -> &str {
        match self {
            Self::Service(collector) => &collector.name,
            Self::Files(collector) => &collector.name,
        }
    }

    /// What people, metrics and health know it by.
    pub fn label(&self) -> &str {
        match self {
            Self::Service(collector) => &collector.label,
            Self::Files(collector) => &collector.label,
        }
    }

    /// What it reads, for those who wait; of files it is not known how much there will be.
    pub fn watch(&self) -> Option<Watched> {
        match self {
            Self::Service(collector) => Some(collector.watch()),
            Self::Files(_) => None,
        }
    }

    /// What maps its records.
    fn mapper(&self) -> &Mapper {
        match self {
            Self::Service(collector) => collector.mapper(),
            Self::Files(collector) => &collector.mapper,
        }
    }
}

/// All that takes part in a run.
pub struct Stages {
    /// The sources, each with its mapper.
    pub collectors: Vec<Collector>,
    /// Every document goes to every one of them. Each with the name that the ledger knows it by.
    pub outputs: Vec<(String, Box<dyn Output>)>,
    /// Where records and documents go that cannot be delivered.
    pub dead_letter: DeadLetter,
    /// What is done.
    pub ledger: Ledger,
    /// How to ask a source again that failed.
    pub backoff: Backoff,
    /// Who asks for dead letters to be fed through again.
    pub replays: ReplayRequests,
    /// How long pages under way are waited for when the run is told to stop.
    pub grace: Duration,
    /// Who is told how it goes.
    pub health: Arc<Health>,
}

/// Runs until `mode` says so or `shutdown` completes. Stops between pages, or where an output is down: what others have
/// accepted is noted then.
///
/// # Errors
///
/// When mapping, delivering or noting fails; with [`Mode::Once`] also when a page cannot be had. What was delivered
/// before is noted; another run goes on from there.
pub async fn run(stages: Stages, mode: Mode, shutdown: impl Future<Output = ()>) -> Result<Summary, RunError> {
    let mappers = replay::mappers(&stages);
    let Stages { collectors, outputs, dead_letter, ledger, backoff, replays, grace, health } = stages;
    for collector in &collectors {
        // What the ledger has and nothing else says: names are for people.
        debug!(source = collector.label(), ledger = collector.name(), "source");
    }
    let labels = || collectors.iter().map(Collector::label);
    metrics().keep(labels(), outputs.iter().map(|(name, _)| name.as_str()));
    health.begin(labels(), outputs.iter().map(|(name, _)| name.as_str()));
    let (stop, stopped) = watch::channel(false);
    let shared = Shared::new(ledger, outputs, dead_letter, (mode, backoff), stopped.clone(), health)?;
    let mut beside = JoinSet::new();
    shared.catch_up(&mut beside);
    beside.spawn(replay::serve(shared.clone(), mappers, replays, Shutdown::new(stopped.clone())));
    let mut workers = JoinSet::new();
    for collector in collectors {
        let (shared, shutdown) = (shared.clone(), Shutdown::new(stopped.clone()));
        match collector {
            Collector::Service(mut collector) => {
                collector.set_clock(shared.clock().clone());
                workers.spawn(worker::work(*collector, shared, shutdown))
            }
            Collector::Files(collector) => workers.spawn(files::work(*collector, shared, shutdown)),
        };
    }
    let mut outcome = Outcome::default();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            done = workers.join_next() => match done {
                Some(done) => {
                    if outcome.take(done?) {
                        break;
                    }
                }
                None => break,
            },
        }
    }
    if !workers.is_empty() {
        info!("stopping; pages under way are finished first");
    }
    // Whoever still works finishes its page.
    stop.send_replace(true);
    let finish = async {
        while let Some(done) = workers.join_next().await {
            outcome.take(done?);
        }
        while let Some(done) = beside.join_next().await {
            done?;
        }
        Ok::<_, RunError>(())
    };
    match timeout(grace, finish).await {
        Ok(finished) => finished?,
        Err(_) => warn!("page under way took too long; it will be read again"),
    }
    let Outcome { summary, error } = outcome;
    let failure = error.as_ref().map(|error| error::chain(error));
    shared.ledger_once(move |ledger| ledger.end_run(Utc::now(), failure.as_deref())).await;
    summary.tell(error.is_some());
    error.map_or(Ok(summary), Err)
}

/// What the workers have come to.
#[derive(Default)]
struct Outcome {
    summary: Summary,
    error: Option<RunError>,
}

impl Outcome {
    /// Takes what a worker has come to; says whether the others have to stop.
    fn take(&mut self, (summary, ended): (Summary, Result<(), RunError>)) -> bool {
        self.summary += summary;
        let Err(error) = ended else { return false };
        // A source that cannot be read keeps no other from being read.
        let is_fatal = !matches!(error, RunError::Poll { .. });
        self.error.get_or_insert(error);
        is_fatal
    }
}

#[cfg(test)]
mod tests;
