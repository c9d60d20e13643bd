//! What is known about the mapping in use.

use std::{sync::atomic::Ordering, time::Instant};

use serde::{Deserialize, Serialize};

use super::{
    Deployment, history::Event, mapping_in_use::MappingInUse, refused_mapping::RefusedMapping, rollout::Rollout,
    trial::TrialStatus,
};
use crate::mapper::MappingStats;

/// What is known about the mapping in use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// Its version.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Whether somebody wants it kept.
    pub is_pinned: bool,
    /// Whether it was chosen in place of the one that the settings name.
    #[serde(rename = "is_chosen")]
    pub is_overridden: bool,
    /// What it has done.
    #[serde(rename = "work")]
    pub stats: MappingStats,
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

impl Deployment {
    /// What is known about the mapping in use.
    pub fn status(&self) -> DeploymentStatus {
        let rollout = &self.rollout;
        let (is_pinned, is_overridden, last_refused) = {
            let log = rollout.log();
            (log.decisions.is_pinned, log.decisions.mapping_override().is_some(), log.refused.clone())
        };
        let active = rollout.active.load_full();
        let probation = active.fallback.as_ref().map(|fallback| Probation {
            mapping: fallback.generation.mapping(),
            digest: fallback.generation.digest(),
            seconds_left: fallback.until.saturating_duration_since(Instant::now()).as_secs(),
        });
        DeploymentStatus {
            mapping: active.current.mapping(),
            digest: active.current.digest(),
            is_pinned,
            is_overridden,
            stats: active.current.stats(),
            probation,
            trial: rollout.trial.load().as_ref().map(|trial| trial.status()),
            replaced: rollout.replaced.load(Ordering::Relaxed),
            refused: rollout.refused.load(Ordering::Relaxed),
            rolled_back: rollout.rolled_back.load(Ordering::Relaxed),
            last_refused,
        }
    }

    /// How many records of the trial got another `_id` than by the current mapping.
    pub fn new_ids_on_trial(&self) -> u64 {
        let trial = self.rollout.trial.load_full();
        trial.map_or(0, |trial| trial.status().differences["different_ids"].as_u64().unwrap_or_default())
    }

    /// How the schema of documents would change with the candidate on trial, if it would.
    pub fn new_schema_on_trial(&self) -> Option<String> {
        let trial = self.rollout.trial.load_full()?;
        self.rollout.current().schema_change(&trial.candidate)
    }

    /// Everything that maps or is kept ready to, for each source.
    pub fn in_use(&self) -> Vec<MappingInUse> {
        let active = self.rollout.active.load_full();
        let mut in_use: Vec<_> = active.current.in_use("current").collect();
        if let Some(fallback) = &active.fallback {
            in_use.extend(fallback.generation.in_use("before"));
            in_use.extend(fallback.sampler.iter().flat_map(|sampler| sampler.reference().in_use("compared")));
        }
        if let Some(trial) = self.rollout.trial.load().as_ref() {
            in_use.extend(trial.candidate.in_use("trial"));
            in_use.extend(trial.reference().into_iter().flat_map(|reference| reference.in_use("compared")));
        }
        in_use
    }

    /// How often the mapping was replaced, a candidate refused, or a mapping taken back, with a word for each.
    pub fn changes(&self) -> [(&'static str, u64); 3] {
        let Rollout { replaced, refused, rolled_back, .. } = &*self.rollout;
        let counts = [("replaced", replaced), ("refused", refused), ("rolled_back", rolled_back)];
        counts.map(|(change, count)| (change, count.load(Ordering::Relaxed)))
    }

    /// Whether somebody wants the mapping kept.
    pub fn is_pinned(&self) -> bool {
        self.rollout.log().decisions.is_pinned
    }

    /// What happened to the mapping, oldest first.
    pub fn history(&self) -> Vec<Event> {
        self.rollout.log().history.events()
    }
}
