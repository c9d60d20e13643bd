//! What those who watch are told of mapping.

use std::{sync::atomic::Ordering, time::Duration};

use super::{DropReason, MappedBatch, MapperError, Outcome, StopKind, generation::Generation, pool::Pool};
use crate::observe::metrics::{Mapped, Role, metrics};

/// One mapping has mapped a batch, or some of one.
pub(super) fn mapped(role: Role, batch: &MappedBatch, took: Duration) {
    let Some((mapping, _)) = batch.mapped_by.first() else { return };
    let mut records = Mapped::default();
    for outcome in &batch.outcomes {
        match outcome {
            Outcome::Mapped { .. } => records.mapped += 1,
            Outcome::Failed { .. } => {
                records.mapped += 1;
                records.failed += 1;
            }
            Outcome::Rejected(_) => records.rejected += 1,
            Outcome::Dropped(DropReason::EmptyPage) => records.empty_pages += 1,
            Outcome::Dropped(DropReason::Status) => records.statuses += 1,
        }
    }
    metrics().mapped(&mapping.version, role, records, took);
}

impl Generation {
    /// What it maps is delivered from now on.
    pub(super) fn serve(&self, role: Role) {
        let stops = StopKind::ALL.map(StopKind::as_str);
        for pool in self.pools() {
            pool.usage.delivers.store(true, Ordering::Relaxed);
            metrics().will_map(&pool.component.description().mapping_version, role, &stops);
        }
    }
}

impl Pool {
    /// It stopped. What it does while it proves itself is nobody's mail.
    pub(super) fn note_stop(&self, error: &MapperError) {
        self.health.note_stop();
        if let Some(kind) = error.stop().filter(|_| self.usage.delivers.load(Ordering::Relaxed)) {
            metrics().stopped(&self.component.description().mapping_version, kind.as_str());
        }
    }
}
