//! Compares a sample of what is delivered with what another mapping makes of the same records, and tells what it finds.
//!
//! Decides nothing.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Instant,
};

use super::{
    diff::{Differences, Examples},
    generation::Generation,
    metrics,
    sample_verdict::{SampleComparison, SampleVerdict},
};
use crate::{
    geo::Databases,
    mapper::{MappedBatch, MapperError, Origin},
    observe::metrics::MappingRole,
    support::lines::lines,
};

/// Maximum number of samples in the queue; more are skipped, so that mail never waits.
const MAX_WAITING: usize = 4;

/// Maximum number of records of one batch that are compared.
const MAX_SAMPLE: usize = 200;

/// The number of the next sampler.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Takes samples, which another thread compares.
pub(super) struct Sampler {
    number: u64,
    /// How many percent of the records are compared.
    percent: u64,
    compared: Arc<Compared>,
    samples: SyncSender<Sample>,
    seen: AtomicU64,
}

/// What the reference is, which delivers nothing of a sample, to the mapping that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The mapping before.
    Baseline,
    /// The mapping after.
    Candidate,
}

/// What was found by comparing.
struct Compared {
    /// What maps the samples: nobody else waits for its instances.
    reference: Arc<Generation>,
    role: Role,
    differences: Mutex<Differences>,
    passed_over: AtomicU64,
}

/// Records, where each begins, and what became of them.
struct Sample {
    source: usize,
    records: Vec<(String, Origin)>,
    mapped: MappedBatch,
    /// Those that were there for it.
    databases: Arc<Databases>,
}

impl Sampler {
    /// Compares this percentage of the records with what `reference` makes of them, and tells each verdict. The thread
    /// that compares ends with the sampler, or when nobody hears it.
    pub(super) fn start(
        reference: Arc<Generation>,
        role: Role,
        percent: u8,
        verdicts: SyncSender<SampleVerdict>,
    ) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let differences = Mutex::new(Differences::new(Examples::Shapes));
        let compared = Arc::new(Compared { reference, role, differences, passed_over: AtomicU64::new(0) });
        let (samples, waiting) = sync_channel(MAX_WAITING);
        let comparing = Arc::clone(&compared);
        thread::spawn(move || comparing.work(number, &waiting, &verdicts));
        Self { number, percent: percent.into(), compared, samples, seen: AtomicU64::new(0) }
    }

    /// What its verdicts name it by.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Takes a sample of a batch, to be compared later.
    pub(super) fn offer(&self, source: usize, records: &str, origin: &Origin, mapped: &MappedBatch) {
        let databases = self.compared.reference.pool(source).config.geo.current();
        let mut sample = Sample { source, records: Vec::new(), mapped: MappedBatch::default(), databases };
        for (line, entry) in lines(records).zip(mapped.entries()) {
            let seen = self.seen.fetch_add(1, Ordering::Relaxed);
            let is_wanted = (seen + 1) * self.percent / 100 > seen * self.percent / 100;
            if is_wanted && sample.records.len() < MAX_SAMPLE {
                sample.records.push((line.record().to_owned(), origin.advanced_by(line.offset)));
                sample.mapped.push(entry);
            }
        }
        if !sample.records.is_empty() && self.samples.try_send(sample).is_err() {
            self.compared.passed_over.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What maps the samples.
    pub(super) fn reference(&self) -> &Arc<Generation> {
        &self.compared.reference
    }

    /// Samples that were not compared because mail came faster.
    pub(super) fn passed_over(&self) -> u64 {
        self.compared.passed_over.load(Ordering::Relaxed)
    }

    /// How the documents differ, without the values.
    pub(super) fn differences(&self) -> serde_json::Value {
        serde_json::to_value(&*self.compared.differences()).unwrap_or_default()
    }
}

impl Compared {
    /// Compares samples as long as there are any, and the reference can map.
    fn work(&self, sampler: u64, waiting: &Receiver<Sample>, verdicts: &SyncSender<SampleVerdict>) {
        while let Ok(sample) = waiting.recv() {
            let pool = self.reference.pool(sample.source);
            if !Arc::ptr_eq(&pool.config.geo.current(), &sample.databases) {
                // Their answers about an address do not make two mappings differ.
                continue;
            }
            let comparison = self.compare(&sample);
            if matches!(comparison, Err(MapperError::Machine(_))) {
                // It says nothing of either mapping.
                self.passed_over.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let is_last = comparison.is_err();
            if verdicts.send(SampleVerdict { sampler, comparison }).is_err() || is_last {
                return;
            }
        }
    }

    fn compare(&self, sample: &Sample) -> Result<SampleComparison, MapperError> {
        let pool = self.reference.pool(sample.source);
        let (mut mapped, began) = (MappedBatch::default(), Instant::now());
        if sample.records.iter().all(|(_, origin)| origin.file.is_none()) {
            let records: Vec<_> = sample.records.iter().map(|(record, _)| record.as_str()).collect();
            let origin = sample.records.first().map(|(_, origin)| origin.clone()).unwrap_or_default();
            mapped = pool.map_all(&records.join("\n"), &origin)?;
        } else {
            // Records of a sample do not follow one another in their file.
            for (record, origin) in &sample.records {
                mapped.append(pool.map_all(record, origin)?);
            }
        }
        metrics::mapped(MappingRole::Compared, &mapped, began.elapsed());
        let mut differences = self.differences();
        match self.role {
            Role::Candidate => differences.add(&sample.mapped, &mapped),
            Role::Baseline => differences.add(&mapped, &sample.mapped),
        }
        Ok(SampleComparison { records: differences.records, rate: differences.rate() })
    }

    fn differences(&self) -> MutexGuard<'_, Differences> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
