//! The partitions that this process has, each with the task that runs it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, task::JoinHandle, time::timeout};
use tracing::{error, warn};

use super::{
    cluster_config::ClusterConfig,
    partition::{PartitionBuilder, PartitionPlace, SharedSource},
    partition_run::PartitionRun,
};
use crate::{
    observe::{
        health::{Health, Part},
        metrics::metrics,
    },
    pipeline::GRACE,
};

/// How much longer than a page under way a partition may take to end.
const MARGIN: Duration = Duration::from_secs(10);

/// The partitions that this process has.
pub(super) struct Holdings {
    config: ClusterConfig,
    state_dir: PathBuf,
    partitions: i32,
    builder: Arc<dyn PartitionBuilder>,
    health: Arc<Health>,
    runtime: Handle,
    held: Mutex<BTreeMap<i32, Held>>,
}

/// A partition that this process has.
struct Held {
    sources: Vec<SharedSource>,
    is_lost: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    /// None when it has no sources.
    task: Option<JoinHandle<()>>,
}

impl Holdings {
    /// Nothing so far.
    pub(super) fn new(
        config: ClusterConfig,
        state_dir: PathBuf,
        partitions: i32,
        builder: Arc<dyn PartitionBuilder>,
        health: Arc<Health>,
    ) -> Self {
        let (runtime, held) = (Handle::current(), Mutex::default());
        Self { config, state_dir, partitions, builder, health, runtime, held }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, partition: i32) -> bool {
        self.lock().contains_key(&partition)
    }

    /// This process has these partitions from now on.
    pub(super) fn take(self: &Arc<Self>, partitions: &[i32]) {
        let all = self.builder.sources();
        for partition in partitions.iter().filter(|partition| !self.has(**partition)) {
            let place = PartitionPlace { partition: *partition, partitions: self.partitions };
            let sources: Vec<_> = all.iter().filter(|source| place.has(source)).cloned().collect();
            let (stop, stopped) = watch::channel(false);
            let is_lost = Arc::new(AtomicBool::new(false));
            let run = PartitionRun {
                config: self.config.clone(),
                place,
                folder: place.folder(&self.state_dir),
                sources: sources.clone(),
                builder: Arc::clone(&self.builder),
                health: Arc::clone(&self.health),
                is_lost: Arc::clone(&is_lost),
                stopped,
            };
            let task = (!sources.is_empty()).then(|| self.runtime.spawn(run.run()));
            self.lock().insert(*partition, Held { sources, is_lost, stop, task });
        }
        self.health.working(Part::Cluster, "");
        self.tell();
    }

    /// Others get these partitions: what is under way of them is finished, for as long as that may take. Blocks.
    pub(super) fn release(&self, partitions: &[i32]) {
        let held: Vec<_> = {
            let mut all = self.lock();
            partitions.iter().filter_map(|partition| Some((*partition, all.remove(partition)?))).collect()
        };
        // All of them at once, and then each is waited for.
        for (_, held) in &held {
            held.stop.send_replace(true);
        }
        for (partition, held) in held {
            if let Some(mut task) = held.task
                && self.runtime.block_on(async { timeout(GRACE + MARGIN, &mut task).await }).is_err()
            {
                warn!(partition, "partition is given away before its page is delivered; it will be read again");
                held.is_lost.store(true, Ordering::Relaxed);
                task.abort();
            }
            self.forget(&held.sources);
        }
        self.tell();
    }

    /// Others have these partitions already: nothing more of them counts.
    pub(super) fn lose(&self, partitions: &[i32]) {
        for partition in partitions {
            let Some(held) = self.lock().remove(partition) else { continue };
            held.is_lost.store(true, Ordering::Relaxed);
            // First: told to stop, it would finish its pages.
            if let Some(task) = held.task {
                task.abort();
            }
            held.stop.send_replace(true);
            self.forget(&held.sources);
        }
        self.tell();
    }

    /// All that it has. Blocks.
    pub(super) fn release_all(&self) {
        let partitions: Vec<_> = self.lock().keys().copied().collect();
        self.release(&partitions);
    }

    /// A person has to mend something before it can be a member.
    pub(super) fn needs_person(&self, reason: String) {
        error!(error = reason, "could not be a member of the cluster; trying again");
        self.health.needs_attention(Part::Cluster, "", reason);
    }

    /// What was wrong with being a member is not any more.
    pub(super) fn recovered(&self) {
        self.health.working(Part::Cluster, "");
    }

    fn forget(&self, sources: &[SharedSource]) {
        for source in sources {
            self.health.leave(Part::Source, &source.label);
            metrics().cluster.owns(&source.label, false);
        }
    }

    fn tell(&self) {
        let partitions: Vec<_> = self.lock().keys().copied().collect();
        metrics().cluster.partitions(&self.config.group, partitions.len());
        self.builder.hold(partitions);
    }
}
