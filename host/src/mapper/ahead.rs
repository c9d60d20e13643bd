//! Maps batches before it is their turn, on spare instances.
//!
//! What comes of it counts for nothing until it is taken: then it is as if the batch had been mapped at that moment, by
//! the mapping and the databases in use. Otherwise it is mapped again. So everything that depends on the order of batches
//! is done in order: counts, ids given lately, what is compared, and all that a failure leads to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tracing::debug;

use super::{
    batch::MappedBatch,
    instance::Instance,
    limiter::InstanceUsage,
    mapper_error::MapperError,
    origin::Origin,
    pool::{Pool, parts},
    spare::{SparePlace, Spares},
};
use crate::{geo::Databases, support::lines::unambiguous};

/// The most bytes of documents that are mapped ahead of their turn, for each source; a part of a batch may exceed it.
/// They are four times as long as their records, of which 8 MiB are read ahead.
const MOST_DOCUMENT_BYTES: usize = 32 * 1024 * 1024;

/// The same for all sources together: an output that is down has all of them wait.
const MOST_DOCUMENT_BYTES_OF_ALL: usize = 256 * 1024 * 1024;

/// Bytes of documents that were mapped ahead for any source, and not taken yet.
static DOCUMENT_BYTES: AtomicUsize = AtomicUsize::new(0);

/// The number of the next one that maps ahead.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// What maps batches of one source ahead. Its spare instances go with it.
pub(crate) struct Ahead {
    number: u64,
    is_over: AtomicBool,
    /// Bytes of documents that were mapped ahead, and not taken yet.
    document_bytes: Arc<AtomicUsize>,
}

/// A batch that was mapped before it was its turn.
pub(crate) struct MappedAhead {
    batch: MappedBatch,
    /// What mapped it.
    usage: Arc<InstanceUsage>,
    databases: Arc<Databases>,
    took: Duration,
    _held: HeldBytes,
}

impl MappedAhead {
    /// How long it took.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }
}

impl Default for Ahead {
    fn default() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { number, is_over: AtomicBool::new(false), document_bytes: Arc::default() }
    }
}

impl Ahead {
    /// Nobody wants to have more mapped ahead; what is being mapped is given up soon.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether it was ended.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn is_wanted(&self) -> bool {
        !self.is_over() && !Spares::of_process().are_wanted()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        Spares::of_process().let_go(self.number);
    }
}

/// Bytes of documents that one batch has of those of its source, and of all.
struct HeldBytes {
    of_source: Arc<AtomicUsize>,
    own: usize,
}

impl HeldBytes {
    fn add(&mut self, bytes: usize) {
        self.own += bytes;
        self.of_source.fetch_add(bytes, Ordering::Relaxed);
        DOCUMENT_BYTES.fetch_add(bytes, Ordering::Relaxed);
    }

    fn has_room(&self) -> bool {
        self.of_source.load(Ordering::Relaxed) < MOST_DOCUMENT_BYTES
            && DOCUMENT_BYTES.load(Ordering::Relaxed) < MOST_DOCUMENT_BYTES_OF_ALL
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.of_source.fetch_sub(self.own, Ordering::Relaxed);
        DOCUMENT_BYTES.fetch_sub(self.own, Ordering::Relaxed);
    }
}

/// A spare instance at work. It goes before its place does.
struct Spare {
    instance: Instance,
    place: SparePlace<'static>,
}

impl Pool {
    /// Maps a batch ahead, if there is memory for that; `None` when it has to be mapped when it is its turn.
    pub(crate) fn map_ahead(&self, records: &str, origin: &Origin, ahead: &Ahead) -> Option<MappedAhead> {
        let databases = self.config.geo.current();
        let mut held = HeldBytes { of_source: Arc::clone(&ahead.document_bytes), own: 0 };
        let records = unambiguous(records);
        let mapped = self.spare(ahead, &databases).and_then(|spare| {
            let Some(mut spare) = spare else { return Ok(None) };
            let began = Instant::now();
            let batch = self.map_beside(&mut spare.instance, &records, origin, ahead, &mut held)?;
            if batch.is_some() && !spare.instance.is_worn(&self.config.limits) {
                spare.place.keep(spare.instance);
            }
            Ok(batch.map(|batch| (batch, began.elapsed())))
        });
        match mapped {
            Ok(batch) => {
                let usage = Arc::clone(&self.usage);
                batch.map(|(batch, took)| MappedAhead { batch, usage, databases, took, _held: held })
            }
            Err(error) => {
                // What went wrong is said, counted and mended when it is the turn of the batch.
                debug!(reason = error.explain(), "batch not mapped ahead");
                if error.is_crowded() {
                    ahead.end();
                }
                None
            }
        }
    }

    fn spare(&self, ahead: &Ahead, databases: &Arc<Databases>) -> Result<Option<Spare>, MapperError> {
        if !ahead.is_wanted() {
            return Ok(None);
        }
        let Some((place, instance)) = Spares::of_process().begin(ahead.number, &self.usage, databases) else {
            return Ok(None);
        };
        let instance = match instance {
            Some(instance) => instance,
            None => self.start(Arc::clone(databases), true)?,
        };
        Ok(Some(Spare { instance, place }))
    }

    /// Maps a batch as long as nothing goes wrong and it is of use.
    fn map_beside(
        &self,
        instance: &mut Instance,
        records: &str,
        origin: &Origin,
        ahead: &Ahead,
        held: &mut HeldBytes,
    ) -> Result<Option<MappedBatch>, MapperError> {
        let limits = &self.config.limits;
        let (mut mapped, mut ids, began) = (MappedBatch::default(), self.new_ids(), Instant::now());
        for (part, origin) in parts(records, origin) {
            let allowed = limits.batch_time.min(limits.total_time().saturating_sub(began.elapsed()));
            if allowed.is_zero() || !ahead.is_wanted() || !held.has_room() {
                return Ok(None);
            }
            let batch = instance.map_part(part, &origin, allowed, self.validation())?;
            if let Some(ids) = &mut ids {
                ids.add(part, &batch).map_err(MapperError::Contract)?;
            }
            held.add(batch.documents.len());
            mapped.append(batch);
        }
        let outcomes = mapped.outcomes.len();
        mapped.note(&self.component.mapped_by, outcomes);
        Ok(Some(mapped))
    }

    /// What was mapped ahead of these records, if this mapping did that with the databases in use.
    pub(crate) fn take_mapped(&self, ahead: MappedAhead, records: &str) -> Option<MappedBatch> {
        let MappedAhead { batch, usage, databases, took, .. } = ahead;
        if !Arc::ptr_eq(&usage, &self.usage) || !Arc::ptr_eq(&databases, &self.config.geo.current()) {
            return None;
        }
        if self.new_ids().is_some() {
            self.recent_ids().add(&unambiguous(records), &batch).ok()?;
        }
        self.note_success();
        self.note_mapped(&batch, took);
        Some(batch)
    }
}
