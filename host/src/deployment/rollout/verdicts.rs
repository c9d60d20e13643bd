//! What is decided upon the verdicts of samplers: all of it here, by one thread.

use std::sync::mpsc::Receiver;

use tracing::warn;

use super::Rollout;
use crate::{
    deployment::sample_verdict::{SampleComparison, SampleVerdict},
    mapper::MapperError,
};

impl Rollout {
    /// Decides until all senders of verdicts are gone.
    pub(in crate::deployment) fn decide_all(&self, verdicts: &Receiver<SampleVerdict>) {
        while let Ok(verdict) = verdicts.recv() {
            self.decide(verdict);
        }
    }

    /// Ends a trial, or goes back to the mapping before, when too much differs. A verdict on what is over is late.
    fn decide(&self, SampleVerdict { sampler, comparison }: SampleVerdict) {
        let problem = comparison.map(|comparison| self.judge_comparison(comparison));
        if let Some(trial) = self.trial.load_full().filter(|trial| trial.sampler.number() == sampler) {
            let problem = problem.unwrap_or_else(|error| Some(error.explain()));
            if let Some(reason) = problem.or_else(|| self.judge_trial(&trial)) {
                self.give_up(&trial, &reason);
            }
            return;
        }
        self.decide_on_active(sampler, problem);
    }

    fn decide_on_active(&self, sampler: u64, problem: Result<Option<String>, MapperError>) {
        let active = self.active.load_full();
        let current = active.fallback.as_ref().and_then(|fallback| fallback.sampler.as_ref());
        if current.is_none_or(|current| current.number() != sampler) {
            return;
        }
        match problem {
            Ok(None) => {}
            Ok(Some(reason)) => self.take_back(&active, &reason),
            // That the one before cannot be started says nothing about the new one.
            Err(error) => warn!(reason = error.explain(), "new mapping is not compared with the previous one"),
        }
    }

    /// Says whether too much differs, once enough was compared.
    fn judge_comparison(&self, SampleComparison { records, rate }: SampleComparison) -> Option<String> {
        self.policy.judge_differences(records, rate).filter(|_| records >= self.policy.min_records)
    }
}
