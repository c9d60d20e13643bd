//! A candidate beside the current mapping: in the shadow, or with a share of the deliveries.

use std::sync::{Arc, mpsc::SyncSender};

use serde::{Deserialize, Serialize};

use super::{
    candidate::Candidate,
    generation::Generation,
    sample_verdict::SampleVerdict,
    sampler::{Role, Sampler},
};
use crate::{
    mapper::{MapperError, MappingStats},
    observe::metrics::MappingRole,
};

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
    #[serde(rename = "work")]
    pub stats: MappingStats,
    /// Samples that were not compared because mail came faster.
    pub passed_over: u64,
    /// How its documents differ, without the values.
    pub differences: serde_json::Value,
}

impl Trial {
    /// Starts the comparison of a candidate with what maps now.
    pub(super) fn start(
        candidate: Candidate,
        (mode, percent): (TrialMode, u8),
        current: &Generation,
        verdicts: SyncSender<SampleVerdict>,
    ) -> Result<Self, MapperError> {
        let candidate = Arc::new(candidate.generation);
        let sampler = match mode {
            TrialMode::Shadow => Sampler::start(Arc::clone(&candidate), Role::Candidate, percent, verdicts),
            TrialMode::Canary => {
                candidate.serve(MappingRole::Canary);
                // All that it delivers.
                Sampler::start(current.replica()?, Role::Baseline, 100, verdicts)
            }
        };
        Ok(Self { candidate, mode, percent, sampler })
    }

    /// What maps beside it only to be compared with it.
    pub(super) fn reference(&self) -> Option<&Generation> {
        match self.mode {
            TrialMode::Shadow => None,
            TrialMode::Canary => Some(self.sampler.reference()),
        }
    }

    pub(super) fn status(&self) -> TrialStatus {
        TrialStatus {
            mapping: self.candidate.mapping(),
            digest: self.candidate.digest(),
            mode: self.mode,
            percent: self.percent,
            stats: self.candidate.stats(),
            passed_over: self.sampler.passed_over(),
            differences: self.sampler.differences(),
        }
    }
}
