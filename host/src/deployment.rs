//! Which component maps, and what may take its place while mail keeps flowing.
//!
//! A candidate proves itself before it is tried or put in place; a new mapping is watched and taken back when it is
//! worse. This room does not run components: `mapper` does.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use crate::{
    geo::Geo,
    mapper::{
        Ahead, Component, Demand, Limits, Loader, MappedAhead, MappedBatch, MapperError, Origin, PoolConfig, Settings,
    },
    observe::metrics::MappingRole,
};

mod apart;
mod canary;
mod candidate;
mod change;
mod checks;
mod collected_source;
mod component_store;
mod decision_log;
mod decisions;
mod diff;
mod exact_swap;
mod generation;
mod history;
mod hot_swap;
mod initial_mapping;
mod mapping_in_use;
mod mapping_test;
mod metrics;
mod noted_decision;
mod prepare;
mod recent;
mod recording;
mod refusal;
mod refused_mapping;
mod rollback_policy;
mod rollout;
mod sample_verdict;
mod sampler;
mod status;
mod trial;

pub use apart::ApartError;
pub use candidate::{Candidate, ProbeReport};
pub use change::Unchanged;
use collected_source::CollectedSource;
pub use collected_source::Standby;
pub use component_store::ComponentStore;
pub use decisions::{ConfiguredMapping, Decisions, DecisionsError, Override, Resumption};
pub use diff::{Differences, Example, Examples, FieldDifferences};
pub(crate) use diff::{masked_value, value_shape};
pub use exact_swap::ExactSwap;
use generation::Generation;
pub use history::{Event, EventKind, history_in};
pub use hot_swap::{HotSwap, MappingRef, SwapError, SwapPurpose, WatchedComponent, keep_copy};
pub use initial_mapping::InitialMapping;
pub use mapping_in_use::MappingInUse;
pub(crate) use mapping_test::{ExpectedDocument, MappingTest, check_records, expected_text, records_of, test_mapping};
pub use noted_decision::NotedDecision;
pub(crate) use prepare::own_checks;
use recent::Recent;
pub use refusal::{Allowed, Refusal};
pub use refused_mapping::RefusedMapping;
pub use rollback_policy::RollbackPolicy;
use rollout::Rollout;
use sample_verdict::SampleVerdict;
pub use status::{DeploymentStatus, Probation};
pub use trial::{TrialMode, TrialStatus};

/// Maximum number of verdicts in the queue.
const MAX_VERDICTS: usize = 4;

/// The mapping that is in use by every source of the process.
pub struct Deployment {
    rollout: Arc<Rollout>,
    /// Those of every source.
    settings: Vec<PoolConfig>,
    recent: Vec<Recent>,
    /// What loads candidates.
    loader: Loader,
    /// The components compiled last, the newest first.
    compiled: Mutex<Vec<Component>>,
    /// Where samplers tell what they find.
    verdicts: SyncSender<SampleVerdict>,
}

impl Deployment {
    /// Gets a mapping ready for each source, with its settings. Candidates are compiled within the process.
    ///
    /// # Errors
    ///
    /// When a component cannot be run or refuses its settings.
    pub fn new(
        starts: Vec<(Component, Settings)>,
        limits: Limits,
        policy: RollbackPolicy,
        geo: &Arc<Geo>,
    ) -> Result<Arc<Self>, MapperError> {
        let loader = Loader::default();
        let loader = if limits.fuel.is_some() { loader.metering() } else { loader };
        Self::with_loader(starts, limits, policy, geo, loader, Standby::Always)
    }

    /// Gets a mapping ready for each source, with its settings, and has candidates loaded by `loader`. Every source is
    /// tried with an instance, also where none is to wait for its records.
    ///
    /// # Errors
    ///
    /// When a component cannot be run or refuses its settings.
    pub fn with_loader(
        starts: Vec<(Component, Settings)>,
        limits: Limits,
        policy: RollbackPolicy,
        geo: &Arc<Geo>,
        loader: Loader,
        standby: Standby,
    ) -> Result<Arc<Self>, MapperError> {
        let limits = Arc::new(limits);
        let compiled = starts.iter().map(|(component, _)| component.clone()).collect();
        let mut with_settings = Vec::new();
        for (component, settings) in starts {
            let (settings, limits, geo) = (Arc::new(settings), Arc::clone(&limits), Arc::clone(geo));
            let demand = match standby {
                Standby::Always => Demand::lasting(),
                Standby::WhileCollected => Demand::none(),
            };
            with_settings.push((component, PoolConfig { settings, limits, geo, demand }));
        }
        let settings: Vec<_> = with_settings.iter().map(|(_, config)| config.clone()).collect();
        let current = Arc::new(Generation::of_each(with_settings)?);
        current.serve(MappingRole::Current);
        let recent = settings.iter().map(|_| Recent::new(policy.recent_records)).collect();
        let rollout = Arc::new(Rollout::new(current, policy));
        let (verdicts, told) = sync_channel(MAX_VERDICTS);
        let deciding = Arc::clone(&rollout);
        thread::spawn(move || deciding.decide_all(&told));
        Ok(Arc::new(Self { rollout, settings, recent, loader, compiled: Mutex::new(compiled), verdicts }))
    }

    /// What maps for the source of that number.
    pub fn mapper(self: &Arc<Self>, source: usize) -> DeployedMapper {
        let collected = Arc::new(CollectedSource::begin(&self.rollout, &self.settings[source].demand, source));
        DeployedMapper { deployment: Arc::clone(self), source, namespace: None, tenant: None, _collected: collected }
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        // The thread that decides ends with the last one that has something to tell.
        self.rollout.stop_comparing();
    }
}

/// Maps the batches of one source by the mapping in use. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct DeployedMapper {
    deployment: Arc<Deployment>,
    source: usize,
    namespace: Option<Arc<str>>,
    tenant: Option<Arc<str>>,
    /// Instances wait for its records until the last clone is gone.
    _collected: Arc<CollectedSource>,
}

impl DeployedMapper {
    /// The same for documents that go to a data stream of this namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(Arc::from), ..self }
    }

    /// The same for records of this tenant, for outputs that tell tenants apart.
    #[must_use]
    pub fn of_tenant(self, tenant: Option<&str>) -> Self {
        Self { tenant: tenant.map(Arc::from), ..self }
    }

    /// The namespace of that data stream, if the source has one of its own.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Maps `records`, NDJSON. Blocks: call it from a thread that may. Several threads map at the same time,
    /// each on an instance of its own. A record at which the component stops every time is rejected. The whole batch
    /// is mapped by one version, unless another one is on trial with a share of the deliveries.
    ///
    /// # Errors
    ///
    /// When no instance of the component can be started.
    pub fn map_batch(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        self.map_in_turn(records, origin, None)
    }

    /// Maps a batch before it is its turn, if there is memory for that and no delivery is on trial; `None` when it has
    /// to be mapped when it is its turn. Blocks as [`Self::map_batch`] does. Nothing is counted or decided by it.
    pub(crate) fn map_ahead(&self, records: &str, origin: &Origin, ahead: &Ahead) -> Option<MappedAhead> {
        self.deployment.rollout.map_ahead(self.source, records, origin, ahead)
    }

    /// As [`Self::map_batch`], with what was mapped ahead of the same records: it is taken where the mapping in use would
    /// do the same again.
    ///
    /// # Errors
    ///
    /// As [`Self::map_batch`].
    pub(crate) fn map_in_turn(
        &self,
        records: &str,
        origin: &Origin,
        ahead: Option<MappedAhead>,
    ) -> Result<MappedBatch, MapperError> {
        let Self { deployment, source, namespace, tenant, .. } = self;
        deployment.recent[*source].note(records);
        let mapped = deployment.rollout.map_batch(*source, records, origin, ahead)?;
        Ok(MappedBatch { namespace: namespace.clone(), tenant: tenant.clone(), ..mapped })
    }
}
