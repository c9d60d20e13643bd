//! One partition: its ledger is brought up to date, and its sources run, again and again until it is given away.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle, spawn_blocking},
    time::sleep,
};
use tracing::{error, info, warn};

use super::{
    catch_up,
    cluster_config::ClusterConfig,
    cluster_error::ClusterError,
    partition::{PartitionBuilder, PartitionPlace, SharedSource},
};
use crate::{
    ledger::LedgerError,
    observe::{
        health::{Health, Part},
        metrics::metrics,
    },
    pipeline::{Mode, run_part},
    support::{error_text::chain, retry::Backoff},
};

/// Brokers that are restarted are back within seconds; what a person has to mend takes longer.
const AGAIN: Backoff =
    Backoff { shortest: Duration::from_secs(1), longest: Duration::from_secs(30), attempts: u32::MAX };

/// Who has run for as long as this has no trouble that goes on: the next pause is short again.
const STEADY: Duration = Duration::from_secs(60);

/// One partition.
pub(super) struct PartitionRun {
    pub(super) config: ClusterConfig,
    pub(super) place: PartitionPlace,
    /// Where its ledger lies.
    pub(super) folder: PathBuf,
    pub(super) sources: Vec<SharedSource>,
    pub(super) builder: Arc<dyn PartitionBuilder>,
    pub(super) health: Arc<Health>,
    /// Told when another process has it already.
    pub(super) is_lost: Arc<AtomicBool>,
    /// Told when it is to be given away.
    pub(super) stopped: watch::Receiver<bool>,
}

impl PartitionRun {
    /// Runs it until it is given away.
    pub(super) async fn run(mut self) {
        let partition = self.place.partition;
        for source in &self.sources {
            self.health.enter(Part::Source, &source.label);
            metrics().cluster.owns(&source.label, true);
        }
        let mut attempt = 1;
        while !*self.stopped.borrow() {
            let ran = self.run_once(&mut attempt).await;
            if *self.stopped.borrow() {
                break;
            }
            let failure = ran.err().unwrap_or(ClusterError::Ended);
            let delay = AGAIN.delay(attempt, None, rand::random()).unwrap_or(AGAIN.longest);
            self.tell(&failure, delay);
            attempt += 1;
            tokio::select! {
                () = sleep(delay) => {}
                () = stop(&mut self.stopped) => {}
            }
        }
        info!(partition, "partition released");
    }

    async fn run_once(&mut self, attempt: &mut u32) -> Result<(), ClusterError> {
        let partition = self.place.partition;
        let (config, folder, is_lost) = (self.config.clone(), self.folder.clone(), Arc::clone(&self.is_lost));
        let opening = spawn_blocking(move || catch_up::open(&config, partition, &folder, &is_lost));
        let Some(ledger) = self.unless_stopped(opening).await? else { return Ok(()) };
        let (builder, place, folder, ledger) = (Arc::clone(&self.builder), self.place, self.folder.clone(), ledger?);
        // A ledger of before may be on its way into this one.
        let building = spawn_blocking(move || builder.build(place, &folder, ledger));
        let Some(built) = self.unless_stopped(building).await? else { return Ok(()) };
        let pipeline = built.map_err(|error| match error.downcast::<LedgerError>() {
            Ok(error) => ClusterError::from(*error),
            Err(error) => ClusterError::Build(error),
        })?;
        info!(partition, sources = self.sources.len(), "partition begun");
        self.health.working(Part::Cluster, "");
        let mut stopped = self.stopped.clone();
        let began = Instant::now();
        let ended = run_part(pipeline, Mode::Daemon, async move { stop(&mut stopped).await }).await;
        if began.elapsed() >= STEADY {
            *attempt = 1;
        }
        ended?;
        Ok(())
    }

    /// What a step comes to; none when the partition is given away meanwhile, and the step has ended.
    async fn unless_stopped<T>(&mut self, mut step: JoinHandle<T>) -> Result<Option<T>, JoinError> {
        tokio::select! {
            ended = &mut step => ended.map(Some),
            () = stop(&mut self.stopped) => {
                // It ends soon then. Who comes next would be fenced by what is still under way.
                self.is_lost.store(true, Ordering::Relaxed);
                drop(step.await);
                Ok(None)
            }
        }
    }

    fn tell(&self, failure: &ClusterError, delay: Duration) {
        let (partition, error) = (self.place.partition, chain(failure));
        let delay_ms = delay.as_millis();
        if failure.needs_person() {
            error!(partition, delay_ms, error, "partition does not run; trying again");
        } else {
            warn!(partition, delay_ms, error, "partition does not run; trying again");
        }
        for source in &self.sources {
            if failure.needs_person() {
                self.health.needs_attention(Part::Source, &source.label, error.clone());
            } else {
                self.health.retrying(Part::Source, &source.label, error.clone());
            }
        }
    }
}

/// Completes when the partition is to be given away.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to tell.
    drop(stopped.wait_for(|stopped| *stopped).await);
}
