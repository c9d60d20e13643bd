//! What a source may use of a run.

use std::sync::Arc;

use super::{error::RunError, mode::Mode, precedence::Precedence, run_context::RunContext};
use crate::{
    ledger::{Ledger, LedgerError},
    observe::health::Part,
    support::clock::Clock,
};

/// What a source may use of a run: the ledger under its own name, the clock, and the ear of those who watch.
pub(crate) struct SourceRun {
    pub(super) run: RunContext,
    name: Arc<str>,
    label: Arc<str>,
}

impl SourceRun {
    /// For the source of that name in the ledger, and of that label for people.
    pub(crate) fn new(run: RunContext, name: &str, label: &str) -> Self {
        Self { run, name: name.into(), label: label.into() }
    }

    /// What people know the source by.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// What everything of a run tells the time by.
    pub(crate) fn clock(&self) -> &Clock {
        self.run.clock()
    }

    /// Who goes first.
    pub(crate) fn precedence(&self) -> &Precedence {
        self.run.precedence()
    }

    /// Whether the run ends with this poll.
    pub(crate) fn is_last_poll(&self) -> bool {
        self.run.mode == Mode::Once
    }

    /// Lets the ledger do some work under the name of the source, again when the disk is full.
    pub(crate) async fn ledger<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Ledger, &str) -> Result<T, LedgerError> + Send + Sync + 'static,
    ) -> Result<T, RunError> {
        let name = Arc::clone(&self.name);
        self.run.ledger(move |ledger| work(ledger, &name)).await
    }

    /// Notes for `exotrace status` that the source failed. Nothing depends on it, so nothing waits for it.
    pub(crate) async fn note_failure(&self, error: &RunError) {
        self.run.note_failure(&self.name, error).await;
    }

    /// Waits for what a disk is asked for, where those who watch can see whether it answers.
    pub(crate) async fn wait_for_disk<T>(&self, answer: impl Future<Output = T>) -> T {
        self.run.health.wait_for_disk(Part::Source, &self.label, answer).await
    }

    /// The source does its work; whether all of it succeeds is not known yet.
    pub(crate) fn started(&self) {
        self.run.health.started(Part::Source, &self.label);
    }

    /// The source did what it was asked for.
    pub(crate) fn working(&self) {
        self.run.health.working(Part::Source, &self.label);
    }

    /// The source failed; it is tried again.
    pub(crate) fn retrying(&self, reason: String) {
        self.run.health.retrying(Part::Source, &self.label, reason);
    }

    /// A person has to do something about the source.
    pub(crate) fn needs_attention(&self, reason: String) {
        self.run.health.needs_attention(Part::Source, &self.label, reason);
    }
}
