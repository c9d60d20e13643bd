//! Runs a mapping component: records in, documents out.
//!
//! The only place that knows the WIT contract. It never looks into a document.

use std::sync::Arc;

use crate::geo::Geo;

mod answer;
mod batch;
mod bindings;
mod built_in;
mod candidate;
mod checks;
mod compiler;
mod component;
mod convert;
mod decisions;
mod delivery;
mod diff;
mod engine;
mod folder;
mod generation;
mod ids;
mod inspect;
mod instance;
mod journal;
mod json_object;
mod kept;
mod limits;
mod live;
mod loader;
mod lookup;
mod memory;
mod origin;
mod outcome;
mod pool;
mod recent;
mod rules;
mod sampler;
mod settings;
mod shape;
mod trial;
mod watched;

pub use batch::{Entry, MappedBatch, MappedBy};
pub(crate) use built_in::is_built_in;
pub use built_in::{BUILT_IN, BuiltIn, built_in, default_mapping};
pub use candidate::{Allowed, Candidate, Proof, Refusal};
pub(crate) use compiler::{ChildLimits, compile_for_parent};
pub use compiler::{CompileError, CompileLimits, Compiler};
pub(crate) use component::digest;
pub use component::{Component, ComponentError, Description};
pub use decisions::{Chosen, Decisions, DecisionsError, Resumed, Said};
pub use diff::{Differences, Example, Examples, FieldDifferences};
pub use folder::component_files;
pub use inspect::Inspection;
pub use instance::MapperError;
pub use journal::{Event, EventKind, history_in};
pub use kept::{KeptCopies, Original};
pub use limits::{Limits, StopKind};
pub use live::{Beginning, Live, MappingInUse, Probation, RefusedMapping, Status, Unchanged};
pub use loader::{Loader, Place};
pub use memory::set_max_total_memory;
pub use origin::{FilePosition, Origin};
pub use outcome::{DropReason, FailureReason, Outcome};
pub use rules::{Rules, Work};
pub use settings::Settings;
pub use trial::{TrialMode, TrialStatus};

pub use crate::support::property::RecordKind;

/// Maps the batches of one source by the mapping in use. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Mapper {
    live: Arc<Live>,
    source: usize,
    namespace: Option<Arc<str>>,
}

impl Mapper {
    /// Gets a component ready to map with these settings, within the usual limits.
    ///
    /// # Errors
    ///
    /// When the component cannot be run or refuses the settings.
    pub fn new(component: Component, settings: Settings, geo: Arc<Geo>) -> Result<Self, MapperError> {
        Self::with_limits(component, settings, Limits::default(), geo)
    }

    /// Gets a component ready to map with these settings, within these limits.
    ///
    /// # Errors
    ///
    /// As [`Mapper::new`].
    pub fn with_limits(
        component: Component,
        settings: Settings,
        limits: Limits,
        geo: Arc<Geo>,
    ) -> Result<Self, MapperError> {
        Ok(Live::new(vec![(component, settings)], limits, Rules::default(), &geo)?.mapper(0))
    }

    /// The same for documents that go to a data stream of this namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(Arc::from), ..self }
    }

    /// What the component in use says it is.
    pub fn description(&self) -> Description {
        self.live.current().pool(self.source).component.description().clone()
    }

    /// Maps `records`, NDJSON. Blocks: call it from a thread that may. Several threads map at the same time,
    /// each on an instance of its own. A record at which the component stops every time is rejected. The whole batch
    /// is mapped by one version, unless another one is on trial with a share of the deliveries.
    ///
    /// # Errors
    ///
    /// When no instance of the component can be started.
    pub fn map_batch(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let mapped = self.live.map_batch(self.source, records, origin)?;
        Ok(MappedBatch { namespace: self.namespace.clone(), ..mapped })
    }
}
