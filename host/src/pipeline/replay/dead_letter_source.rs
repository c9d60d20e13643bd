//! Dead letters as a source: those together that have one origin, each file once.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::Utc;
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use super::dead_letter_reader::DeadLetterReader;
use crate::{
    ledger::{Ledger, LedgerError, Mark, Replay},
    mapper::{FilePosition, Origin},
    pipeline::{
        dead_letter::DeadLetter,
        error::RunError,
        record_batch::{Checkpoint, RecordBatch},
        source::Source,
        source_error::{Remedy, SourceError},
        source_identity::SourceIdentity,
        source_run::SourceRun,
    },
    support::{
        lines::{is_blank, on_one_line},
        record_key::RecordKey,
    },
};

/// What a source of letters is called where it has to be called something.
pub(super) const LABEL: &str = "dead letters";

/// Why a letter cannot be replayed whose key is gone.
const SEALED: &str = "the record is sealed, and `mapping.privacy` does not have the key";

/// A file of letters, as the loop reads it.
pub(super) struct DeadLetterSource {
    /// Elsewhere while something asks the disk.
    letters: Option<DeadLetterReader>,
    file: [u8; 32],
    /// The sources that letters may come from; there is at least one.
    sources: Vec<Arc<SourceIdentity>>,
    /// The names of the outputs that they may be for.
    outputs: Vec<String>,
}

#[async_trait]
impl Source for DeadLetterSource {
    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    /// Passes over what a replay has done that broke off.
    async fn begin(&mut self, context: &SourceRun) -> Result<(), RunError> {
        let file = self.file;
        match context.ledger(move |ledger, _| ledger.replayed_until(&file)).await? {
            Some(done) => self.ask(move |letters| letters.go_on_at(done)).await,
            None => Ok(()),
        }
    }

    async fn next(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        let (letters, offset) = self.ask(DeadLetterReader::next_batch).await?;
        Ok(self.batch(letters, offset))
    }

    fn report_health(&self, _: &SourceRun) {}
}

impl DeadLetterSource {
    pub(super) fn new(letters: DeadLetterReader, sources: Vec<Arc<SourceIdentity>>, outputs: Vec<String>) -> Self {
        Self { file: letters.identity, letters: Some(letters), sources, outputs }
    }

    /// All is delivered: the file is deleted if it is to go then. Gives what was read, and where lines are that are no
    /// letters.
    pub(super) async fn end(
        mut self,
        context: &SourceRun,
    ) -> Result<(Option<DeadLetterReader>, Option<PathBuf>), RunError> {
        let kept = self.ask(DeadLetterReader::end).await?;
        let file = self.file;
        context.ledger(move |ledger, _| ledger.end_replay(&file)).await?;
        Ok((self.letters, kept))
    }

    /// Lets the file of letters be worked on, where waiting for a disk does no harm.
    async fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut DeadLetterReader) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, RunError> {
        // It is there unless this was given up in the middle, with which the replay ends.
        let Some(mut letters) = self.letters.take() else { return Err(RunError::Abandoned { name: LABEL.to_owned() }) };
        let (letters, done) = spawn_blocking(move || {
            let done = work(&mut letters);
            (letters, done)
        })
        .await?;
        self.letters = Some(letters);
        done.map_err(|error| RunError::Source { name: LABEL.to_owned(), source: SourceError::new(error, Remedy::None) })
    }

    /// Letters that go together; none at the end of the file.
    fn batch(&self, letters: Vec<DeadLetter>, offset: u64) -> Option<RecordBatch> {
        let first = letters.first()?;
        let records: Vec<_> = letters.iter().map(|letter| on_one_line(&letter.record)).collect();
        let source = self.source_of(first);
        let problem = match (&source, &first.output) {
            _ if first.sealed.is_some() => Some(SEALED),
            (None, _) => Some("its source is no longer in the settings"),
            (_, Some(output)) if !self.outputs.contains(output) => Some("its output is no longer in the settings"),
            _ if records.iter().any(|record| is_blank(record)) => Some("the record is empty"),
            _ => None,
        };
        let replay = Replay { file: self.file, offset };
        let Some(source) = source.filter(|_| problem.is_none()) else {
            return self.refused(letters, problem, replay);
        };
        let keys: Vec<_> = letters.iter().map(key).collect();
        let (path, offset) = (first.path.clone(), first.offset.unwrap_or_default());
        Some(RecordBatch {
            source,
            records: records.join("\n"),
            origin: Origin { read_at: first.read_at, file: path.map(|path| FilePosition { path, offset }) },
            output: first.output.clone(),
            dead_letters: Vec::new(),
            position: None,
            checkpoint: Arc::new(ReplayCheckpoint { replay, keys: keys.clone() }),
            keys: keys.into(),
        })
    }

    /// The source that a letter came from; letters of versions before have what the ledger knows it by.
    fn source_of(&self, letter: &DeadLetter) -> Option<Arc<SourceIdentity>> {
        let by_label = self.sources.iter().find(|source| source.label == letter.source);
        by_label.or_else(|| self.sources.iter().find(|source| source.name == letter.source)).cloned()
    }

    /// Letters that go to the dead letter again, unmapped.
    fn refused(&self, letters: Vec<DeadLetter>, problem: Option<&str>, replay: Replay) -> Option<RecordBatch> {
        let mut again = Vec::new();
        for letter in letters {
            let reason = problem.map_or_else(|| letter.reason.clone(), str::to_owned);
            again.push(DeadLetter { time: Utc::now(), reason, ..letter });
        }
        Some(RecordBatch {
            source: Arc::clone(self.sources.first()?),
            records: String::new(),
            keys: Vec::new().into(),
            origin: Origin::default(),
            output: None,
            dead_letters: again,
            position: None,
            checkpoint: Arc::new(ReplayCheckpoint { replay, keys: Vec::new() }),
        })
    }
}

/// How far a file of letters is done with a batch.
struct ReplayCheckpoint {
    replay: Replay,
    keys: Vec<RecordKey>,
}

impl Checkpoint for ReplayCheckpoint {
    fn note(&self, ledger: &mut Ledger, _: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_replayed(self.replay, &self.keys, marks)
    }
}

/// What a letter is known by while some outputs have its document and others lack it.
fn key(letter: &DeadLetter) -> RecordKey {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?} {:?} {:?} ", letter.time, letter.source, letter.path, letter.offset));
    hash.update(&letter.record);
    let digest: [u8; 32] = hash.finalize().into();
    let mut key = RecordKey::default();
    key.identity.copy_from_slice(&digest[..16]);
    key.content.copy_from_slice(&digest[16..24]);
    key
}
