//! A candidate beside the current mapping: in the shadow, or with a share of the deliveries.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Instant,
};

use serde::{Deserialize, Serialize};

use super::{
    Live, MappedBatch, MapperError, Origin,
    answer::is_blank,
    candidate::Candidate,
    diff::{Differences, Examples},
    generation::Generation,
    rules::Work,
    watched,
};
use crate::metrics::Role;

/// So many samples wait to be compared; more are passed over, so that mail never waits.
const MAX_WAITING: usize = 4;

/// So many records of one batch are compared at most.
const MAX_SAMPLE: usize = 200;

/// What a candidate may do beside the current mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialMode {
    /// It maps a share of the records as well; nothing of it is delivered.
    Shadow,
    /// It maps a share of the deliveries in place of the current mapping.
    Canary,
}

/// A candidate on trial.
pub(super) struct Trial {
    pub(super) candidate: Arc<Generation>,
    pub(super) mode: TrialMode,
    pub(super) percent: u8,
    compared: Arc<Compared>,
    samples: SyncSender<Sample>,
    seen: AtomicU64,
}

/// What was found by comparing.
struct Compared {
    /// What maps the samples: nobody else waits for its instances.
    beside: Arc<Generation>,
    mode: TrialMode,
    differences: Mutex<Differences>,
    passed_over: AtomicU64,
}

/// Records, where each begins, and what became of them.
struct Sample {
    source: usize,
    records: Vec<(String, Origin)>,
    mapped: MappedBatch,
}

/// What is known about a trial.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrialStatus {
    /// The version of the candidate.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// What it does.
    pub mode: TrialMode,
    /// Its share.
    pub percent: u8,
    /// What it has done.
    pub work: Work,
    /// Samples that were not compared because mail came faster.
    pub passed_over: u64,
    /// How its documents differ, without the values.
    pub differences: serde_json::Value,
}

impl Trial {
    pub(super) fn begin(
        live: &Arc<Live>,
        candidate: Candidate,
        mode: TrialMode,
        percent: u8,
    ) -> Result<Arc<Self>, MapperError> {
        let candidate = Arc::new(candidate.generation);
        let beside = match mode {
            TrialMode::Shadow => Arc::clone(&candidate),
            TrialMode::Canary => {
                candidate.serve(Role::Canary);
                live.current().twin()?
            }
        };
        let differences = Mutex::new(Differences::new(Examples::Shapes));
        let compared = Arc::new(Compared { beside, mode, differences, passed_over: AtomicU64::new(0) });
        let (samples, waiting) = sync_channel(MAX_WAITING);
        let trial = Arc::new(Self { candidate, mode, percent, compared, samples, seen: AtomicU64::new(0) });
        let (live, compared, watched) = (Arc::downgrade(live), Arc::clone(&trial.compared), Arc::downgrade(&trial));
        thread::spawn(move || compared.work(&waiting, &live, &watched));
        Ok(trial)
    }

    /// Takes a sample of a batch, to be compared later by another thread.
    pub(super) fn offer(&self, source: usize, records: &str, origin: &Origin, mapped: &MappedBatch) {
        let share = match self.mode {
            TrialMode::Shadow => u64::from(self.percent),
            TrialMode::Canary => 100,
        };
        let mut sample = Sample { source, records: Vec::new(), mapped: MappedBatch::default() };
        let mut rest = mapped.documents.as_str();
        let (mut begin, mut outcomes) = (0, mapped.outcomes.iter());
        for line in records.split_inclusive('\n') {
            let at = begin;
            begin += line.len();
            if is_blank(line) {
                continue;
            }
            let Some(outcome) = outcomes.next() else { break };
            let document = if outcome.has_document() { rest.split_inclusive('\n').next() } else { None };
            let document = document.unwrap_or_default();
            rest = rest.split_at_checked(document.len()).map_or("", |(_, after)| after);
            let seen = self.seen.fetch_add(1, Ordering::Relaxed);
            let is_wanted = (seen + 1) * share / 100 > seen * share / 100;
            if is_wanted && sample.records.len() < MAX_SAMPLE {
                sample.records.push((line.trim_end_matches('\n').to_owned(), origin.advanced_by(at)));
                sample.mapped.documents.push_str(document);
                sample.mapped.outcomes.push(outcome.clone());
            }
        }
        if !sample.records.is_empty() && self.samples.try_send(sample).is_err() {
            self.compared.passed_over.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What maps beside it only to be compared with it.
    pub(super) fn twin(&self) -> Option<&Generation> {
        match self.mode {
            TrialMode::Shadow => None,
            TrialMode::Canary => Some(&self.compared.beside),
        }
    }

    pub(super) fn status(&self) -> TrialStatus {
        TrialStatus {
            mapping: self.candidate.mapping(),
            digest: self.candidate.digest(),
            mode: self.mode,
            percent: self.percent,
            work: self.candidate.work(),
            passed_over: self.compared.passed_over.load(Ordering::Relaxed),
            differences: serde_json::to_value(&*self.compared.differences()).unwrap_or_default(),
        }
    }
}

impl Compared {
    /// Compares samples until the trial is over.
    fn work(&self, waiting: &Receiver<Sample>, live: &Weak<Live>, trial: &Weak<Trial>) {
        while let Ok(sample) = waiting.recv() {
            let problem = match self.compare(&sample) {
                Ok((records, rate)) => {
                    let Some(live) = live.upgrade() else { return };
                    live.rules.judge_differences(records, rate).filter(|_| records >= live.rules.min_records)
                }
                Err(error) => Some(error.explain()),
            };
            let (Some(live), Some(trial)) = (live.upgrade(), trial.upgrade()) else { return };
            let problem = problem.or_else(|| live.judge_trial(&trial));
            if let Some(reason) = problem {
                live.give_up(&trial, &reason);
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
        match self.mode {
            TrialMode::Shadow => differences.add(&sample.mapped, &mapped),
            TrialMode::Canary => differences.add(&mapped, &sample.mapped),
        }
        Ok((differences.records, differences.rate()))
    }

    fn differences(&self) -> std::sync::MutexGuard<'_, Differences> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
