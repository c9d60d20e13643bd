//! A source whose records somebody maps: its instances wait for work as long as this is there.

use std::sync::Arc;

use super::rollout::Rollout;
use crate::mapper::Demand;

/// When instances wait for the records of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standby {
    /// From the beginning on.
    Always,
    /// As long as somebody has a mapper of the source: other sources are those of other processes.
    WhileCollected,
}

/// A source whose records somebody maps.
pub(super) struct CollectedSource {
    rollout: Arc<Rollout>,
    demand: Demand,
    source: usize,
}

impl CollectedSource {
    /// Somebody maps records of the source with this number from now on.
    pub(super) fn begin(rollout: &Arc<Rollout>, demand: &Demand, source: usize) -> Self {
        demand.begin();
        Self { rollout: Arc::clone(rollout), demand: demand.clone(), source }
    }
}

impl Drop for CollectedSource {
    fn drop(&mut self) {
        if self.demand.end() {
            self.rollout.let_instances_go(self.source);
        }
    }
}
