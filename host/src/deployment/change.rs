//! Everything that changes which mapping is in use.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use tracing::{error, info, warn};

use super::{Before, Control, Live, RefusedMapping, State};
use crate::{
    mapper::{
        ComponentError, MapperError,
        candidate::{Candidate, Refusal},
        decisions::Grace,
        generation::Generation,
        journal::{Event, EventKind},
        sampler::{Other, Sampler, Subject, Waiting},
        trial::{Trial, TrialMode},
    },
    observe::metrics::Role,
    support::error_text::explain,
};

/// How many percent of the records a new mapping is compared on with the one before, where differences count.
const COMPARED_PERCENT: u8 = 10;

/// Who takes a mapping back when nobody else does.
const ITSELF: &str = "exotrace";

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    /// Somebody wants the current mapping kept.
    #[error("the mapping is pinned\nhint: `exotrace mapping unpin` lets it be replaced")]
    Pinned,
    /// There is nothing to go back to.
    #[error("no mapping is kept to go back to\nhint: `exotrace mapping replace` takes any version or file")]
    NothingBefore,
    /// Nothing is on trial.
    #[error("no candidate is on trial")]
    NoTrial,
    /// What is beside the candidate could not be started.
    #[error("the trial could not begin: {}", .0.explain())]
    Trial(MapperError),
}

impl Live {
    /// Puts a candidate in place: batches that are under way finish on the mapping that they began with. The one
    /// before is kept ready for the grace period. Ends a trial.
    ///
    /// # Errors
    ///
    /// When the mapping is pinned.
    pub fn replace(self: &Arc<Self>, candidate: Candidate, by: &str) -> Result<(), Unchanged> {
        let mut control = self.control();
        if control.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        self.end_trial(&mut control, by, "another mapping takes the place");
        self.put(&mut control, Arc::new(candidate.generation), by);
        Ok(())
    }

    /// Puts a candidate in place that is what the settings name from now on, since their file has changed.
    ///
    /// # Errors
    ///
    /// When the mapping is pinned.
    pub fn follow(self: &Arc<Self>, candidate: Candidate, by: &str) -> Result<(), Unchanged> {
        let mut control = self.control();
        if control.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        control.note_named(&candidate.digest());
        self.end_trial(&mut control, by, "another mapping takes the place");
        self.put(&mut control, Arc::new(candidate.generation), by);
        Ok(())
    }

    /// Notes that the current mapping is what the settings name from now on, since their file has changed.
    pub fn note_current_is_named(&self, digest: &str) {
        let mut control = self.control();
        control.note_named(digest);
        control.choose(&self.current().digest());
        control.keep();
    }

    /// Puts a candidate beside the current mapping. Ends another trial.
    ///
    /// # Errors
    ///
    /// When the mapping is pinned, or the trial cannot be started.
    pub fn try_out(
        self: &Arc<Self>,
        candidate: Candidate,
        mode: TrialMode,
        percent: u8,
        by: &str,
    ) -> Result<(), Unchanged> {
        let mut control = self.control();
        if control.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        let trial = Trial::begin(self, candidate, mode, percent).map_err(Unchanged::Trial)?;
        self.end_trial(&mut control, by, "another candidate takes the place");
        info!(mapping = trial.candidate.mapping(), ?mode, percent, by, "mapping on trial");
        let reason = format!("{mode:?} with {percent} %").to_lowercase();
        note(&mut control, EventKind::TrialBegan, &trial.candidate, by, Some(reason));
        self.trial.store(Some(trial));
        Ok(())
    }

    /// Puts the candidate that is on trial in place.
    ///
    /// # Errors
    ///
    /// When there is none, or the mapping is pinned.
    pub fn promote(self: &Arc<Self>, by: &str) -> Result<(), Unchanged> {
        let mut control = self.control();
        if control.decisions.is_pinned {
            return Err(Unchanged::Pinned);
        }
        let trial = self.trial.swap(None).ok_or(Unchanged::NoTrial)?;
        note(&mut control, EventKind::TrialEnded, &trial.candidate, by, Some("promoted".to_owned()));
        self.put(&mut control, Arc::clone(&trial.candidate), by);
        Ok(())
    }

    /// Ends the trial.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn withdraw(&self, by: &str) -> Result<(), Unchanged> {
        let mut control = self.control();
        if self.end_trial(&mut control, by, "withdrawn") { Ok(()) } else { Err(Unchanged::NoTrial) }
    }

    /// Puts the mapping before in place again, whether or not the current one is pinned. The one that goes is not
    /// taken from a watched file again.
    ///
    /// # Errors
    ///
    /// When none is kept.
    pub fn roll_back(&self, by: &str) -> Result<(), Unchanged> {
        let mut control = self.control();
        let state = self.state.load_full();
        if state.before.is_none() {
            return Err(Unchanged::NothingBefore);
        }
        self.go_back(&mut control, &state, by, "taken back on request");
        Ok(())
    }

    /// Keeps the current mapping: nothing replaces it until it is unpinned, but for what goes back by itself.
    pub fn pin(&self, by: &str) {
        let mut control = self.control();
        if control.decisions.is_pinned {
            return;
        }
        control.decisions.is_pinned = true;
        control.keep();
        note(&mut control, EventKind::Pinned, &self.current(), by, None);
        info!(mapping = self.current().mapping(), by, "mapping pinned");
    }

    /// Lets the mapping be replaced again.
    pub fn unpin(&self, by: &str) {
        let mut control = self.control();
        if !control.decisions.is_pinned {
            return;
        }
        control.decisions.is_pinned = false;
        control.keep();
        note(&mut control, EventKind::Unpinned, &self.current(), by, None);
        info!(mapping = self.current().mapping(), by, "mapping unpinned");
    }

    /// Notes that a mapping was refused, so that a watched file is not tried again and again.
    pub fn refuse(&self, digest: &str, what: &str, refusal: &Refusal, by: &str) {
        let reason = explain(refusal);
        if matches!(refusal, Refusal::Current) {
            return;
        }
        warn!(mapping = what, digest, reason, by, "mapping refused; the current one stays");
        Self::count(&self.refused);
        let mut control = self.control();
        // Other signatures and settings may come, and the same bytes be right.
        let may_pass = match refusal {
            Refusal::Component(ComponentError::Signature(_)) | Refusal::Start(MapperError::Settings(_)) => true,
            Refusal::Component(ComponentError::Compile(error)) => error.is_passing(),
            _ => false,
        };
        if !may_pass {
            control.decisions.refuse(digest, &reason);
            control.keep();
        }
        let event = EventKind::Refused;
        let (mapping, digest, by) = (what.to_owned(), digest.to_owned(), by.to_owned());
        control.refused = Some(RefusedMapping {
            mapping: mapping.clone(),
            digest: digest.clone(),
            by: by.clone(),
            reason: reason.clone(),
        });
        control.journal.note(Event { time: Utc::now(), event, mapping, digest, by, reason: Some(reason) });
    }

    /// Notes that a file has a mapping which was refused before, and is not tried again.
    pub fn note_refused_before(&self, what: &str, digest: &str, by: &str, reason: &str) {
        warn!(mapping = what, digest, reason, by, "mapping was refused before and is not tried again");
        let [mapping, digest, by, reason] = [what, digest, by, reason].map(str::to_owned);
        self.control().refused = Some(RefusedMapping { mapping, digest, by, reason });
    }

    /// Why the mapping with this digest was refused or taken back, if it was.
    pub fn refused(&self, digest: &str) -> Option<String> {
        self.control().decisions.reason(digest).map(str::to_owned)
    }

    /// Lets the mapping before go when it was kept long enough.
    pub fn settle(&self) {
        let mut control = self.control();
        let state = self.state.load_full();
        if state.before.as_ref().is_some_and(|before| before.until <= Instant::now()) {
            self.state.store(Arc::new(State { current: Arc::clone(&state.current), before: None }));
            info!(mapping = state.current.mapping(), "mapping settled");
            control.decisions.end_grace();
            control.keep();
            note(&mut control, EventKind::Settled, &state.current, ITSELF, None);
        }
    }

    pub(super) fn note_start(&self, control: &mut Control, reason: Option<String>) {
        note(control, EventKind::Started, &self.current(), ITSELF, reason);
    }

    /// Goes back because of what a new mapping did, unless somebody was faster.
    pub(in crate::mapper) fn take_back(&self, state: &Arc<State>, reason: &str) {
        let mut control = self.control();
        if Arc::ptr_eq(&self.state.load(), state) {
            self.go_back(&mut control, state, ITSELF, reason);
        }
    }

    /// Ends a trial because of what the candidate did, unless somebody was faster.
    pub(in crate::mapper) fn give_up(&self, trial: &Arc<Trial>, reason: &str) {
        let mut control = self.control();
        if self.is_on_trial(trial) {
            control.decisions.refuse(&trial.candidate.digest(), reason);
            control.keep();
            error!(mapping = trial.candidate.mapping(), reason, "mapping on trial failed; the current one stays");
            Self::count(&self.rolled_back);
            self.end_trial(&mut control, ITSELF, reason);
        }
    }

    fn put(self: &Arc<Self>, control: &mut Control, current: Arc<Generation>, by: &str) {
        let before = self.current();
        let (from, to, digest) = (before.mapping(), current.mapping(), current.digest());
        current.serve(Role::Current);
        control.refused = None;
        control.decisions.forgive(&digest);
        control.choose(&digest);
        control.decisions.grace =
            Some(Grace::new(control.choice(&before.digest()), Utc::now() + self.rules.grace_period));
        control.keep();
        note(control, EventKind::Replaced, &current, by, Some(format!("in place of {from}")));
        self.state.store(self.beside(current, before, self.rules.grace_period));
        Self::count(&self.replaced);
        info!(from, to, digest, by, "mapping replaced");
    }

    /// A new mapping with the one before it. Where differences count, the two are compared.
    pub(super) fn beside(
        self: &Arc<Self>,
        current: Arc<Generation>,
        before: Arc<Generation>,
        grace_period: Duration,
    ) -> Arc<State> {
        let until = Instant::now() + grace_period;
        let sampler = if self.rules.limits_differences() { compare_with(&before) } else { None };
        let (sampler, waiting) = sampler.unzip();
        let state = Arc::new(State { current, before: Some(Before { generation: before, until, sampler }) });
        if let Some(sampler) = state.before.as_ref().and_then(|before| before.sampler.as_ref())
            && let Some(waiting) = waiting
        {
            sampler.start(waiting, self, Subject::New(Arc::downgrade(&state)));
        }
        state
    }

    fn go_back(&self, control: &mut Control, state: &Arc<State>, by: &str, reason: &str) {
        let Some(before) = &state.before else { return };
        self.end_trial(control, by, "the mapping went back");
        let current = Arc::clone(&before.generation);
        control.decisions.refuse(&state.current.digest(), reason);
        control.decisions.forgive(&current.digest());
        control.choose(&current.digest());
        control.decisions.end_grace();
        // First, so that a crash does not bring the bad one back.
        control.keep();
        self.state.store(Arc::new(State { current: Arc::clone(&current), before: None }));
        Self::count(&self.rolled_back);
        let (from, to) = (state.current.mapping(), current.mapping());
        if by == ITSELF {
            error!(from, to, reason, by, "mapping rolled back");
        } else {
            info!(from, to, reason, by, "mapping rolled back");
        }
        note(control, EventKind::RolledBack, &current, by, Some(format!("in place of {from}: {reason}")));
    }

    fn end_trial(&self, control: &mut Control, by: &str, reason: &str) -> bool {
        let Some(trial) = self.trial.swap(None) else { return false };
        info!(mapping = trial.candidate.mapping(), reason, by, "trial of a mapping ended");
        note(control, EventKind::TrialEnded, &trial.candidate, by, Some(reason.to_owned()));
        true
    }
}

/// What compares a new mapping with the one before it.
fn compare_with(before: &Generation) -> Option<(Sampler, Waiting)> {
    match before.twin() {
        Ok(twin) => Some(Sampler::new(twin, Other::Before, COMPARED_PERCENT)),
        Err(error) => {
            warn!(reason = error.explain(), "new mapping is not compared with the one before");
            None
        }
    }
}

fn note(control: &mut Control, event: EventKind, about: &Generation, by: &str, reason: Option<String>) {
    let (mapping, digest, by) = (about.mapping(), about.digest(), by.to_owned());
    control.journal.note(Event { time: Utc::now(), event, mapping, digest, by, reason });
}
