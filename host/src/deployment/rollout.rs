//! What maps, what is tried beside it, and what was decided: all that a replacement changes.
//!
//! A batch reads one pointer and is mapped by what it points to, from start to end. Who replaces a mapping has
//! done all the work before, and stores one pointer; the data path never waits for it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tracing::{error, info};

use super::{
    decision_log::DecisionLog, generation::Generation, history::EventKind, rollback_policy::RollbackPolicy,
    sampler::Sampler, trial::Trial,
};
use crate::mapper::version_with;

mod mapping;
mod verdicts;

/// Who takes a mapping back when nobody else does.
pub(super) const ITSELF: &str = "exotrace";

/// What maps, what is tried beside it, and what was decided.
pub(super) struct Rollout {
    pub(super) active: ArcSwap<ActiveMapping>,
    pub(super) trial: ArcSwapOption<Trial>,
    pub(super) policy: RollbackPolicy,
    /// Held by threads that change something, never by those that map.
    log: Mutex<DecisionLog>,
    pub(super) replaced: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) rolled_back: AtomicU64,
}

/// What maps, and what it is measured by as long as it is new.
pub(super) struct ActiveMapping {
    pub(super) current: Arc<Generation>,
    pub(super) fallback: Option<Fallback>,
}

/// The mapping before, kept ready.
pub(super) struct Fallback {
    pub(super) generation: Arc<Generation>,
    pub(super) until: Instant,
    /// What compares the two, where differences count.
    pub(super) sampler: Option<Sampler>,
}

impl Rollout {
    pub(super) fn new(current: Arc<Generation>, policy: RollbackPolicy) -> Self {
        Self {
            active: ArcSwap::from_pointee(ActiveMapping { current, fallback: None }),
            trial: ArcSwapOption::empty(),
            policy,
            log: Mutex::default(),
            replaced: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            rolled_back: AtomicU64::new(0),
        }
    }

    pub(super) fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.active.load().current)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, DecisionLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The policy for the mapping with this digest.
    pub(super) fn policy_for(&self, digest: &str) -> RollbackPolicy {
        if version_with(digest).is_some() { self.policy.without_speed() } else { self.policy.clone() }
    }

    /// Says why a trial should end, if so.
    fn judge_trial(&self, trial: &Trial) -> Option<String> {
        // On trial, records come in smaller lots, which costs more for each.
        let policy = self.policy_for(&trial.candidate.digest());
        let policy = RollbackPolicy { max_slowdown: 3.0 * policy.max_slowdown, ..policy };
        policy.judge(&self.current().stats(), &trial.candidate.stats())
    }

    fn is_on_trial(&self, trial: &Arc<Trial>) -> bool {
        self.trial.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, trial))
    }

    /// Goes back because of what a new mapping did, unless somebody was faster.
    fn take_back(&self, active: &Arc<ActiveMapping>, reason: &str) {
        let mut log = self.log();
        if Arc::ptr_eq(&self.active.load(), active) {
            self.go_back(&mut log, active, ITSELF, reason);
        }
    }

    /// Ends a trial because of what the candidate did, unless somebody was faster.
    fn give_up(&self, trial: &Arc<Trial>, reason: &str) {
        let mut log = self.log();
        if self.is_on_trial(trial) {
            log.decisions.refuse(&trial.candidate.digest(), reason);
            log.save();
            error!(mapping = trial.candidate.mapping(), reason, "mapping on trial failed; the current one stays");
            count(&self.rolled_back);
            self.end_trial(&mut log, ITSELF, reason);
        }
    }

    /// Puts the mapping before in place again.
    pub(super) fn go_back(&self, log: &mut DecisionLog, active: &Arc<ActiveMapping>, by: &str, reason: &str) {
        let Some(fallback) = &active.fallback else { return };
        self.end_trial(log, by, "the mapping went back");
        let current = Arc::clone(&fallback.generation);
        log.decisions.refuse(&active.current.digest(), reason);
        log.decisions.forgive(&current.digest());
        log.choose(&current.digest());
        log.decisions.end_grace();
        // First, so that a crash does not bring the bad one back.
        log.save();
        self.active.store(Arc::new(ActiveMapping { current: Arc::clone(&current), fallback: None }));
        count(&self.rolled_back);
        let (from, to) = (active.current.mapping(), current.mapping());
        if by == ITSELF {
            error!(from, to, reason, by, "mapping rolled back");
        } else {
            info!(from, to, reason, by, "mapping rolled back");
        }
        log.note(EventKind::RolledBack, &current, by, Some(format!("in place of {from}: {reason}")));
    }

    /// Ends the trial; says whether there was one.
    pub(super) fn end_trial(&self, log: &mut DecisionLog, by: &str, reason: &str) -> bool {
        let Some(trial) = self.trial.swap(None) else { return false };
        info!(mapping = trial.candidate.mapping(), reason, by, "trial of a mapping ended");
        log.note(EventKind::TrialEnded, &trial.candidate, by, Some(reason.to_owned()));
        true
    }

    /// Lets the instances go that wait for records of a source.
    pub(super) fn let_instances_go(&self, source: usize) {
        let (active, trial) = (self.active.load_full(), self.trial.load_full());
        let fallback = active.fallback.as_ref();
        let compared = fallback.and_then(|fallback| fallback.sampler.as_ref()).map(|it| &**it.reference());
        let tried = trial.iter().flat_map(|trial| [Some(&*trial.candidate), trial.reference()]);
        let before = fallback.map(|fallback| &*fallback.generation);
        for generation in [Some(&*active.current), before, compared].into_iter().chain(tried).flatten() {
            generation.pool(source).let_instances_go();
        }
    }

    /// Lets go what is only there to be compared with, and with it the threads that compare.
    pub(super) fn stop_comparing(&self) {
        self.trial.store(None);
        self.active.store(Arc::new(ActiveMapping { current: self.current(), fallback: None }));
    }
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
