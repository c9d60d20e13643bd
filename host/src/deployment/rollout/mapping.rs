//! One batch on its way through what maps, what is new and what is on trial.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tracing::warn;

use super::Rollout;
use crate::{
    deployment::{
        canary::runs,
        metrics,
        trial::{Trial, TrialMode},
    },
    mapper::{Ahead, MappedAhead, MappedBatch, MapperError, Origin},
    observe::metrics::MappingRole,
};

impl Rollout {
    pub(in crate::deployment) fn map_batch(
        &self,
        source: usize,
        records: &str,
        origin: &Origin,
        ahead: Option<MappedAhead>,
    ) -> Result<MappedBatch, MapperError> {
        let Some(trial) = self.trial.load_full() else { return self.map_on_current(source, records, origin, ahead) };
        if trial.mode == TrialMode::Canary {
            return self.map_by_share(&trial, source, records, origin);
        }
        let batch = self.map_on_current(source, records, origin, ahead)?;
        trial.sampler.offer(source, records, origin, &batch);
        Ok(batch)
    }

    /// Maps a batch ahead by what maps now; `None` where only some of its records are for that.
    pub(in crate::deployment) fn map_ahead(
        &self,
        source: usize,
        records: &str,
        origin: &Origin,
        ahead: &Ahead,
    ) -> Option<MappedAhead> {
        if self.trial.load().as_ref().is_some_and(|trial| trial.mode == TrialMode::Canary) {
            return None;
        }
        self.current().pool(source).map_ahead(records, origin, ahead)
    }

    fn map_on_current(
        &self,
        source: usize,
        records: &str,
        origin: &Origin,
        ahead: Option<MappedAhead>,
    ) -> Result<MappedBatch, MapperError> {
        let (mut before, began) = (Duration::ZERO, Instant::now());
        let batch = self.map_on_best(source, records, origin, ahead, &mut before)?;
        metrics::mapped(MappingRole::Current, &batch, before + began.elapsed());
        Ok(batch)
    }

    /// As long as a mapping is new, the previous one maps the batches at which it fails. What is taken of a mapping ahead
    /// has taken `before`.
    fn map_on_best(
        &self,
        source: usize,
        records: &str,
        origin: &Origin,
        mut ahead: Option<MappedAhead>,
        before: &mut Duration,
    ) -> Result<MappedBatch, MapperError> {
        loop {
            let active = self.active.load_full();
            let pool = active.current.pool(source);
            let took = ahead.as_ref().map(MappedAhead::took).unwrap_or_default();
            let done = ahead.take().and_then(|ahead| pool.take_mapped(ahead, records));
            *before = if done.is_some() { took } else { Duration::ZERO };
            let fallback = active.fallback.as_ref().filter(|fallback| Instant::now() < fallback.until);
            let Some(fallback) = fallback else { return done.map_or_else(|| pool.map_all(records, origin), Ok) };
            let mapped = done.map_or_else(|| pool.map_strictly(records, origin), Ok);
            let reason = match &mapped {
                Ok(_) => {
                    let policy = self.policy_for(pool.component.digest());
                    policy.judge(&fallback.generation.stats(), &active.current.stats())
                }
                // Neither mapping is to blame.
                Err(MapperError::Machine(_)) => return mapped,
                Err(error) if active.current.stats().faults <= self.policy.max_faults => {
                    let reason = error.explain();
                    warn!(reason, mapping = active.current.mapping(), "new mapping failed, as often as allowed");
                    return pool.map_all(records, origin);
                }
                Err(error) => Some(error.explain()),
            };
            match reason {
                None => {
                    if let (Some(sampler), Ok(batch)) = (&fallback.sampler, &mapped) {
                        sampler.offer(source, records, origin, batch);
                    }
                    return mapped;
                }
                // Then round again, on the one before.
                Some(reason) => self.take_back(&active, &reason),
            }
        }
    }

    /// Records that follow one another and belong to the same share are mapped together, so that each is mapped by one
    /// version, and everything stays in order.
    fn map_by_share(
        &self,
        trial: &Arc<Trial>,
        source: usize,
        records: &str,
        origin: &Origin,
    ) -> Result<MappedBatch, MapperError> {
        let mut mapped = MappedBatch::default();
        for (begin, run, is_candidate) in runs(records, trial.percent) {
            let origin = origin.advanced_by(begin);
            let by_candidate = is_candidate && self.is_on_trial(trial);
            let batch = if by_candidate { self.map_on_candidate(trial, source, run, &origin)? } else { None };
            mapped.append(match batch {
                Some(batch) => batch,
                None => self.map_on_current(source, run, &origin, None)?,
            });
        }
        Ok(mapped)
    }

    /// Maps by a canary; `None` when it stopped too often, and the trial is over, or when the machine cannot run it now.
    fn map_on_candidate(
        &self,
        trial: &Arc<Trial>,
        source: usize,
        records: &str,
        origin: &Origin,
    ) -> Result<Option<MappedBatch>, MapperError> {
        let (pool, began) = (trial.candidate.pool(source), Instant::now());
        let mapped = pool.map_strictly(records, origin);
        if let Ok(batch) = &mapped {
            metrics::mapped(MappingRole::Canary, batch, began.elapsed());
            trial.sampler.offer(source, records, origin, batch);
        }
        match (mapped, self.judge_trial(trial)) {
            (Ok(batch), None) => Ok(Some(batch)),
            (Ok(batch), Some(reason)) => {
                self.give_up(trial, &reason);
                Ok(Some(batch))
            }
            // Mail does not wait for what is only tried.
            (Err(MapperError::Machine(_)), None) => Ok(None),
            (Err(error), Some(_)) => {
                self.give_up(trial, &error.explain());
                Ok(None)
            }
            (Err(_), None) => {
                let batch = pool.map_all(records, origin)?;
                metrics::mapped(MappingRole::Canary, &batch, began.elapsed());
                Ok(Some(batch))
            }
        }
    }
}
