//! What somebody asks a process of a cluster: each question is for the partition that has the source.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::task::spawn_blocking;

use super::{
    cluster_config::ClusterConfig,
    partition::{PartitionPlace, SharedSource},
};
use crate::pipeline::{
    AskedSource, Audit, Backfill, Backfilled, Cancelled, QuestionError, Questions, ReplayError, Replayed, Replays,
    Statement, TraceAnswer, TraceQuery, choose_source, dead_letter::Overview,
};

/// Why raw records are not mapped again.
pub(crate) const NO_REMAP: &str = "raw records are kept in `[archive]`, which does not go with `[cluster]`\nhint: `exotrace backfill` asks the service";

/// What somebody asks a process of a cluster.
pub(crate) struct HeldQuestions {
    config: ClusterConfig,
    /// What the group calls this process.
    name: String,
    /// All sources of the settings, and where each belongs.
    sources: Vec<(AskedSource, SharedSource)>,
    held: Mutex<BTreeMap<i32, HeldPartition>>,
    /// The partitions that this process has, also those without sources.
    partitions: Mutex<Vec<i32>>,
}

/// A partition that this process has, or had.
#[derive(Clone)]
struct HeldPartition {
    place: PartitionPlace,
    questions: Questions,
    replays: Replays,
}

impl HeldQuestions {
    /// For these sources, of which nobody has any so far.
    pub(crate) fn new(config: ClusterConfig, name: String, sources: Vec<(AskedSource, SharedSource)>) -> Self {
        Self { config, name, sources, held: Mutex::default(), partitions: Mutex::default() }
    }

    /// The process has these partitions from now on.
    pub(crate) fn hold(&self, partitions: Vec<i32>) {
        *self.partitions.lock().unwrap_or_else(PoisonError::into_inner) = partitions;
    }

    /// The partitions that the process has.
    pub(crate) fn partitions(&self) -> Vec<i32> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A partition is begun, and hears what is asked here until it ends.
    pub(crate) fn begin(&self, place: PartitionPlace, questions: Questions, replays: Replays) {
        self.lock().insert(place.partition, HeldPartition { place, questions, replays });
    }

    /// Has mail searched for.
    ///
    /// # Errors
    ///
    /// As [`Questions::trace`], and when another process has the source.
    pub(crate) async fn trace(&self, query: TraceQuery) -> Result<TraceAnswer, QuestionError> {
        let (source, held) = self.chosen(query.source.as_deref()).await?;
        held.questions.trace(TraceQuery { source: Some(source), ..query }).await
    }

    /// Has a range delivered again.
    ///
    /// # Errors
    ///
    /// As [`Questions::backfill`], and when another process has the source.
    pub(crate) async fn backfill(&self, wanted: Backfill) -> Result<Backfilled, QuestionError> {
        let (source, held) = self.chosen(wanted.source.as_deref()).await?;
        held.questions.backfill(Backfill { source: Some(source), ..wanted }).await
    }

    /// Has a range compared with what was delivered.
    ///
    /// # Errors
    ///
    /// As [`Questions::audit`], and when another process has the source.
    pub(crate) async fn audit(&self, wanted: Audit) -> Result<Statement, QuestionError> {
        let (source, held) = self.chosen(wanted.source.as_deref()).await?;
        held.questions.audit(Audit { source: Some(source), ..wanted }).await
    }

    /// Ends the backfills of all partitions that this process has.
    ///
    /// # Errors
    ///
    /// As [`Questions::cancel_backfill`].
    pub(crate) async fn cancel_backfill(&self) -> Result<Cancelled, QuestionError> {
        let mut all = Cancelled { was_there: false, goes_on: None };
        let mut failed = None;
        for held in self.open() {
            match held.questions.cancel_backfill().await {
                Ok(Cancelled { was_there, goes_on }) => {
                    all = Cancelled { was_there: all.was_there || was_there, goes_on: all.goes_on.or(goes_on) };
                }
                // Those of the others are ended all the same.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(all), Err)
    }

    /// Has the dead letters of a file fed through again, by the partition that has their source.
    ///
    /// # Errors
    ///
    /// As [`Replays::replay`], and when another process has the source.
    pub(crate) async fn replay(&self, file: PathBuf) -> Result<Replayed, ReplayError> {
        let unread = |source| ReplayError::Read { path: file.clone(), source };
        let read = file.clone();
        let overview = spawn_blocking(move || Overview::read(&read, u64::MAX)).await;
        let overview = overview.map_err(|error| unread(error.into()))?.map_err(|error| unread(error.into()))?;
        let Some(overview) = overview else { return Err(unread("there is no such file".into())) };
        let not_here = |reason: String| ReplayError::NotHere { path: file.clone(), reason };
        let names = |source: &SharedSource, name: &String| [&source.label, &source.ledger_name].contains(&name);
        let of = |name| self.sources.iter().map(|(_, source)| source).find(|source| names(source, name));
        let sources: Vec<_> = overview.sources.iter().filter_map(of).collect();
        let Some(source) = sources.first() else {
            return Err(not_here("it has no dead letter of a source of the settings".to_owned()));
        };
        let held = self.open().into_iter().find(|held| held.place.has(source));
        if held.as_ref().is_some_and(|held| !sources.iter().all(|source| held.place.has(source))) {
            let hint = "write those of each `source` to a file of its own";
            return Err(not_here(format!("it has dead letters of several partitions\nhint: {hint}")));
        }
        match held {
            Some(held) => held.replays.replay(file).await,
            None => match self.elsewhere(source).await {
                error if error.is_of_question() => Err(not_here(error.to_string())),
                error => Err(ReplayError::NotNow { path: file, reason: error.to_string() }),
            },
        }
    }

    /// Whether letters are being fed through.
    pub(crate) fn is_replaying(&self) -> bool {
        self.lock().values().any(|held| held.replays.is_busy())
    }

    /// The source of that name, or the only one that can be asked, and the partition that has it.
    async fn chosen(&self, name: Option<&str>) -> Result<(String, HeldPartition), QuestionError> {
        let asked: Vec<_> = self.sources.iter().map(|(asked, _)| asked.clone()).collect();
        let label = choose_source(&asked, name)?.0.name.clone();
        let found = self.sources.iter().find(|(_, source)| source.label == label);
        let (_, source) = found.expect("it is one of them");
        Ok((label, self.held(source).await?))
    }

    async fn held(&self, source: &SharedSource) -> Result<HeldPartition, QuestionError> {
        match self.open().into_iter().find(|held| held.place.has(source)) {
            Some(held) => Ok(held),
            None => Err(self.elsewhere(source).await),
        }
    }

    /// The partitions that hear what is asked.
    fn open(&self) -> Vec<HeldPartition> {
        let mut held = self.lock();
        held.retain(|_, held| held.questions.is_heard());
        held.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, HeldPartition>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says which process has a source.
    #[cfg(feature = "kafka")]
    async fn elsewhere(&self, source: &SharedSource) -> QuestionError {
        use super::overview::overview;

        let (config, sources, label) = (self.config.clone(), vec![source.clone()], &source.label);
        let found = match spawn_blocking(move || overview(&config, &sources)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                let reason = crate::support::error_text::chain(&error);
                return QuestionError::Failed(format!("this process does not collect source `{label}`: {reason}"));
            }
            Err(error) => return QuestionError::Failed(error.to_string()),
        };
        let owner = found.sources.first().and_then(|source| source.process.as_ref());
        let owner = owner.and_then(|name| found.processes.iter().find(|process| process.name == *name));
        match owner {
            Some(owner) if owner.name == self.name => {
                QuestionError::Failed(format!("this process is taking source `{label}` over\nhint: ask again soon"))
            }
            Some(owner) => QuestionError::Unanswerable(format!(
                "source `{label}` is collected by process `{}` at `{}`\nhint: run the command there",
                owner.name, owner.host
            )),
            None => QuestionError::Failed(format!(
                "no process collects source `{label}` now\nhint: `exotrace cluster status` shows who collects what"
            )),
        }
    }

    #[cfg(not(feature = "kafka"))]
    async fn elsewhere(&self, _: &SharedSource) -> QuestionError {
        let Self { config, name, .. } = self;
        QuestionError::Failed(format!("`{name}` is not a process of group `{}`", config.group))
    }
}
