//! What replaces the mapping of a run.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};
use tracing::warn;

use super::start::{self, Ready};
use crate::{
    deployment::{ComponentStore, Deployment, HotSwap, keep_copy},
    geo::Geo,
    observe::health::Health,
    support::error_text::explain,
};

/// What replaces the mapping of a run.
pub(crate) struct HotSwapTasks {
    deployment: Arc<Deployment>,
    hot_swap: Arc<HotSwap>,
    tasks: JoinSet<()>,
}

impl HotSwapTasks {
    /// Begins after the ledger is open, which says that nobody else has the `state_dir`.
    pub(crate) fn start(ready: &Ready, health: &Arc<Health>) -> Self {
        let Ready { deployment, geo, config, initial, component, loader, unfinished, .. } = ready;
        let watching = start::watched(config, initial.decisions.file_digest());
        deployment.start_recording(&config.state_dir, initial.clone());
        // That they are refused is written down by now.
        loader.forget_unfinished(unfinished);
        let store = ComponentStore::of(&config.state_dir);
        if let Some(component) = component {
            keep_copy(deployment, &store, component);
        }
        let hot_swap = Arc::new(HotSwap::new(Arc::clone(deployment), loader.clone(), store));
        let mut tasks = JoinSet::new();
        let (tried, interval) = (start::tried(config), config.mapping.watch_interval);
        let swapping = Arc::clone(&hot_swap);
        tasks.spawn(async move {
            if let Some((mapping, purpose)) = tried
                && let Err(error) = swapping.put_from_settings(&mapping, purpose).await
            {
                warn!(error = explain(&error), "candidate of the settings is not tried");
            }
            swapping.watch(watching, interval).await;
        });
        if geo.has_files() && !interval.is_zero() {
            tasks.spawn(watch_geo(Arc::clone(geo), interval));
        }
        let mut started = Self { deployment: Arc::clone(deployment), hot_swap, tasks };
        started.follow_cluster(ready, health);
        started
    }

    #[cfg(feature = "kafka")]
    fn follow_cluster(&mut self, ready: &Ready, health: &Arc<Health>) {
        if let Some(follower) = ready.mapping_follower(&self.hot_swap, health) {
            self.tasks.spawn(follower.follow());
        }
    }

    #[cfg(not(feature = "kafka"))]
    fn follow_cluster(&mut self, _: &Ready, _: &Arc<Health>) {}

    /// What replaces.
    pub(crate) fn hot_swap(&self) -> &Arc<HotSwap> {
        &self.hot_swap
    }

    /// Does something more until it ends.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Ends it. When it returns, the socket is gone, and the next run knows every decision.
    pub(crate) async fn end(mut self) {
        self.tasks.shutdown().await;
        self.deployment.stop();
    }
}

/// Looks at the files of geo databases for ever.
async fn watch_geo(geo: Arc<Geo>, interval: Duration) {
    loop {
        sleep(interval).await;
        let geo = Arc::clone(&geo);
        if let Err(error) = spawn_blocking(move || geo.look_for_changes()).await {
            warn!(%error, "could not look at geo databases");
        }
    }
}
