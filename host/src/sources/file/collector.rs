//! Collects from files: looks which have something new, reads them one after another, and notes how far each is read.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tracing::{debug, error, info, warn};

use super::{
    Mode, RunError, Summary,
    delivery::{Batch as Rows, Delivery},
    error::chain,
    shared::Shared,
    shutdown::Shutdown,
};
use crate::{
    config::FileConfig,
    ledger::{Content, FileState, Key, Mark, Trouble},
    mapper::{FilePosition, Mapper, Origin},
    observe::{
        health::Part,
        metrics::{OfSource, metrics},
    },
    sources::file::{Candidate, FileError, FileProblem, FileSource, Looking, OpenFile, formats::Batch},
    support::lines::lines,
};

/// Files with their mapper.
pub struct FileCollector {
    /// What the ledger knows it by.
    pub(super) name: String,
    /// What metrics and health know it by.
    pub(super) label: String,
    counts: OfSource,
    interval: Duration,
    config: FileConfig,
    pub(super) mapper: Mapper,
    claims: Claims,
    looking: Looking,
    /// Whether a file could not be read in this poll.
    failed: bool,
    /// What was said about a file, so that it is not said again.
    said: HashMap<PathBuf, Said>,
    /// What the ledger knows of files in trouble.
    noted: Vec<Trouble>,
}

/// What was said about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    what: String,
    since: DateTime<Utc>,
    kind: Kind,
}

/// What it means for the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing is wrong with it.
    Notice,
    /// It waits for something that comes by itself.
    Waiting,
    /// A person has to mend it.
    Failed,
}

/// Which files are read by which source: one that several sources name is read by the first that finds it.
#[derive(Debug, Clone, Default)]
pub struct Claims(Arc<Mutex<HashMap<PathBuf, String>>>);

impl Claims {
    /// Whether this source is the one that reads the file.
    fn claim(&self, path: &Path, source: &str) -> bool {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.entry(path.to_owned()).or_insert_with(|| source.to_owned()) == source
    }
}

/// What the ledger knows a source of files by.
pub fn files_name(config: &FileConfig) -> String {
    format!("file {}", config.paths.join(", "))
}

/// Works until everything is read or told to stop; gives what was done in any case.
pub(super) async fn work(
    mut collector: FileCollector,
    shared: Shared,
    mut shutdown: Shutdown,
) -> (Summary, Result<(), RunError>) {
    let mut summary = Summary::default();
    let name = collector.name.clone();
    let read = shared.ledger(move |ledger| Ok((ledger.files()?, ledger.file_troubles(&name)?))).await;
    let known = match read {
        Ok((known, noted)) => {
            collector.noted = noted;
            known
        }
        Err(error) => return (summary, Err(error)),
    };
    let is_last_look = shared.mode == Mode::Once;
    let looking = Looking { is_last_look, ..collector.looking.clone() };
    let mut source = FileSource::new(&collector.config, known, looking);
    loop {
        let began = Instant::now();
        collector.failed = false;
        source = match collector.poll(source, &shared, &mut shutdown, &mut summary).await {
            Ok(Some(source)) if shared.mode == Mode::Daemon => source,
            Ok(_) | Err(RunError::Abandoned { .. }) => return (summary, Ok(())),
            Err(error) => return (summary, Err(error)),
        };
        if !collector.failed {
            shared.health.working(Part::Source, &collector.label);
        }
        if shutdown.or(sleep_until(began + collector.interval)).await.is_none() {
            return (summary, Ok(()));
        }
    }
}

impl FileCollector {
    /// Puts files and their mapper together; nothing is read yet.
    pub fn new(config: &FileConfig, mapper: Mapper, claims: Claims, looking: Looking) -> Self {
        let (name, interval) = (files_name(config), config.interval);
        let (label, counts) = (config.name.clone(), metrics().source(&config.name));
        Self {
            name,
            label,
            counts,
            interval,
            config: config.clone(),
            mapper,
            claims,
            looking,
            failed: false,
            said: HashMap::new(),
            noted: Vec::new(),
        }
    }

    /// Reads all files to their ends; gives nothing when told to stop before.
    async fn poll(
        &mut self,
        source: FileSource,
        shared: &Shared,
        shutdown: &mut Shutdown,
        summary: &mut Summary,
    ) -> Result<Option<FileSource>, RunError> {
        let (mut source, (candidates, errors)) = self.blocking(shared, source, FileSource::look).await?;
        for error in errors {
            self.failed(shared, summary, error).await;
        }
        for candidate in candidates {
            if !self.claims.claim(&candidate.path, &self.name) {
                self.say_once(&candidate.path, "another source reads it", Kind::Notice);
                continue;
            }
            let mut open = {
                let looked_at = candidate.clone();
                let opened;
                (source, opened) = self.blocking(shared, source, move |source| source.open(&looked_at)).await?;
                match opened {
                    Ok(Some(open)) => {
                        if open.is_anew {
                            let path = candidate.path.display();
                            info!(file = %path, "file has other contents than before; reading it from its beginning");
                        }
                        open
                    }
                    Ok(None) => continue,
                    Err(error) => {
                        self.failed(shared, summary, error).await;
                        continue;
                    }
                }
            };
            loop {
                // Between batches only, so nothing is half done.
                let Some(read) = shutdown.or(self.blocking(shared, open, OpenFile::read)).await else {
                    return Ok(None);
                };
                let batch;
                (open, batch) = read?;
                for notice in open.notices() {
                    let path = candidate.path.display();
                    let (line, problem) = (notice.line, notice.problem.explain());
                    warn!(file = %path, line, %problem, "line is out of order");
                    summary.unread += u64::from(notice.problem.is_loss());
                }
                match batch {
                    Ok(Some((batch, state))) => {
                        let mut state = FileState { id: open.state.id, ..state };
                        *summary += self.deliver(batch, &open.state, &mut state, shared).await?;
                        source.noted(&state);
                        open.state = state;
                    }
                    Ok(None) => {
                        (source, open) = self.finish(source, open, &candidate, shared, summary).await?;
                        drop(open);
                        break;
                    }
                    Err(error) => {
                        self.failed(shared, summary, error).await;
                        break;
                    }
                }
            }
        }
        self.note_troubles(shared).await?;
        let present = source.present();
        shared.ledger(move |ledger| ledger.note_seen(&present)).await?;
        Ok(Some(source))
    }

    /// Maps a batch, gives it to every output, and notes how far the file is read: last, so that a crash repeats and
    /// never skips. `before` is what was read of the file until then.
    async fn deliver(
        &self,
        batch: Batch,
        before: &FileState,
        state: &mut FileState,
        shared: &Shared,
    ) -> Result<Summary, RunError> {
        let Batch { records, count, offset, .. } = batch;
        self.counts.records_read.inc_by(count as u64);
        let file = offset.map(|offset| FilePosition { path: state.path.clone(), offset });
        let rows = keys(&records, before);
        let origin = Origin { read_at: None, file };
        let (source, kept_under) = (self.name.clone(), self.name.clone());
        let rows = Rows { source, label: self.label.clone(), records, rows, origin, only: None, kept_under };
        let delivery = shared.deliver(&self.mapper, rows).await?;
        let summary = Summary { rows: count as u64, ..delivery.summary };
        state.id = self.note(state.clone(), count as u64, delivery.marks.clone(), shared).await?;
        self.counts.delivered_until(delivery.newest);
        shared.health.started(Part::Source, &self.label);
        Delivery::noted(delivery);
        debug!(file = state.path, offset = state.offset, records = count, "batch delivered");
        Ok(summary)
    }

    async fn note(&self, state: FileState, records: u64, marks: Vec<Mark>, shared: &Shared) -> Result<i64, RunError> {
        let name = self.name.clone();
        shared.ledger(move |ledger| ledger.commit_file(&name, &state, records, &marks)).await
    }

    /// A file was read to its end.
    async fn finish(
        &mut self,
        mut source: FileSource,
        open: OpenFile,
        candidate: &Candidate,
        shared: &Shared,
        summary: &mut Summary,
    ) -> Result<(FileSource, OpenFile), RunError> {
        let (open, end) = self.blocking(shared, open, OpenFile::end).await?;
        match end {
            Ok(state) => {
                let mut state = FileState { id: open.state.id, ..state };
                if state.offset > 0 && state != open.state {
                    state.id = self.note(state.clone(), 0, Vec::new(), shared).await?;
                    source.noted(&state);
                }
                if open.is_waiting() {
                    summary.unread += 1;
                    let reason = if open.is_undecided() {
                        "day and month of its dates cannot be told apart; it waits for a row that tells, or for `date_order`"
                    } else {
                        "is not whole; it waits for the rest"
                    };
                    self.say_once(&candidate.path, &format!("line {}: {reason}", open.line()), Kind::Waiting);
                } else if let Some(error) = open.damage() {
                    source.finished(candidate, &open);
                    self.failed(shared, summary, error).await;
                } else {
                    source.finished(candidate, &open);
                    if self.said.remove(&candidate.path).is_some() {
                        info!(file = %candidate.path.display(), "file is read again");
                    }
                }
            }
            Err(error) => self.failed(shared, summary, error).await,
        }
        Ok((source, open))
    }

    /// Lets something work that asks a disk, where those who watch can see whether it answers.
    async fn blocking<S: Send + 'static, T: Send + 'static>(
        &self,
        shared: &Shared,
        state: S,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<(S, T), RunError> {
        shared.health.wait_for_disk(Part::Source, &self.label, blocking(state, work)).await
    }

    /// A file could not be read: said once, and tried again with every poll. The others go on.
    async fn failed(&mut self, shared: &Shared, summary: &mut Summary, error: FileError) {
        summary.unread += 1;
        self.counts.files_unread.inc();
        self.failed = true;
        let (path, text) = (error.path.clone(), chain(&error));
        let kind = match error.problem {
            FileProblem::Unfinished => Kind::Waiting,
            _ => Kind::Failed,
        };
        match kind {
            Kind::Failed => shared.health.needs_attention(Part::Source, &self.label, text.clone()),
            _ => shared.health.retrying(Part::Source, &self.label, text.clone()),
        }
        if self.remember(&path, &text, kind) {
            error!(source = self.label, error = text, "could not read a file; trying again");
        }
        shared.note_failure(&self.name, &RunError::File { name: self.label.clone(), source: error }).await;
    }

    fn say_once(&mut self, path: &Path, what: &str, kind: Kind) {
        if self.remember(path, what, kind) {
            warn!(source = self.label, file = %path.display(), reason = what, "file is not read to its end");
        }
    }

    /// Remembers what is said about a file; whether it is news.
    fn remember(&mut self, path: &Path, what: &str, kind: Kind) -> bool {
        if self.said.get(path).is_some_and(|said| said.what == what) {
            return false;
        }
        self.said.insert(path.to_owned(), Said { what: what.to_owned(), since: Utc::now(), kind });
        true
    }

    /// Notes which files are in trouble, if that is news: for `exotrace status`.
    async fn note_troubles(&mut self, shared: &Shared) -> Result<(), RunError> {
        let trouble = |(path, Said { what, since, kind }): (&PathBuf, &Said)| Trouble {
            item: path.display().to_string(),
            reason: what.clone(),
            since: *since,
            needs_person: *kind == Kind::Failed,
        };
        // One that is not there any more is in no trouble.
        let said = self.said.iter().filter(|(path, said)| said.kind != Kind::Notice && path.symlink_metadata().is_ok());
        let mut troubles: Vec<_> = said.map(trouble).collect();
        troubles.sort_by(|one, other| one.item.cmp(&other.item));
        if troubles != self.noted {
            let (name, noted) = (self.name.clone(), troubles.clone());
            shared.ledger(move |ledger| ledger.note_file_troubles(&name, &noted)).await?;
            self.noted = troubles;
        }
        Ok(())
    }
}

/// What the records of a batch are known by as long as some outputs have it and others lack it: where they were read.
fn keys(records: &str, before: &FileState) -> Vec<(Key, Content)> {
    let keys = lines(records).enumerate().map(|(index, line)| {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} {} {index} ", before.place, before.offset));
        hash.update(line.text.strip_suffix('\n').unwrap_or(line.text));
        let digest: [u8; 32] = hash.finalize().into();
        (*digest.first_chunk().expect("half of the digest"), Content::default())
    });
    keys.collect()
}

/// Lets something work where waiting for a disk does no harm.
pub(super) async fn blocking<S: Send + 'static, T: Send + 'static>(
    mut state: S,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> Result<(S, T), RunError> {
    Ok(spawn_blocking(move || {
        let done = work(&mut state);
        (state, done)
    })
    .await?)
}
