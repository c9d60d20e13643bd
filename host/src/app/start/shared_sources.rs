//! What runs the sources of a partition of a cluster.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::parts::{outputs, own_files, pipeline_source};
use crate::{
    app::settings::{Config, SourceConfig},
    cluster::{PartitionBuilder, PartitionPlace, SharedSource},
    deployment::Deployment,
    ledger::Ledger,
    observe::health::Health,
    pipeline::{
        Claims, GRACE, Pipeline, Questions, REQUEST_BACKOFF, Replays, SourceEnvironment, Taps,
        dead_letter::{DeadLetterFile, Sealer},
    },
};

/// All sources of the settings, of which a process runs those of its partitions.
pub(super) struct SharedSources {
    pub(super) config: Config,
    pub(super) deployment: Arc<Deployment>,
    pub(super) sealer: Option<Arc<Sealer>>,
    pub(super) taps: Taps,
    pub(super) health: Arc<Health>,
}

/// The sources of a cluster.
pub(crate) fn shared_sources(config: &Config) -> Vec<SharedSource> {
    config.sources.iter().map(shared).collect()
}

fn shared(source: &SourceConfig) -> SharedSource {
    let ledger_name = source.settings.ledger_name();
    // The quota is the tenant's, also where several sources share it.
    let tenant = source.settings.tenant_id().map_or_else(|| ledger_name.clone(), str::to_lowercase);
    SharedSource { label: source.name().to_owned(), ledger_name, tenant }
}

impl SharedSources {
    /// The dead letter of a partition: beside its ledger, or in the folder that the settings name.
    fn dead_letter(&self, place: PartitionPlace, folder: &Path) -> PathBuf {
        let named = &self.config.dead_letter;
        match named.file_name() {
            Some(name) if named.parent() == Some(&*self.config.state_dir) => folder.join(name),
            _ => named.with_added_extension(format!("{:02}", place.partition)),
        }
    }
}

impl PartitionBuilder for SharedSources {
    fn sources(&self) -> Vec<SharedSource> {
        shared_sources(&self.config)
    }

    fn outputs(&self) -> Vec<String> {
        self.config.outputs.iter().map(|output| output.name.clone()).collect()
    }

    fn build(
        &self,
        place: PartitionPlace,
        folder: &Path,
        ledger: Ledger,
    ) -> Result<Pipeline, Box<dyn Error + Send + Sync>> {
        let own_files = own_files(&self.config);
        let environment = SourceEnvironment { state_dir: folder.to_owned(), own_files, claims: Claims::default() };
        let mut sources = Vec::new();
        for (index, source) in self.config.sources.iter().enumerate() {
            if place.has(&shared(source)) {
                sources.push(pipeline_source(&self.deployment, index, source, &environment)?);
            }
        }
        // Nobody asks one partition alone.
        let ((_, replays), (_, questions)) = (Replays::channel(), Questions::channel());
        Ok(Pipeline {
            sources,
            outputs: outputs(&self.config)?,
            dead_letter: DeadLetterFile::new(self.dead_letter(place, folder)).sharing(self.sealer.clone()),
            archive: None,
            ledger,
            backoff: REQUEST_BACKOFF,
            replays,
            questions,
            taps: self.taps.clone(),
            grace: GRACE,
            health: Arc::clone(&self.health),
        })
    }
}
