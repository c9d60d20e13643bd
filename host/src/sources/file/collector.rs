//! Collects from files: looks which have something new, reads them one after another, and notes how far each is read.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use chrono::Utc;
use exotrace_formats::{Batch, RefusedRecord};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use tracing::{debug, error, info, warn};

use super::{
    candidate::FileCandidate,
    error::{FileError, FileProblem},
    file_checkpoint::FileCheckpoint,
    file_notes::{FileNoteKind, FileNotes},
    file_source::{FileSource, Looking},
    open_candidate::{OpenCandidate, ReadOutcome},
    open_file::OpenFile,
};
use crate::{
    ledger::{FileState, Ledger, Trouble},
    mapper::{FilePosition, Origin},
    observe::metrics::{OfSource, metrics},
    pipeline::{
        Claims, Committed, RecordBatch, RecordKeys, Remedy, RunError, Source, SourceError, SourceIdentity, SourceRun,
        Summary,
        dead_letter::{DeadLetter, Stage},
    },
    sources::file::FileConfig,
    support::{error_text::chain, lines::lines, record_key::RecordKey, shown},
};

/// Files, as the loop reads them.
pub(super) struct FileCollector {
    identity: Arc<SourceIdentity>,
    counts: OfSource,
    config: FileConfig,
    claims: Claims,
    looking: Looking,
    /// What is known of the files; elsewhere while something looks at them.
    files: Option<FileSource>,
    /// The files of this poll that are still to be read; none between polls.
    candidates: Option<VecDeque<FileCandidate>>,
    open: Option<OpenCandidate>,
    /// Whether a file could not be read in this poll.
    failed: bool,
    /// What was said about a file, so that it is not said again.
    said: FileNotes,
    /// What the ledger knows of files in trouble.
    noted: Vec<Trouble>,
    /// What is counted and not yet taken.
    summary: Summary,
}

#[async_trait]
impl Source for FileCollector {
    fn interval(&self) -> Duration {
        self.config.interval
    }

    async fn begin(&mut self, context: &SourceRun) -> Result<(), RunError> {
        let read = |ledger: &mut Ledger, source: &str| Ok((ledger.files()?, ledger.file_troubles(source)?));
        let (known, noted) = context.ledger(read).await?;
        self.noted = noted;
        let looking = Looking { is_last_look: context.is_last_poll(), ..self.looking.clone() };
        self.files = Some(FileSource::new(&self.config, known, looking));
        Ok(())
    }

    async fn next(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        if self.candidates.is_none() {
            self.failed = false;
            let (candidates, errors) = self.ask_files(context, FileSource::look).await?;
            self.candidates = Some(candidates.into());
            for error in errors {
                self.failed(context, error).await;
            }
        }
        loop {
            if self.open.is_none() && !self.open_next(context).await? {
                self.end_poll(context).await?;
                return Ok(None);
            }
            if let Some(batch) = self.read(context).await? {
                return Ok(Some(batch));
            }
        }
    }

    async fn read_ahead(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        let Some(open) = self.open.take() else { return Ok(None) };
        match self.read_on(open, context).await? {
            (open, Ok(Some(read))) => Ok(Some(self.give(open, read))),
            (open, end) => {
                self.open = Some(OpenCandidate { end: Some(end), ..open });
                Ok(None)
            }
        }
    }

    fn committed(&mut self, committed: &Committed, context: &SourceRun) {
        let Some(OpenCandidate { file, under_way, id, .. }) = &mut self.open else { return };
        let Some((state, records)) = under_way.pop_front() else { return };
        let state = FileState { id: id.get().copied().unwrap_or(state.id), ..state };
        if let Some(files) = &mut self.files {
            files.noted(&state);
        }
        self.summary.rows += records;
        self.counts.delivered_until(committed.newest);
        context.started();
        debug!(file = state.path, offset = state.offset, records, "batch delivered");
        file.state = state;
    }

    fn report_health(&self, context: &SourceRun) {
        // As long as not all of them are looked at, nobody knows.
        if self.candidates.is_none() && !self.failed {
            context.working();
        }
    }

    fn take_summary(&mut self) -> Summary {
        std::mem::take(&mut self.summary)
    }
}

impl FileCollector {
    /// Gets files ready; nothing is read yet.
    pub(super) fn new(config: &FileConfig, identity: Arc<SourceIdentity>, claims: Claims, looking: Looking) -> Self {
        Self {
            counts: metrics().source(&identity.label),
            identity,
            config: config.clone(),
            claims,
            looking,
            files: None,
            candidates: None,
            open: None,
            failed: false,
            said: FileNotes::default(),
            noted: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Opens the next file that has something new; says whether there is one.
    async fn open_next(&mut self, context: &SourceRun) -> Result<bool, RunError> {
        while let Some(candidate) = self.candidates.as_mut().and_then(VecDeque::pop_front) {
            if !self.claims.claim(&candidate.path, &self.identity.name) {
                self.say_once(&candidate.path, "another source reads it", FileNoteKind::Notice);
                continue;
            }
            let looked_at = candidate.clone();
            match self.ask_files(context, move |files| files.open(&looked_at)).await? {
                Ok(Some(file)) => {
                    if file.is_anew {
                        let path = candidate.path.display();
                        info!(file = %path, "file has other contents than before; reading it from its beginning");
                    }
                    self.open = Some(OpenCandidate::new(candidate, file));
                    return Ok(true);
                }
                Ok(None) => {}
                Err(error) => self.failed(context, error).await,
            }
        }
        Ok(false)
    }

    /// Reads the next batch of the file that is open; none when it is done.
    async fn read(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        let Some(open) = self.open.take() else { return Ok(None) };
        match self.read_on(open, context).await? {
            (open, Ok(Some(read))) => return Ok(Some(self.give(open, read))),
            (OpenCandidate { candidate, file, .. }, Ok(None)) => self.finish(file, &candidate, context).await?,
            (_, Err(error)) => self.failed(context, error).await,
        }
        Ok(None)
    }

    /// Reads on in a file, unless reading ahead has met something there.
    async fn read_on(
        &mut self,
        mut open: OpenCandidate,
        context: &SourceRun,
    ) -> Result<(OpenCandidate, ReadOutcome), RunError> {
        if let Some(end) = open.end.take() {
            return Ok((open, end));
        }
        let OpenCandidate { candidate, file, under_way, id, .. } = open;
        let (mut file, read) = context.wait_for_disk(blocking(file, OpenFile::read)).await?;
        for notice in file.notices() {
            let path = candidate.path.display();
            let (line, problem) = (notice.line, notice.problem.explain());
            warn!(file = %path, line, %problem, "line damaged or incomplete");
            self.summary.unread += u64::from(notice.problem.is_loss());
        }
        Ok((OpenCandidate { candidate, file, under_way, id, end: None }, read))
    }

    /// Gives a batch to the loop.
    fn give(&mut self, mut open: OpenCandidate, (batch, state): (Batch, FileState)) -> RecordBatch {
        let state = FileState { id: open.file.state.id, ..state };
        let records = batch.count as u64;
        let before = open.under_way.back().map_or(&open.file.state, |(state, _)| state);
        let batch = self.batch(batch, before, state.clone(), Arc::clone(&open.id));
        open.under_way.push_back((state, records));
        self.open = Some(open);
        batch
    }

    /// A batch of a file; `before` is what was read of it until then.
    fn batch(&self, batch: Batch, before: &FileState, state: FileState, id: Arc<OnceLock<i64>>) -> RecordBatch {
        let Batch { records, count, refused, offset, .. } = batch;
        self.counts.records_read.inc_by((count + refused.len()) as u64);
        let dead_letters = refused.into_iter().map(|refused| self.dead_letter(refused, &state.path)).collect();
        let file = offset.map(|offset| FilePosition { path: state.path.clone(), offset });
        RecordBatch {
            source: Arc::clone(&self.identity),
            keys: keys(&records, before),
            records,
            origin: Origin { read_at: None, file },
            output: None,
            dead_letters,
            position: None,
            checkpoint: Arc::new(FileCheckpoint { state, records: count as u64, id }),
        }
    }

    /// What becomes of a record with a date that no message was received at.
    fn dead_letter(&self, RefusedRecord { record, line, date }: RefusedRecord, path: &str) -> DeadLetter {
        DeadLetter {
            time: Utc::now(),
            source: self.identity.label.clone(),
            stage: Stage::Source,
            output: None,
            mapping: String::new(),
            reason: format!("line {line} of `{}`: {date}\nhint: {}", shown::line(path), date.hint()),
            id: None,
            read_at: None,
            path: None,
            offset: None,
            record,
            sealed: None,
        }
    }

    /// Every file was looked at.
    async fn end_poll(&mut self, context: &SourceRun) -> Result<(), RunError> {
        self.note_troubles(context).await?;
        let present = self.files.as_ref().map(FileSource::present).unwrap_or_default();
        let failed = self.failed;
        let note = move |ledger: &mut Ledger, source: &str| {
            ledger.note_seen(&present)?;
            if failed { Ok(()) } else { ledger.forget_failure(source) }
        };
        context.ledger(note).await?;
        self.candidates = None;
        Ok(())
    }

    /// A file was read to its end.
    async fn finish(&mut self, file: OpenFile, candidate: &FileCandidate, context: &SourceRun) -> Result<(), RunError> {
        let (file, end) = context.wait_for_disk(blocking(file, OpenFile::end)).await?;
        let state = match end {
            Ok(state) => FileState { id: file.state.id, ..state },
            Err(error) => {
                self.failed(context, error).await;
                return Ok(());
            }
        };
        if state.offset > 0 && state != file.state {
            self.note(state, context).await?;
        }
        if file.is_waiting() {
            self.summary.unread += 1;
            let reason = if file.is_undecided() {
                "day and month of its dates cannot be told apart; it waits for a row that tells, or for `date_order`"
            } else {
                "is not whole; it waits for the rest"
            };
            self.say_once(&candidate.path, &format!("line {}: {reason}", file.line()), FileNoteKind::Waiting);
            return Ok(());
        }
        if let Some(files) = &mut self.files {
            files.finished(candidate, &file);
        }
        if let Some(error) = file.damage() {
            self.failed(context, error).await;
        } else if self.said.forget(&candidate.path) {
            info!(file = %candidate.path.display(), "file is read again");
        }
        Ok(())
    }

    /// Notes how a file looks that is read to its end.
    async fn note(&mut self, state: FileState, context: &SourceRun) -> Result<(), RunError> {
        let noted = state.clone();
        let id = context.ledger(move |ledger, source| ledger.commit_file(source, &noted, 0, &[])).await?;
        if let Some(files) = &mut self.files {
            files.noted(&FileState { id, ..state });
        }
        Ok(())
    }

    /// Lets what is known of the files do something that asks a disk.
    async fn ask_files<T: Send + 'static>(
        &mut self,
        context: &SourceRun,
        work: impl FnOnce(&mut FileSource) -> T + Send + 'static,
    ) -> Result<T, RunError> {
        // It is there unless this was given up in the middle, with which the run ends.
        let Some(files) = self.files.take() else {
            return Err(RunError::Abandoned { name: self.identity.label.clone() });
        };
        let (files, done) = context.wait_for_disk(blocking(files, work)).await?;
        self.files = Some(files);
        Ok(done)
    }

    /// A file could not be read: said once, and tried again with every poll. The others go on.
    async fn failed(&mut self, context: &SourceRun, error: FileError) {
        self.summary.unread += 1;
        self.counts.files_unread.inc();
        self.failed = true;
        let (path, text) = (error.path.clone(), chain(&error));
        let kind = match error.problem {
            FileProblem::Unfinished => FileNoteKind::Waiting,
            _ => FileNoteKind::Failed,
        };
        match kind {
            FileNoteKind::Failed => context.needs_attention(text.clone()),
            _ => context.retrying(text.clone()),
        }
        if self.said.remember(&path, &text, kind) {
            error!(source = self.identity.label, error = text, "could not read a file; trying again");
        }
        let source = SourceError::new(error, Remedy::Person);
        context.note_failure(&RunError::Source { name: self.identity.label.clone(), source }).await;
    }

    fn say_once(&mut self, path: &Path, what: &str, kind: FileNoteKind) {
        if self.said.remember(path, what, kind) {
            warn!(source = self.identity.label, file = %path.display(), reason = what, "file is not read to its end");
        }
    }

    /// Notes which files are in trouble, if that is news: for `exotrace status`.
    async fn note_troubles(&mut self, context: &SourceRun) -> Result<(), RunError> {
        let troubles = self.said.troubles();
        if troubles != self.noted {
            let noted = troubles.clone();
            context.ledger(move |ledger, source| ledger.note_file_troubles(source, &noted)).await?;
            self.noted = troubles;
        }
        Ok(())
    }
}

/// What the records of a batch are known by as long as some outputs have it and others lack it: where they were read.
fn keys(records: &str, before: &FileState) -> RecordKeys {
    let (place, offset) = (before.place, before.offset);
    RecordKeys::later(lines(records).count(), move |records| {
        let keys = lines(records).enumerate().map(|(index, line)| {
            let mut hash = Sha256::new();
            hash.update(format!("{place:?} {offset} {index} "));
            hash.update(line.text.strip_suffix('\n').unwrap_or(line.text));
            let digest: [u8; 32] = hash.finalize().into();
            RecordKey { identity: *digest.first_chunk().expect("half of the digest"), ..RecordKey::default() }
        });
        keys.collect()
    })
}

/// Lets something work where waiting for a disk does no harm.
async fn blocking<S: Send + 'static, T: Send + 'static>(
    mut state: S,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> Result<(S, T), RunError> {
    Ok(spawn_blocking(move || {
        let done = work(&mut state);
        (state, done)
    })
    .await?)
}
