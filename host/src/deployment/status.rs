//! What is known about the mapping in use.

use std::{sync::atomic::Ordering, time::Instant};

use serde::{Deserialize, Serialize};

use super::Live;
use crate::mapper::{journal::Event, rules::Work, trial::TrialStatus};

/// What is known about the mapping in use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Its version.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Whether somebody wants it kept.
    pub is_pinned: bool,
    /// Whether it was chosen in place of the one that the settings name.
    pub is_chosen: bool,
    /// What it has done.
    pub work: Work,
    /// What it is measured by, as long as it is new.
    pub probation: Option<Probation>,
    /// The candidate beside it.
    pub trial: Option<TrialStatus>,
    /// How often a mapping was replaced.
    pub replaced: u64,
    /// How many mappings were refused.
    pub refused: u64,
    /// How often one was taken back.
    pub rolled_back: u64,
    /// What was refused last, until another mapping is put in place.
    #[serde(default)]
    pub last_refused: Option<RefusedMapping>,
}

/// A mapping that was refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusedMapping {
    /// What people know it by: a version, or a file.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Who wanted it.
    pub by: String,
    /// Why it was refused.
    pub reason: String,
}

/// A mapping that maps for one source, or is kept ready to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingInUse {
    /// `current`, `before`, `trial`, or `compared` for what is compared with a canary.
    pub role: &'static str,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Memory of its instances.
    pub memory_bytes: u64,
    /// How many instances it has.
    pub instances: u64,
}

/// The mapping before, kept ready.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Probation {
    /// Its version.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// For how many seconds it is kept.
    pub seconds_left: u64,
}

impl Live {
    /// What is known about the mapping in use.
    pub fn status(&self) -> Status {
        let (is_pinned, is_chosen, last_refused) = {
            let control = self.control();
            (control.decisions.is_pinned, control.decisions.chosen().is_some(), control.refused.clone())
        };
        let state = self.state.load_full();
        let probation = state.before.as_ref().map(|before| Probation {
            mapping: before.generation.mapping(),
            digest: before.generation.digest(),
            seconds_left: before.until.saturating_duration_since(Instant::now()).as_secs(),
        });
        Status {
            mapping: state.current.mapping(),
            digest: state.current.digest(),
            is_pinned,
            is_chosen,
            work: state.current.work(),
            probation,
            trial: self.trial.load().as_ref().map(|trial| trial.status()),
            replaced: self.replaced.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            rolled_back: self.rolled_back.load(Ordering::Relaxed),
            last_refused,
        }
    }

    /// How many records of the trial got another `_id` than by the current mapping.
    pub fn new_ids_on_trial(&self) -> u64 {
        let trial = self.trial.load_full();
        trial.map_or(0, |trial| trial.status().differences["different_ids"].as_u64().unwrap_or_default())
    }

    /// Everything that maps or is kept ready to, for each source.
    pub fn in_use(&self) -> Vec<MappingInUse> {
        let state = self.state.load_full();
        let mut in_use: Vec<_> = state.current.in_use("current").collect();
        if let Some(before) = &state.before {
            in_use.extend(before.generation.in_use("before"));
            in_use.extend(before.sampler.iter().flat_map(|sampler| sampler.beside().in_use("compared")));
        }
        if let Some(trial) = self.trial.load().as_ref() {
            in_use.extend(trial.candidate.in_use("trial"));
            in_use.extend(trial.twin().into_iter().flat_map(|twin| twin.in_use("compared")));
        }
        in_use
    }

    /// How often the mapping was replaced, a candidate refused, or a mapping taken back, with a word for each.
    pub fn changes(&self) -> [(&'static str, u64); 3] {
        let counts = [("replaced", &self.replaced), ("refused", &self.refused), ("rolled_back", &self.rolled_back)];
        counts.map(|(change, count)| (change, count.load(Ordering::Relaxed)))
    }

    /// Whether somebody wants the mapping kept.
    pub fn is_pinned(&self) -> bool {
        self.control().decisions.is_pinned
    }

    /// What happened to the mapping, oldest first.
    pub fn history(&self) -> Vec<Event> {
        self.control().journal.events()
    }
}
