//! A process of a cluster, from its beginning to its end.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::watch, task::spawn_blocking, time::timeout};
use tracing::{info, warn};

use super::{
    cluster_config::ClusterConfig, cluster_error::ClusterError, holdings::Holdings, ledger_topic,
    membership::Membership, partition::PartitionBuilder,
};
use crate::observe::{
    health::{Health, Part},
    metrics::metrics,
};

/// How long sources wait for what is decided about the mapping: a component is compiled within seconds.
const MAPPING: Duration = Duration::from_secs(60);

/// Collects the sources of those partitions that the group gives to this process, until `shutdown` completes.
///
/// # Errors
///
/// When there is no ledger topic, or the group cannot be joined.
pub(crate) async fn run(
    config: ClusterConfig,
    name: String,
    state_dir: PathBuf,
    builder: Arc<dyn PartitionBuilder>,
    health: Arc<Health>,
    mut mapping_known: watch::Receiver<bool>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ClusterError> {
    let sources = builder.sources();
    let outputs = builder.outputs();
    let names = outputs.iter().map(String::as_str);
    metrics().keep(sources.iter().map(|source| source.label.as_str()), names.clone());
    health.begin(std::iter::empty(), names);
    health.enter(Part::Cluster, "");
    health.enter(Part::ClusterMapping, "");
    tokio::pin!(shutdown);
    let looking = config.clone();
    let partitions = tokio::select! {
        partitions = ledger_topic::wait_for(looking, Arc::clone(&health)) => partitions?,
        () = &mut shutdown => return Ok(()),
    };
    // With another mapping, documents would be other ones.
    tokio::select! {
        known = timeout(MAPPING, mapping_known.wait_for(|known| *known)) => if known.is_err() {
            warn!("sources are collected before it is known what was decided about the mapping");
        },
        () = &mut shutdown => return Ok(()),
    }
    let holdings = Arc::new(Holdings::new(config.clone(), state_dir, partitions, builder, health));
    let (joining, as_name) = (Arc::clone(&holdings), name.clone());
    let membership = spawn_blocking(move || Membership::join(&config, &as_name, &joining)).await??;
    info!(name, partitions, sources = sources.len(), "joining the cluster");
    shutdown.await;
    info!("stopping; pages under way are finished first");
    let leaving = spawn_blocking(move || {
        // Before the group hears of it, so that who comes next finds all of it done.
        holdings.release_all();
        drop(membership);
        // What was assigned in between.
        holdings.release_all();
    });
    Ok(leaving.await?)
}
