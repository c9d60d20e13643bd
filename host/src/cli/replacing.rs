//! What replaces the mapping of a run.

use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::warn;

use super::{options::loader, start};
use crate::{
    config::Config,
    control::Control,
    mapper::Live,
    replacement::{self, Replacement},
};

/// What replaces the mapping of a run; ends when it is dropped.
pub(super) struct Replacing {
    tasks: JoinSet<()>,
}

impl Replacing {
    /// Begins after the ledger is open, which says that nobody else has the `state_dir`.
    pub(super) fn start(config: &Config, live: &Arc<Live>) -> Self {
        live.keep_history(config.state_dir.join("mapping-history.ndjson"));
        let replacement = Arc::new(Replacement::new(Arc::clone(live), loader(Some(config))));
        let mut tasks = JoinSet::new();
        let (asked, watching) = (Arc::clone(&replacement), start::watched(config, live));
        match Control::open(&config.state_dir) {
            Ok(control) => drop(tasks.spawn(async move { control.serve(&asked).await })),
            // Mail flows all the same.
            Err(error) => warn!(error = replacement::explain(&error), "nobody can talk to this process"),
        }
        let (tried, interval) = (start::tried(config), config.mapping.watch_interval);
        tasks.spawn(async move {
            if let Some((wanted, purpose)) = tried
                && let Err(error) = replacement.put(&wanted, purpose, "settings").await
            {
                warn!(error = replacement::explain(&error), "candidate of the settings is not tried");
            }
            replacement.watch(watching, interval).await;
        });
        Self { tasks }
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}
