//! What runs the sources of a partition of a cluster.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use tracing::info;

use super::parts::{asked_sources, outputs, own_files, pipeline_source};
use crate::{
    app::{
        agent::Agent,
        settings::{Config, SourceConfig},
    },
    cluster::{ClusterConfig, HeldQuestions, PartitionBuilder, PartitionPlace, SharedSource, partitions_folder},
    deployment::Deployment,
    ledger::{Ledger, LedgerError},
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
    /// Who hears what is asked about the sources of a partition.
    pub(super) held: Arc<HeldQuestions>,
}

/// The sources of a cluster.
pub(crate) fn shared_sources(config: &Config) -> Vec<SharedSource> {
    config.sources.iter().map(shared).collect()
}

fn shared(source: &SourceConfig) -> SharedSource {
    let ledger_name = source.settings.ledger_name();
    // The quota is the tenant's, also where several sources share it.
    let tenant = source.settings.tenant_id().map_or_else(|| ledger_name.clone(), str::to_lowercase);
    let (label, interval) = (source.name().to_owned(), source.settings.interval());
    SharedSource { label, ledger_name, tenant, interval }
}

/// What somebody asks a process of a cluster.
pub(super) fn held_questions(config: &Config, cluster: &ClusterConfig, agent: &Agent) -> HeldQuestions {
    let sources = asked_sources(config).into_iter().zip(shared_sources(config)).collect();
    HeldQuestions::new(cluster.clone(), agent.member_name(), sources)
}

/// The files that a process may have its dead letters in: its own, and in a cluster those of partitions.
pub(crate) fn dead_letter_files(state_dir: &Path, dead_letter: &Path, is_cluster: bool) -> Vec<PathBuf> {
    let mut files = vec![dead_letter.to_owned()];
    if is_cluster {
        files.extend(dead_letters_of_partitions(state_dir, dead_letter));
    }
    files
}

/// The files that partitions on this machine may have their dead letters in, also those of partitions that other
/// processes have now.
pub(crate) fn dead_letters_of_partitions(state_dir: &Path, dead_letter: &Path) -> Vec<PathBuf> {
    let Some(name) = dead_letter.file_name() else { return Vec::new() };
    let (folder, is_beside_ledger) = match dead_letter.parent() {
        Some(parent) if parent == state_dir => (partitions_folder(state_dir), true),
        parent => (parent.unwrap_or(Path::new("")).to_owned(), false),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        if is_beside_ledger {
            files.push(entry.path().join(name));
            continue;
        }
        // With what a replay has put aside, which may be all there is.
        let found = entry.file_name();
        let number = found.to_str().and_then(|found| found.strip_prefix(name.to_str()?)?.strip_prefix('.'));
        let number = number.map(|number| number.strip_suffix(".replaying").unwrap_or(number));
        if let Some(number) = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
            files.push(dead_letter.with_added_extension(number));
        }
    }
    files.sort();
    files.dedup();
    files
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

    /// What this process knows of the sources of a partition from a time without `[cluster]` is put into the ledger of the
    /// partition, where that knows nothing of them.
    fn carry_over(&self, place: PartitionPlace, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let here = self.config.sources.iter().filter(|source| place.has(&shared(source)));
        let mut unknown = Vec::new();
        for source in here {
            if !ledger.knows(&source.settings.ledger_name())? {
                unknown.push(source);
            }
        }
        // Opened where it is needed alone: it may be large, and partitions are taken over in parallel.
        if unknown.is_empty() {
            return Ok(());
        }
        let Some(own) = Ledger::open_beside(&self.config.state_dir)? else { return Ok(()) };
        for source in unknown {
            let requests_of = source.settings.budget().map(|budget| budget.ledger_name);
            if let Some(rows) = ledger.carry_over(&own, &source.settings.ledger_name(), requests_of.as_deref())? {
                let partition = place.partition;
                info!(source = source.name(), partition, rows, "ledger carried over into the cluster");
            }
        }
        Ok(())
    }
}

impl PartitionBuilder for SharedSources {
    fn sources(&self) -> Vec<SharedSource> {
        shared_sources(&self.config)
    }

    fn outputs(&self) -> Vec<String> {
        self.config.outputs.iter().map(|output| output.name.clone()).collect()
    }

    fn hold(&self, partitions: Vec<i32>) {
        self.held.hold(partitions);
    }

    fn build(
        &self,
        place: PartitionPlace,
        folder: &Path,
        mut ledger: Ledger,
    ) -> Result<Pipeline, Box<dyn Error + Send + Sync>> {
        self.carry_over(place, &mut ledger)?;
        let own_files = own_files(&self.config);
        let environment = SourceEnvironment { state_dir: folder.to_owned(), own_files, claims: Claims::default() };
        let mut sources = Vec::new();
        for (index, source) in self.config.sources.iter().enumerate() {
            if place.has(&shared(source)) {
                sources.push(pipeline_source(&self.deployment, index, source, &environment)?);
            }
        }
        let ((asks_replays, replays), (asks, questions)) = (Replays::channel(), Questions::channel());
        self.held.begin(place, asks, asks_replays);
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
