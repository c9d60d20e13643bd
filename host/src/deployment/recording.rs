//! What a process knows about the mapping from the ones before it, and leaves to the next.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use tracing::{error, warn};

use super::{
    Deployment,
    decisions::{ConfiguredMapping, Decisions, Override, decisions_file},
    generation::Generation,
    history::{EventKind, HISTORY_FILE, History},
    initial_mapping::InitialMapping,
    noted_decision::NotedDecision,
    rollout::ITSELF,
};
use crate::{mapper::Component, support::error_text::explain};

impl Deployment {
    /// Goes on with what was decided before, and keeps in `state_dir` what is decided and what happens from now on.
    pub fn start_recording(&self, state_dir: &Path, initial: InitialMapping) {
        let InitialMapping { decisions, settings_digest, before, reason } = initial;
        let path = decisions_file(state_dir);
        set_aside_if_damaged(&path);
        let mut log = self.rollout.log();
        log.history = History::open(state_dir.join(HISTORY_FILE));
        (log.decisions, log.settings_digest) = (decisions, settings_digest);
        log.path = Some(path);
        log.note(EventKind::Started, &self.rollout.current(), ITSELF, reason);
        if let (Some(before), Some(until)) = (before, log.decisions.grace().map(|grace| grace.until)) {
            self.keep_before(before, until);
        } else {
            log.decisions.end_grace();
        }
        log.decisions.note_start();
        log.save();
    }

    /// What mapped before the process began is kept ready for the rest of its grace period.
    fn keep_before(&self, components: Vec<Component>, until: DateTime<Utc>) {
        let starts = components.into_iter().zip(self.settings.iter().cloned()).collect();
        match Generation::of_each(starts) {
            Ok(before) => {
                let left = (until - Utc::now()).to_std().unwrap_or_default();
                self.rollout.active.store(self.with_fallback(self.rollout.current(), Arc::new(before), left));
            }
            Err(error) => warn!(reason = error.explain(), "could not keep the previous mapping ready"),
        }
    }

    /// Stops recording: another process, or another run in this one, takes over.
    pub fn stop(&self) {
        let mut log = self.rollout.log();
        log.decisions.note_clean_end();
        log.save();
        log.path = None;
        log.history = History::default();
    }

    /// The last decision for many processes that this one has taken, or refused.
    pub fn cluster_decision(&self) -> Option<NotedDecision> {
        self.rollout.log().decisions.cluster_decision.clone()
    }

    /// Notes that a decision for many processes was taken, or why it was refused: it is not taken again.
    pub fn note_cluster_decision(&self, id: &str, refused: Option<String>) {
        let mut log = self.rollout.log();
        log.decisions.cluster_decision = Some(NotedDecision { id: id.to_owned(), refused });
        log.save();
    }

    /// Whether the settings name this mapping; the content of its file does not matter.
    pub fn is_configured_as(&self, configured: &ConfiguredMapping) -> bool {
        self.rollout.log().decisions.configured.names_the_same(configured)
    }

    /// The digests of the mappings that may be wanted again.
    pub fn needed_digests(&self) -> Vec<String> {
        let active = self.rollout.active.load_full();
        let mut digests = vec![active.current.digest()];
        digests.extend(active.fallback.as_ref().map(|fallback| fallback.generation.digest()));
        digests.extend(self.rollout.trial.load().as_ref().map(|trial| trial.candidate.digest()));
        let log = self.rollout.log();
        digests.extend(log.decisions.file_digest().map(str::to_owned));
        if let Some(Override::Copy(digest)) = log.decisions.mapping_override() {
            digests.push(digest.clone());
        }
        digests
    }
}

/// A person may want to look at it. One that cannot be read now is left alone: it may be whole.
fn set_aside_if_damaged(path: &Path) {
    let Err(error) = Decisions::read(path) else { return };
    if !error.is_damage() {
        error!(error = explain(&error), "decisions about the mapping cannot be read again");
        return;
    }
    let aside = path.with_extension("json.damaged");
    match std::fs::rename(path, &aside) {
        Ok(()) => error!(error = explain(&error), kept_as = %aside.display(), "decisions about the mapping are lost"),
        Err(error) => error!(file = %path.display(), %error, "could not set a damaged file aside"),
    }
}
