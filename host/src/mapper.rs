//! Runs a mapping component: records in, documents out.
//!
//! Never looks into a document, and does not know that a mapping can be replaced: `deployment` does.

use std::sync::Arc;

use crate::geo::Geo;

mod ahead;
mod batch;
mod built_in;
mod compiler;
mod complexity;
mod component;
mod component_error;
mod component_file;
mod contract;
mod demand;
mod description;
mod digest;
mod engine;
mod fault_kind;
mod folder;
mod ids;
mod inspect;
mod instance;
mod instance_state;
mod json_object;
mod limiter;
mod limits;
mod loader;
mod lookup;
mod mapper_error;
mod memory;
mod origin;
mod outcome;
mod pack;
mod pool;
mod recent_ids;
mod section;
mod settings;
mod settings_refusal;
mod spare;
mod stats;
mod validate;

pub(crate) use ahead::{Ahead, MappedAhead};
pub use batch::{Entry, MappedBatch, MappedBy};
pub use built_in::{BUILT_IN, BuiltIn, built_in, default_mapping};
pub(crate) use built_in::{is_built_in, version_with};
pub(crate) use compiler::{ChildLimits, compile_for_parent};
pub use compiler::{CompileError, CompileLimits, Compiler};
pub use component::Component;
pub use component_error::ComponentError;
pub use component_file::{ComponentFile, read_component};
pub(crate) use contract::spoken as spoken_contracts;
pub(crate) use demand::Demand;
pub use description::{Description, DocumentSchema};
pub(crate) use digest::digest;
pub use fault_kind::FaultKind;
pub use folder::component_files;
pub use inspect::Inspection;
pub use limits::Limits;
pub use loader::{Loader, MappingPlace};
pub use mapper_error::MapperError;
pub use memory::set_max_total_memory;
pub use origin::{FilePosition, Origin};
pub use outcome::{DropReason, FailureReason, Outcome};
pub use pack::{PackError, PackRequest, PackedMapping, pack};
pub(crate) use pool::{Pool, PoolConfig};
pub(crate) use section::{CHECKS_SECTION, outermost as outermost_sections};
pub(crate) use settings::PRIVACY;
pub use settings::{PseudonymKey, Settings, Tenant};
pub use settings_refusal::SettingsRefusal;
pub(crate) use spare::most_spares;
pub use stats::MappingStats;

pub use crate::support::property::RecordKind;

/// Maps records with one component and one set of settings. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Mapper {
    pool: Arc<Pool>,
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
        let config = PoolConfig { settings: settings.into(), limits: limits.into(), geo, demand: Demand::lasting() };
        let pool = Pool::new(component, config)?;
        pool.usage.deliver();
        Ok(Self { pool: Arc::new(pool) })
    }

    /// What the component says it is.
    pub fn description(&self) -> &Description {
        self.pool.component.description()
    }

    /// Maps `records`, NDJSON. Blocks: call it from a thread that may. Several threads map at the same time,
    /// each on an instance of its own. A record at which the component stops every time is rejected.
    ///
    /// # Errors
    ///
    /// When no instance of the component can be started.
    pub fn map_batch(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        self.pool.map_all(records, origin)
    }
}
