//! What is watched.

use std::sync::{Arc, Mutex as SyncMutex};

use tokio::sync::Mutex;

use crate::{
    app::settings::Config, deployment::Deployment, ledger::Ledger, observe::health::Health,
    pipeline::dead_letter::Waiting,
};

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
}

impl WatchedRun {
    /// A run with these settings.
    pub(crate) fn new(health: Arc<Health>, deployment: Arc<Deployment>, config: Config) -> Self {
        let waiting = Arc::new(SyncMutex::new(Waiting::new(&config.dead_letter)));
        Self { health, deployment, config, ledger: Arc::default(), waiting }
    }
}
