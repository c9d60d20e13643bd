//! What is watched.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::extract::State;
use tokio::sync::Mutex;

use super::status::memory::PageMemory;
use crate::{
    app::{
        ledgers::Ledgers,
        settings::Config,
        start::{RunQuestions, dead_letter_files},
    },
    deployment::Deployment,
    observe::health::Health,
    pipeline::dead_letter::{DeadLetterCount, Waiting},
};

/// How long the ledgers are waited for, which somebody else may be reading.
pub(super) const LEDGERS: Duration = Duration::from_secs(5);

/// The run that is watched now, as handlers get it.
pub(super) type Seen = State<Arc<ArcSwap<WatchedRun>>>;

/// What is watched: a run, and what it runs with.
pub(crate) struct WatchedRun {
    /// How its parts are doing.
    pub health: Arc<Health>,
    /// What maps.
    pub deployment: Arc<Deployment>,
    /// What it runs with.
    pub config: Config,
    /// Opened to read when they are asked for first.
    pub(super) ledgers: Arc<Mutex<Option<Ledgers>>>,
    /// What it is asked: who answers that knows its partitions.
    pub questions: RunQuestions,
    /// Counts the dead letters of each file.
    waiting: Arc<SyncMutex<HashMap<PathBuf, Waiting>>>,
    /// What the status page keeps between requests.
    pub(super) page: Arc<Mutex<PageMemory>>,
}

impl WatchedRun {
    /// A run with these settings.
    pub(crate) fn new(
        health: Arc<Health>,
        deployment: Arc<Deployment>,
        config: Config,
        questions: RunQuestions,
    ) -> Self {
        let (ledgers, waiting, page) = Default::default();
        Self { health, deployment, config, ledgers, questions, waiting, page }
    }

    /// Where its dead letters may be; in a cluster each partition has a file of its own.
    pub(super) fn dead_letters(&self) -> Vec<PathBuf> {
        let Config { dead_letter, state_dir, cluster, .. } = &self.config;
        dead_letter_files(state_dir, dead_letter, cluster.is_some())
    }

    /// How many dead letters wait in all of these files.
    pub(super) fn count_letters(&self) -> io::Result<DeadLetterCount> {
        let mut all = DeadLetterCount { waiting: 0, is_complete: true };
        let mut known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for file in self.dead_letters() {
            let found = known.entry(file.clone()).or_insert_with(|| Waiting::new(&file)).count()?;
            all.waiting += found.waiting;
            all.is_complete &= found.is_complete;
        }
        Ok(all)
    }
}
