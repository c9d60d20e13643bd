//! What a process knows about the mapping from the ones before it, and leaves to the next.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use tracing::{error, warn};

use super::{Control, Live};
use crate::{
    mapper::{
        Component,
        decisions::{Chosen, Decisions, DecisionsError},
        generation::Generation,
        journal::{HISTORY, Journal},
    },
    support::error_text::explain,
};

/// The file in `state_dir` that keeps what was decided.
const DECISIONS: &str = "mapping.json";

/// With what a process begins.
#[derive(Clone, Default)]
pub struct Beginning {
    /// What was decided before and still counts.
    pub decisions: Decisions,
    /// The digest of the mapping that the settings name.
    pub settings_digest: String,
    /// The component of every source that mapped before, as long as the one in use is new.
    pub before: Option<Vec<Component>>,
    /// Why another mapping is used, if so.
    pub reason: Option<String>,
}

impl Decisions {
    /// Reads what was decided in a `state_dir`; nothing was when there is no file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn of(state_dir: &Path) -> Result<Self, DecisionsError> {
        Self::read(&path_in(state_dir))
    }
}

impl Live {
    /// Goes on with what was decided before, and keeps in `state_dir` what is decided and what happens from now on.
    pub fn begin(self: &Arc<Self>, state_dir: &Path, beginning: Beginning) {
        let Beginning { decisions, settings_digest, before, reason } = beginning;
        set_aside_if_damaged(&path_in(state_dir));
        let mut control = self.control();
        control.journal = Journal::open(state_dir.join(HISTORY));
        (control.decisions, control.settings_digest) = (decisions, settings_digest);
        control.kept_in = Some(path_in(state_dir));
        self.note_start(&mut control, reason);
        if let (Some(before), Some(until)) = (before, control.decisions.grace().map(|grace| grace.until)) {
            self.keep_before(before, until);
        } else {
            control.decisions.end_grace();
        }
        control.decisions.note_start();
        control.keep();
    }

    /// What mapped before the process began is kept ready for the rest of its grace period.
    fn keep_before(self: &Arc<Self>, components: Vec<Component>, until: DateTime<Utc>) {
        let starts = components.into_iter().zip(self.settings.iter().cloned()).collect();
        match Generation::of_each(starts) {
            Ok(before) => {
                let left = (until - Utc::now()).to_std().unwrap_or_default();
                self.state.store(self.beside(self.current(), Arc::new(before), left));
            }
            Err(error) => warn!(reason = error.explain(), "mapping before cannot be kept ready"),
        }
    }

    /// Keeps nothing any more: another process, or another run in this one, goes on.
    pub fn end(&self) {
        let mut control = self.control();
        control.decisions.note_clean_end();
        control.keep();
        control.kept_in = None;
        control.journal = Journal::default();
    }

    /// The digests of the mappings that may be wanted again.
    pub fn needed_digests(&self) -> Vec<String> {
        let state = self.state.load_full();
        let mut digests = vec![state.current.digest()];
        digests.extend(state.before.as_ref().map(|before| before.generation.digest()));
        digests.extend(self.trial.load().as_ref().map(|trial| trial.candidate.digest()));
        let control = self.control();
        digests.extend(control.decisions.file_digest().map(str::to_owned));
        if let Some(Chosen::Copy(digest)) = control.decisions.chosen() {
            digests.push(digest.clone());
        }
        digests
    }
}

impl Control {
    /// Keeps the decisions for the next process. That they cannot be written keeps no mail waiting, but a person has
    /// to know.
    pub(super) fn keep(&self) {
        let Some(path) = &self.kept_in else { return };
        if let Err(error) = self.decisions.write(path) {
            error!(file = %path.display(), %error, "could not keep what was decided about the mapping");
        }
    }

    /// Notes that the file of the settings has this digest now.
    pub(super) fn note_named(&mut self, digest: &str) {
        self.decisions.said.digest = Some(digest.to_owned());
        digest.clone_into(&mut self.settings_digest);
    }

    /// How this mapping is had again; none: by what the settings say.
    pub(super) fn choice(&self, digest: &str) -> Option<Chosen> {
        if digest == self.settings_digest { None } else { Chosen::of(digest) }
    }

    /// Notes that this mapping is the one to use.
    pub(super) fn choose(&mut self, digest: &str) {
        self.decisions.chosen = self.choice(digest);
    }
}

fn path_in(state_dir: &Path) -> PathBuf {
    state_dir.join(DECISIONS)
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
