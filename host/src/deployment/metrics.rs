//! What those who watch are told of mapping.

use std::time::Duration;

use crate::{
    mapper::{DropReason, MappedBatch, Outcome},
    observe::metrics::{Mapped, MappingRole, metrics},
};

/// One mapping has mapped a batch, or some of one.
pub(super) fn mapped(role: MappingRole, batch: &MappedBatch, took: Duration) {
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
