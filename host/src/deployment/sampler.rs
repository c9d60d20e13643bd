//! Compares a sample of what is delivered with what another mapping makes of the same records.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Instant,
};

use tracing::warn;

use super::{
    Live, MappedBatch, MapperError, Origin,
    diff::{Differences, Examples},
    generation::Generation,
    live::State,
    trial::Trial,
    watched,
};
use crate::{geo::Databases, observe::metrics::Role, support::lines::lines};

/// So many samples wait to be compared; more are passed over, so that mail never waits.
const MAX_WAITING: usize = 4;

/// So many records of one batch are compared at most.
const MAX_SAMPLE: usize = 200;

/// Takes samples, which another thread compares.
pub(super) struct Sampler {
    /// How many percent of the records are compared.
    percent: u64,
    compared: Arc<Compared>,
    samples: SyncSender<Sample>,
    seen: AtomicU64,
}

/// Which of the two mappings is the other one, that delivers nothing of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    /// The one before.
    Before,
    /// The one after.
    After,
}

/// What ends when too much differs.
pub(super) enum Subject {
    /// A trial.
    Trial(Weak<Trial>),
    /// The use of a new mapping.
    New(Weak<State>),
}

/// What is yet to be compared, for [`Sampler::start`].
pub(super) struct Waiting(Receiver<Sample>);

/// What was found by comparing.
struct Compared {
    /// What maps the samples: nobody else waits for its instances.
    beside: Arc<Generation>,
    is: Other,
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
    /// Compares so many percent of the records with what `beside` makes of them, once it is started.
    pub(super) fn new(beside: Arc<Generation>, is: Other, percent: u8) -> (Self, Waiting) {
        let differences = Mutex::new(Differences::new(Examples::Shapes));
        let compared = Arc::new(Compared { beside, is, differences, passed_over: AtomicU64::new(0) });
        let (samples, waiting) = sync_channel(MAX_WAITING);
        let sampler = Self { percent: percent.into(), compared, samples, seen: AtomicU64::new(0) };
        (sampler, Waiting(waiting))
    }

    /// Starts the thread that compares; it ends with the sampler.
    pub(super) fn start(&self, waiting: Waiting, live: &Arc<Live>, subject: Subject) {
        let (compared, live) = (Arc::clone(&self.compared), Arc::downgrade(live));
        thread::spawn(move || compared.work(&waiting.0, &live, &subject));
    }

    /// Takes a sample of a batch, to be compared later.
    pub(super) fn offer(&self, source: usize, records: &str, origin: &Origin, mapped: &MappedBatch) {
        let databases = self.compared.beside.pool(source).setting.geo.current();
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
    pub(super) fn beside(&self) -> &Arc<Generation> {
        &self.compared.beside
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

impl Subject {
    /// Judges it; says whether it is to be compared further.
    fn judge(&self, live: &Arc<Live>, differences: Result<(u64, f64), MapperError>) -> bool {
        let too_different = differences.map(|(records, rate)| {
            live.rules.judge_differences(records, rate).filter(|_| records >= live.rules.min_records)
        });
        match self {
            Self::Trial(trial) => {
                let Some(trial) = trial.upgrade() else { return false };
                let problem = too_different.unwrap_or_else(|error| Some(error.explain()));
                let problem = problem.or_else(|| live.judge_trial(&trial));
                if let Some(reason) = &problem {
                    live.give_up(&trial, reason);
                }
                problem.is_none()
            }
            Self::New(state) => {
                let Some(state) = state.upgrade() else { return false };
                match too_different {
                    Ok(None) => true,
                    Ok(Some(reason)) => {
                        live.take_back(&state, &reason);
                        false
                    }
                    Err(error) => {
                        // That the one before cannot be started says nothing about the new one.
                        warn!(reason = error.explain(), "new mapping is not compared with the one before");
                        false
                    }
                }
            }
        }
    }
}

impl Compared {
    /// Compares samples until that is of no use any more.
    fn work(&self, waiting: &Receiver<Sample>, live: &Weak<Live>, subject: &Subject) {
        while let Ok(sample) = waiting.recv() {
            let pool = self.beside.pool(sample.source);
            if !Arc::ptr_eq(&pool.setting.geo.current(), &sample.databases) {
                // What they say of an address is no difference between mappings.
                continue;
            }
            let differences = self.compare(&sample);
            let Some(live) = live.upgrade() else { return };
            if !subject.judge(&live, differences) {
                return;
            }
        }
    }

    /// How many records were compared by now, and which part of them came out differently.
    fn compare(&self, sample: &Sample) -> Result<(u64, f64), MapperError> {
        let pool = self.beside.pool(sample.source);
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
        watched::mapped(Role::Compared, &mapped, began.elapsed());
        let mut differences = self.differences();
        match self.is {
            Other::After => differences.add(&sample.mapped, &mapped),
            Other::Before => differences.add(&mapped, &sample.mapped),
        }
        Ok((differences.records, differences.rate()))
    }

    fn differences(&self) -> MutexGuard<'_, Differences> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
