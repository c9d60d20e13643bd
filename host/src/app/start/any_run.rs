//! What can run: all sources in one pipeline, or those of a cluster that fall to this process.

use std::{future::Future, path::PathBuf, sync::Arc};

use anyhow::bail;
use chrono::Utc;
use tokio::sync::watch;

use crate::{
    cluster::{self, ClusterConfig, PartitionBuilder},
    ledger::Ledger,
    observe::health::Health,
    pipeline::{self, Mode, Pipeline, Summary, WatchedSource},
    support::error_text::chain,
};

/// What can run.
pub(crate) enum AnyRun {
    /// All sources.
    Alone(Box<Pipeline>),
    /// Those of a cluster.
    Cluster(Box<ClusterRun>),
}

/// A process of a cluster.
pub(crate) struct ClusterRun {
    pub(super) config: ClusterConfig,
    /// What the group calls this process.
    pub(super) name: String,
    pub(super) state_dir: PathBuf,
    pub(super) builder: Arc<dyn PartitionBuilder>,
    pub(super) health: Arc<Health>,
    /// The one of the process, which keeps others out of the state folder; each partition has another one.
    pub(super) ledger: Ledger,
    /// Hears when it is known what was decided about the mapping.
    pub(super) mapping_known: watch::Receiver<bool>,
}

impl AnyRun {
    /// How far those sources come where somebody may watch.
    pub(crate) fn watched(&self) -> Vec<WatchedSource> {
        match self {
            Self::Alone(pipeline) => pipeline.sources.iter().filter_map(|it| it.source.watch()).collect(),
            Self::Cluster(_) => Vec::new(),
        }
    }

    /// What people know the sources by.
    pub(crate) fn labels(&self) -> Vec<String> {
        match self {
            Self::Alone(pipeline) => pipeline.sources.iter().map(|it| it.identity.label.clone()).collect(),
            Self::Cluster(run) => run.builder.sources().into_iter().map(|source| source.label).collect(),
        }
    }

    /// Runs until `mode` says so or `shutdown` completes.
    pub(crate) async fn run(self, mode: Mode, shutdown: impl Future<Output = ()>) -> anyhow::Result<Summary> {
        match self {
            Self::Alone(pipeline) => Ok(pipeline::run(*pipeline, mode, shutdown).await?),
            Self::Cluster(_) if mode == Mode::Once => bail!("`--once` does not go with `[cluster]`"),
            Self::Cluster(run) => run.run(shutdown).await,
        }
    }
}

impl ClusterRun {
    #[cfg(feature = "kafka")]
    async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<Summary> {
        let Self { config, name, state_dir, builder, health, mut ledger, mapping_known } = self;
        let ran = cluster::run(config, name, state_dir, builder, health, mapping_known, shutdown).await;
        let failure = ran.as_ref().err().map(|error| chain(error));
        ledger.end_run(Utc::now(), failure.as_deref())?;
        ran?;
        Ok(Summary::default())
    }

    #[cfg(not(feature = "kafka"))]
    async fn run(self, _: impl Future<Output = ()>) -> anyhow::Result<Summary> {
        bail!("this program is built without Kafka\nhint: {}", crate::kafka::NOT_BUILT_IN)
    }
}
