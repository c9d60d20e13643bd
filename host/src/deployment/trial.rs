//! A candidate beside the current mapping: in the shadow, or with a share of the deliveries.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Live, MapperError,
    candidate::Candidate,
    generation::Generation,
    rules::Work,
    sampler::{Other, Sampler, Subject},
};
use crate::observe::metrics::Role;

/// What a candidate may do beside the current mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialMode {
    /// It maps a share of the records as well; nothing of it is delivered.
    Shadow,
    /// It maps a share of the deliveries in place of the current mapping.
    Canary,
}

/// A candidate on trial.
pub(super) struct Trial {
    pub(super) candidate: Arc<Generation>,
    pub(super) mode: TrialMode,
    pub(super) percent: u8,
    pub(super) sampler: Sampler,
}

/// What is known about a trial.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrialStatus {
    /// The version of the candidate.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// What it does.
    pub mode: TrialMode,
    /// Its share.
    pub percent: u8,
    /// What it has done.
    pub work: Work,
    /// Samples that were not compared because mail came faster.
    pub passed_over: u64,
    /// How its documents differ, without the values.
    pub differences: serde_json::Value,
}

impl Trial {
    pub(super) fn begin(
        live: &Arc<Live>,
        candidate: Candidate,
        mode: TrialMode,
        percent: u8,
    ) -> Result<Arc<Self>, MapperError> {
        let candidate = Arc::new(candidate.generation);
        let (sampler, waiting) = match mode {
            TrialMode::Shadow => Sampler::new(Arc::clone(&candidate), Other::After, percent),
            TrialMode::Canary => {
                candidate.serve(Role::Canary);
                // All that it delivers.
                Sampler::new(live.current().twin()?, Other::Before, 100)
            }
        };
        let trial = Arc::new(Self { candidate, mode, percent, sampler });
        trial.sampler.start(waiting, live, Subject::Trial(Arc::downgrade(&trial)));
        Ok(trial)
    }

    /// What maps beside it only to be compared with it.
    pub(super) fn twin(&self) -> Option<&Generation> {
        match self.mode {
            TrialMode::Shadow => None,
            TrialMode::Canary => Some(self.sampler.beside()),
        }
    }

    pub(super) fn status(&self) -> TrialStatus {
        TrialStatus {
            mapping: self.candidate.mapping(),
            digest: self.candidate.digest(),
            mode: self.mode,
            percent: self.percent,
            work: self.candidate.work(),
            passed_over: self.sampler.passed_over(),
            differences: self.sampler.differences(),
        }
    }
}
