//! What the questions are about.

use crate::outputs::elasticsearch::flavor::Flavor;

/// The name of no pipeline.
pub(super) const NO_PIPELINE: &str = "_none";

/// What the questions are about.
pub(super) struct ExamineTarget<'a> {
    pub(super) flavor: Flavor,
    pub(super) data_stream: &'a str,
    /// How hints name the settings file.
    pub(super) settings: &'a str,
}
