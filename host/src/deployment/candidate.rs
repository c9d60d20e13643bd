//! A mapping that has proved itself: only such a one can take the place of the current one.

use super::generation::Generation;

/// A mapping that has proved itself. Can only be made by [`Deployment::prepare`](super::Deployment::prepare), so nothing else can be put in place.
pub struct Candidate {
    pub(super) generation: Generation,
    /// What it was checked with.
    pub(super) report: ProbeReport,
    /// How the schema of documents changes, if it does.
    pub(super) schema_change: Option<String>,
}

/// What a candidate was checked with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProbeReport {
    /// Its own check records.
    pub checks: usize,
    /// Records that were collected shortly before.
    pub recent: u64,
    /// How many of those came out differently than by the current mapping.
    pub different: u64,
    /// How many of those got another `_id`.
    pub different_ids: u64,
}

impl ProbeReport {
    /// The part of the recent records that came out differently, 0 to 1.
    pub(super) fn rate(&self) -> f64 {
        if self.recent == 0 { 0.0 } else { self.different as f64 / self.recent as f64 }
    }
}

impl Candidate {
    /// The version of the mapping.
    pub fn mapping(&self) -> String {
        self.generation.mapping()
    }

    /// The SHA-256 of its component, in hexadecimal digits.
    pub fn digest(&self) -> String {
        self.generation.digest()
    }

    /// What it was checked with.
    pub fn report(&self) -> ProbeReport {
        self.report
    }
}
