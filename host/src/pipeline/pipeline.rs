//! What a run is made of.

use std::{sync::Arc, time::Duration};

use super::{
    archive::Archive, dead_letter::DeadLetterFile, output::Output, pipeline_source::PipelineSource,
    questions::QuestionRequests, replay::ReplayRequests, tap::Taps,
};
use crate::{ledger::Ledger, observe::health::Health, support::retry::Backoff};

/// All that takes part in a run.
pub(crate) struct Pipeline {
    /// The sources, each with its mapper.
    pub sources: Vec<PipelineSource>,
    /// Every document goes to every one of them. Each with the name that the ledger knows it by.
    pub outputs: Vec<(String, Box<dyn Output>)>,
    /// Where records and documents go that cannot be delivered.
    pub dead_letter: DeadLetterFile,
    /// Where raw records are kept, if they are.
    pub archive: Option<Arc<Archive>>,
    /// What is done.
    pub ledger: Ledger,
    /// How to ask a source again that failed.
    pub backoff: Backoff,
    /// Who asks for dead letters to be fed through again.
    pub replays: ReplayRequests,
    /// Who asks about the past.
    pub questions: QuestionRequests,
    /// Who watches the documents that pass.
    pub taps: Taps,
    /// How long pages under way are waited for when the run is told to stop.
    pub grace: Duration,
    /// Who is told how it goes.
    pub health: Arc<Health>,
}
