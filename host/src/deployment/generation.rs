//! What maps from one replacement to the next: a pool for every source.

use std::sync::Arc;

use super::mapping_in_use::MappingInUse;
use crate::{
    mapper::{Component, FaultKind, MapperError, MappingStats, Pool, PoolConfig},
    observe::metrics::{MappingRole, metrics},
    support::distinct::distinct,
};

/// What maps from one replacement to the next.
pub(super) struct Generation {
    pools: Vec<Pool>,
}

impl Generation {
    /// Every source begins with the mapping that suits it.
    pub(super) fn of_each(starts: Vec<(Component, PoolConfig)>) -> Result<Self, MapperError> {
        let pools = starts.into_iter().map(|(component, config)| Pool::new(component, config));
        Ok(Self { pools: pools.collect::<Result<_, _>>()? })
    }

    /// One mapping for every source.
    pub(super) fn of_all(component: &Component, settings: &[PoolConfig]) -> Result<Self, MapperError> {
        Self::of_each(settings.iter().map(|config| (component.clone(), config.clone())).collect())
    }

    /// The same mappings with instances and counts of their own.
    pub(super) fn replica(&self) -> Result<Arc<Self>, MapperError> {
        let starts = self.pools.iter().map(|pool| (pool.component.clone(), pool.config.clone()));
        Ok(Arc::new(Self::of_each(starts.collect())?))
    }

    /// What it maps is delivered from now on.
    pub(super) fn serve(&self, role: MappingRole) {
        let faults = FaultKind::ALL.map(FaultKind::as_str);
        for pool in &self.pools {
            pool.usage.deliver();
            metrics().will_map(&pool.component.description().mapping_version, role, &faults);
        }
    }

    /// What maps for one source.
    pub(super) fn pool(&self, source: usize) -> &Pool {
        &self.pools[source]
    }

    /// The version; sources that began with different ones have several.
    pub(super) fn mapping(&self) -> String {
        self.each(|component| &component.description().mapping_version)
    }

    /// The SHA-256 of the component, in hexadecimal digits.
    pub(super) fn digest(&self) -> String {
        self.each(Component::digest)
    }

    /// How the schema of documents changes with another one, if it does for any source.
    pub(super) fn schema_change(&self, after: &Self) -> Option<String> {
        let schema = |pool: &Pool| pool.component.description().schema.clone();
        self.pools.iter().zip(&after.pools).find_map(|(before, after)| schema(before).change_to(&schema(after)))
    }

    /// What it has done for all sources.
    pub(super) fn stats(&self) -> MappingStats {
        let mut sum = MappingStats::default();
        for pool in &self.pools {
            sum += pool.stats.totals();
        }
        sum
    }

    /// What it has for each source.
    pub(super) fn in_use(&self, role: &'static str) -> impl Iterator<Item = MappingInUse> {
        self.pools.iter().map(move |pool| MappingInUse {
            role,
            version: pool.component.description().mapping_version.clone(),
            digest: pool.component.digest().to_owned(),
            memory_bytes: pool.usage.memory_bytes(),
            instances: pool.usage.instances(),
        })
    }

    fn each(&self, text: fn(&Component) -> &str) -> String {
        distinct(self.pools.iter().map(|pool| text(&pool.component)))
    }
}
