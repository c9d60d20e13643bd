//! What replaces the mapping of a run.

use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::warn;

use super::start::{self, Ready};
use crate::{
    control::{Asked, Control, Process},
    deployment::replacement::{self, Replacement},
    mapper::{KeptCopies, Live},
    support::error_text::explain,
};

/// What replaces the mapping of a run.
pub(crate) struct Replacing {
    live: Arc<Live>,
    tasks: JoinSet<()>,
}

impl Replacing {
    /// Begins after the ledger is open, which says that nobody else has the `state_dir`.
    pub(crate) fn start(ready: &Ready, process: &Process) -> Self {
        let Ready { live, geo, config, beginning, original, loader, unfinished, .. } = ready;
        let watching = start::watched(config, beginning.decisions.file_digest());
        live.begin(&config.state_dir, beginning.clone());
        // That they are refused is written down by now.
        loader.forget_unfinished(unfinished);
        let copies = KeptCopies::of(&config.state_dir);
        if let Some(original) = original {
            replacement::keep_copy(live, &copies, original);
        }
        let replacement = Arc::new(Replacement::new(Arc::clone(live), loader.clone(), copies));
        let mut tasks = JoinSet::new();
        let asked =
            Asked { replacement: Arc::clone(&replacement), replays: ready.replays.clone(), process: process.clone() };
        match Control::open(&config.state_dir) {
            Ok(control) => drop(tasks.spawn(async move { control.serve(&asked).await })),
            // Mail flows all the same.
            Err(error) => warn!(error = explain(&error), "nobody can talk to this process"),
        }
        let (tried, interval) = (start::tried(config), config.mapping.watch_interval);
        tasks.spawn(async move {
            if let Some((wanted, purpose)) = tried
                && let Err(error) = replacement.put_from_settings(&wanted, purpose).await
            {
                warn!(error = explain(&error), "candidate of the settings is not tried");
            }
            replacement.watch(watching, interval).await;
        });
        if geo.has_files() && !interval.is_zero() {
            tasks.spawn(replacement::watch_geo(Arc::clone(geo), interval));
        }
        Self { live: Arc::clone(live), tasks }
    }

    /// Ends it. When it returns, the socket is gone, and nothing is decided any more that the next run does not know.
    pub(crate) async fn end(mut self) {
        self.tasks.shutdown().await;
        self.live.end();
    }
}
