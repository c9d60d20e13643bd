//! The output that an audit asks which documents it has.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;

use super::question_error::QuestionError;
use crate::{
    ledger::Window,
    pipeline::{
        error::RunError,
        inventory::{Inventory, StoredPage},
        output_error::OutputError,
        run_context::RunContext,
    },
    support::retry::{Attempt, RetryError, retry},
};

/// The output that an audit asks.
pub(super) struct ComparedOutput {
    run: RunContext,
    index: usize,
    pub(super) name: String,
}

/// What it is asked.
enum Query<'q> {
    Find(&'q [&'q str]),
    List(Window, Option<&'q str>),
}

/// What it answers.
enum StoreAnswer {
    Found(HashSet<String>),
    Listed(StoredPage),
}

impl ComparedOutput {
    /// The output of that name, if it can be asked.
    pub(super) async fn named(run: &RunContext, name: &str) -> Result<Self, QuestionError> {
        let names: Vec<_> = run.targets.iter().map(|target| format!("`{}`", target.name)).collect();
        let Some(index) = run.targets.iter().position(|target| target.name == name) else {
            let text = format!("no output is called `{name}`\nhint: there are {}", names.join(", "));
            return Err(QuestionError::Unanswerable(text));
        };
        if run.targets[index].output.lock().await.inventory().is_none() {
            let text = format!(
                "output `{name}` cannot be asked which documents it has\nhint: outputs of type `elasticsearch` can; \
                 without `--against` the ledger is compared"
            );
            return Err(QuestionError::Unanswerable(text));
        }
        Ok(Self { run: run.clone(), index, name: name.to_owned() })
    }

    /// Those of the ids that it has.
    pub(super) async fn find(&self, namespace: Option<&str>, ids: &[&str]) -> Result<HashSet<String>, RunError> {
        match self.ask(namespace, Query::Find(ids)).await? {
            StoreAnswer::Found(found) => Ok(found),
            StoreAnswer::Listed(_) => Ok(HashSet::new()),
        }
    }

    /// The next documents of a time.
    pub(super) async fn list(
        &self,
        namespace: Option<&str>,
        window: Window,
        cursor: Option<&str>,
    ) -> Result<StoredPage, RunError> {
        match self.ask(namespace, Query::List(window, cursor)).await? {
            StoreAnswer::Listed(page) => Ok(page),
            StoreAnswer::Found(_) => Ok(StoredPage::default()),
        }
    }

    async fn ask(&self, namespace: Option<&str>, query: Query<'_>) -> Result<StoreAnswer, RunError> {
        match retry(&mut Asking { compared: self, namespace, query }).await {
            Ok(answered) => Ok(answered.output),
            Err(RetryError::Final(source) | RetryError::Stopped(source)) => {
                Err(RunError::Output { name: self.name.clone(), source })
            }
        }
    }
}

/// An output that is asked something.
struct Asking<'a> {
    compared: &'a ComparedOutput,
    namespace: Option<&'a str>,
    query: Query<'a>,
}

#[async_trait]
impl Attempt for Asking<'_> {
    type Output = StoreAnswer;
    type Error = OutputError;

    async fn attempt(&mut self) -> Result<StoreAnswer, OutputError> {
        // Between two batches of who delivers.
        let mut output = self.compared.run.targets[self.compared.index].output.lock().await;
        let inventory: Option<&mut dyn Inventory> = output.inventory();
        match (inventory, &self.query) {
            (None, _) => Ok(StoreAnswer::Found(HashSet::new())),
            (Some(inventory), Query::Find(ids)) => Ok(StoreAnswer::Found(inventory.find(self.namespace, ids).await?)),
            (Some(inventory), Query::List(window, cursor)) => {
                Ok(StoreAnswer::Listed(inventory.list(self.namespace, *window, *cursor).await?))
            }
        }
    }

    fn delay(&self, error: &OutputError, attempt: u32) -> Option<Duration> {
        let backoff = self.compared.run.backoff;
        if error.is_transient() { backoff.delay(attempt, error.retry_after(), rand::random()) } else { None }
    }

    async fn failed(&mut self, _: &OutputError, _: u32, _: Option<Duration>) {}
}
