//! What is watched.

use std::{
    sync::{Arc, Mutex as SyncMutex},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::extract::State;
use tokio::sync::Mutex;

use super::status::memory::PageMemory;
use crate::{
    app::settings::Config, deployment::Deployment, ledger::Ledger, observe::health::Health,
    pipeline::dead_letter::Waiting,
};

/// How long the ledger is waited for, which somebody else may be reading.
pub(super) const LEDGER: Duration = Duration::from_secs(5);

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
    /// Opened to read when it is asked for first.
    pub(super) ledger: Arc<Mutex<Option<Ledger>>>,
    /// Counts the dead letters.
    pub(super) waiting: Arc<SyncMutex<Waiting>>,
    /// What the status page keeps between requests.
    pub(super) page: Arc<Mutex<PageMemory>>,
}

impl WatchedRun {
    /// A run with these settings.
    pub(crate) fn new(health: Arc<Health>, deployment: Arc<Deployment>, config: Config) -> Self {
        let waiting = Arc::new(SyncMutex::new(Waiting::new(&config.dead_letter)));
        Self { health, deployment, config, ledger: Arc::default(), waiting, page: Arc::default() }
    }
}
