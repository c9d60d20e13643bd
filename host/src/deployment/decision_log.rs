//! What was decided and what happened, for the next process and for people.

use std::path::PathBuf;

use chrono::Utc;
use tracing::error;

use super::{
    decisions::{Decisions, Override},
    generation::Generation,
    history::{Event, EventKind, History},
    refused_mapping::RefusedMapping,
};

/// What changes only when somebody wants it.
#[derive(Default)]
pub(super) struct DecisionLog {
    pub(super) history: History,
    pub(super) decisions: Decisions,
    /// The file of the decisions, as long as they are recorded.
    pub(super) path: Option<PathBuf>,
    /// The digest of what the settings name.
    pub(super) settings_digest: String,
    /// What was refused last, until another mapping is put in place.
    pub(super) refused: Option<RefusedMapping>,
}

impl DecisionLog {
    /// Records the decisions for the next process. That they cannot be written keeps no mail waiting, but a person has
    /// to know.
    pub(super) fn save(&self) {
        let Some(path) = &self.path else { return };
        if let Err(error) = self.decisions.write(path) {
            error!(file = %path.display(), %error, "could not save mapping decision");
        }
    }

    /// Notes what happened to a mapping.
    pub(super) fn note(&mut self, event: EventKind, about: &Generation, by: &str, reason: Option<String>) {
        let (mapping, digest, by) = (about.mapping(), about.digest(), by.to_owned());
        self.history.note(Event { time: Utc::now(), event, mapping, digest, by, reason });
    }

    /// Notes that the file of the settings has this digest now.
    pub(super) fn note_configured(&mut self, digest: &str) {
        self.decisions.configured.digest = Some(digest.to_owned());
        digest.clone_into(&mut self.settings_digest);
    }

    /// Where this mapping is loaded from; `None`: from what the settings name.
    pub(super) fn override_for(&self, digest: &str) -> Option<Override> {
        if digest == self.settings_digest { None } else { Override::of(digest) }
    }

    /// Notes that this mapping is the one to use.
    pub(super) fn choose(&mut self, digest: &str) {
        self.decisions.mapping_override = self.override_for(digest);
    }
}
