//! Everything that changes which mapping is in use.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use tracing::{info, warn};

use super::{
    Deployment,
    candidate::Candidate,
    decision_log::DecisionLog,
    decisions::Grace,
    generation::Generation,
    history::{Event, EventKind},
    refusal::Refusal,
    refused_mapping::RefusedMapping,
    rollout::{ActiveMapping, Fallback, ITSELF, count},
    sampler::{Role, Sampler},
    trial::{Trial, TrialMode},
};
use crate::{
    mapper::{ComponentError, MapperError},
    observe::metrics::MappingRole,
    support::error_text::explain,
};

/// How many percent of the records a new mapping is compared on with the one before, where differences count.
const COMPARED_PERCENT: u8 = 10;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    /// Somebody wants the current mapping kept.
    #[error("the mapping is pinned\nhint: `exotrace mapping unpin` lets it be replaced")]
    Pinned,
    /// There is nothing to go back to.
    #[error("there is no previous mapping to roll back to\nhint: `exotrace mapping replace` takes any version or file")]
    NothingBefore,
    /// Nothing is on trial.
    #[error("no candidate is on trial")]
    NoTrial,
    /// What is beside the candidate could not be started.
    #[error("the trial could not begin: {}", .0.explain())]
    Trial(MapperError),
}

impl Deployment {
    /// Puts a candidate in place: batches that are under way finish on the mapping that they began with. The one
    /// before is kept ready for the grace period. Ends a trial.
    ///
    /// # Errors
    ///
    /// When the mapping is pinned.
    pub fn replace(&self, candidate: Candidate, by: &str) -> Result<(), Unchanged> {
        let mut log = self.rollout.log();
        if log.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        self.rollout.end_trial(&mut log, by, "another mapping takes the place");
        self.put(&mut log, Arc::new(candidate.generation), by);
        Ok(())
    }

    /// Puts a candidate in place that is what the settings name from now on, since their file has changed.
    ///
    /// # Errors
    ///
    /// When the mapping is pinned.
    pub fn follow(&self, candidate: Candidate, by: &str) -> Result<(), Unchanged> {
        let mut log = self.rollout.log();
        if log.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        log.note_configured(&candidate.digest());
        self.rollout.end_trial(&mut log, by, "another mapping takes the place");
        self.put(&mut log, Arc::new(candidate.generation), by);
        Ok(())
    }

    /// Notes that the current mapping is what the settings name from now on, since their file has changed.
    pub fn note_current_is_named(&self, digest: &str) {
        let mut log = self.rollout.log();
        log.note_configured(digest);
        log.choose(&self.rollout.current().digest());
        log.save();
    }

    /// Puts a candidate beside the current mapping. Ends another trial.
    ///
    /// # Errors
    ///
    /// When the mapping is pinned, or the trial cannot be started.
    pub fn try_out(&self, candidate: Candidate, mode: TrialMode, percent: u8, by: &str) -> Result<(), Unchanged> {
        let mut log = self.rollout.log();
        if log.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        let trial = Trial::start(candidate, (mode, percent), &self.rollout.current(), self.verdicts.clone())
            .map_err(Unchanged::Trial)?;
        self.rollout.end_trial(&mut log, by, "another candidate takes the place");
        info!(mapping = trial.candidate.mapping(), ?mode, percent, by, "mapping on trial");
        let reason = format!("{mode:?} with {percent} %").to_lowercase();
        log.note(EventKind::TrialBegan, &trial.candidate, by, Some(reason));
        self.rollout.trial.store(Some(Arc::new(trial)));
        Ok(())
    }

    /// Puts the candidate that is on trial in place.
    ///
    /// # Errors
    ///
    /// When there is none, or the mapping is pinned.
    pub fn promote(&self, by: &str) -> Result<(), Unchanged> {
        let mut log = self.rollout.log();
        if log.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        let trial = self.rollout.trial.swap(None).ok_or(Unchanged::NoTrial)?;
        log.note(EventKind::TrialEnded, &trial.candidate, by, Some("promoted".to_owned()));
        self.put(&mut log, Arc::clone(&trial.candidate), by);
        Ok(())
    }

    /// Ends the trial.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn withdraw(&self, by: &str) -> Result<(), Unchanged> {
        let mut log = self.rollout.log();
        if self.rollout.end_trial(&mut log, by, "withdrawn") { Ok(()) } else { Err(Unchanged::NoTrial) }
    }

    /// Puts the mapping before in place again, whether or not the current one is pinned. The one that goes is not
    /// taken from a watched file again.
    ///
    /// # Errors
    ///
    /// When none is kept.
    pub fn roll_back(&self, by: &str) -> Result<(), Unchanged> {
        let mut log = self.rollout.log();
        let active = self.rollout.active.load_full();
        if active.fallback.is_none() {
            return Err(Unchanged::NothingBefore);
        }
        self.rollout.go_back(&mut log, &active, by, "taken back on request");
        Ok(())
    }

    /// Keeps the current mapping: nothing replaces it until it is unpinned, but for what goes back by itself.
    pub fn pin(&self, by: &str) {
        let mut log = self.rollout.log();
        if log.decisions.is_pinned {
            return;
        }
        log.decisions.is_pinned = true;
        log.save();
        log.note(EventKind::Pinned, &self.rollout.current(), by, None);
        info!(mapping = self.rollout.current().mapping(), by, "mapping pinned");
    }

    /// Lets the mapping be replaced again.
    pub fn unpin(&self, by: &str) {
        let mut log = self.rollout.log();
        if !log.decisions.is_pinned {
            return;
        }
        log.decisions.is_pinned = false;
        log.save();
        log.note(EventKind::Unpinned, &self.rollout.current(), by, None);
        info!(mapping = self.rollout.current().mapping(), by, "mapping unpinned");
    }

    /// Notes that a mapping was refused, so that a watched file is not tried again and again.
    pub fn refuse(&self, digest: &str, what: &str, refusal: &Refusal, by: &str) {
        let reason = explain(refusal);
        if matches!(refusal, Refusal::Current) {
            return;
        }
        warn!(mapping = what, digest, reason, by, "mapping refused; the current one stays");
        count(&self.rollout.refused);
        let mut log = self.rollout.log();
        // Other signatures and settings may come, and the same bytes be right.
        let may_pass = match refusal {
            Refusal::Component(ComponentError::Signature(_)) | Refusal::Start(MapperError::Settings(_)) => true,
            other => other.is_of_machine(),
        };
        if !may_pass {
            log.decisions.refuse(digest, &reason);
            log.save();
        }
        let event = EventKind::Refused;
        let (mapping, digest, by) = (what.to_owned(), digest.to_owned(), by.to_owned());
        log.refused = Some(RefusedMapping {
            mapping: mapping.clone(),
            digest: digest.clone(),
            by: by.clone(),
            reason: reason.clone(),
        });
        log.history.note(Event { time: Utc::now(), event, mapping, digest, by, reason: Some(reason) });
    }

    /// Notes that a file has a mapping which was refused before, and is not tried again.
    pub fn note_refused_before(&self, what: &str, digest: &str, by: &str, reason: &str) {
        warn!(mapping = what, digest, reason, by, "mapping was refused before and is not tried again");
        let [mapping, digest, by, reason] = [what, digest, by, reason].map(str::to_owned);
        self.rollout.log().refused = Some(RefusedMapping { mapping, digest, by, reason });
    }

    /// Why the mapping with this digest was refused or taken back, if it was.
    pub fn refused(&self, digest: &str) -> Option<String> {
        self.rollout.log().decisions.reason(digest).map(str::to_owned)
    }

    /// Lets the mapping before go when it was kept long enough.
    pub fn settle(&self) {
        let mut log = self.rollout.log();
        let active = self.rollout.active.load_full();
        if active.fallback.as_ref().is_some_and(|fallback| fallback.until <= Instant::now()) {
            self.rollout.active.store(Arc::new(ActiveMapping { current: Arc::clone(&active.current), fallback: None }));
            info!(mapping = active.current.mapping(), "mapping settled");
            log.decisions.end_grace();
            log.save();
            log.note(EventKind::Settled, &active.current, ITSELF, None);
        }
    }

    fn put(&self, log: &mut DecisionLog, current: Arc<Generation>, by: &str) {
        let before = self.rollout.current();
        let (from, to, digest) = (before.mapping(), current.mapping(), current.digest());
        current.serve(MappingRole::Current);
        log.refused = None;
        log.decisions.forgive(&digest);
        log.choose(&digest);
        log.decisions.grace =
            Some(Grace::new(log.override_for(&before.digest()), Utc::now() + self.rollout.policy.grace_period));
        log.save();
        log.note(EventKind::Replaced, &current, by, Some(format!("in place of {from}")));
        self.rollout.active.store(self.with_fallback(current, before, self.rollout.policy.grace_period));
        count(&self.rollout.replaced);
        info!(from, to, digest, by, "mapping replaced");
    }

    /// A new mapping with the one before it. Where differences count, the two are compared.
    pub(super) fn with_fallback(
        &self,
        current: Arc<Generation>,
        before: Arc<Generation>,
        grace_period: Duration,
    ) -> Arc<ActiveMapping> {
        let sampler = if self.rollout.policy.limits_differences() { self.compare_with(&before) } else { None };
        let fallback = Fallback { generation: before, until: Instant::now() + grace_period, sampler };
        Arc::new(ActiveMapping { current, fallback: Some(fallback) })
    }

    /// What compares a new mapping with the one before it.
    fn compare_with(&self, before: &Generation) -> Option<Sampler> {
        match before.replica() {
            Ok(replica) => Some(Sampler::start(replica, Role::Baseline, COMPARED_PERCENT, self.verdicts.clone())),
            Err(error) => {
                warn!(reason = error.explain(), "new mapping is not compared with the previous one");
                None
            }
        }
    }
}
