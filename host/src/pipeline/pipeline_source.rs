//! A source that takes part in a run.

use std::sync::Arc;

use super::{source::Source, source_identity::SourceIdentity, source_settings::SourceSettings};

/// A source that takes part in a run.
pub(crate) struct PipelineSource {
    /// What it is called.
    pub identity: Arc<SourceIdentity>,
    /// Where its records come from.
    pub source: Box<dyn Source>,
    /// Its settings, for questions about the past.
    pub settings: Arc<dyn SourceSettings>,
}
