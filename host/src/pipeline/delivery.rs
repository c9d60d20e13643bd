//! One batch on its way to every output at once, each in its own time.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};
use tracing::{debug, error, info, warn};

use super::{
    Mode, RunError, Summary,
    error::chain,
    letters::{by_mapping, by_output},
    output::{Output, OutputError, RejectedDocument, Tail, WritePosition},
    shared::Shared,
};
use crate::{
    ledger::{Content, FileHash, Key, Mark, Trouble},
    mapper::{MappedBatch, Mapper, MapperError, Origin, Outcome},
    observe::{health::Part, metrics::OfOutput},
    support::retry::Backoff,
};

/// How long an output that has accepted a batch waits for the others before the ledger is told so: sooner would cost a
/// transaction a batch, and later more would come twice after a crash.
const LAG: Duration = Duration::from_secs(1);

/// How a daemon asks an output again when a person has to mend something first.
const SLOWLY: Backoff =
    Backoff { shortest: Duration::from_secs(30), longest: Duration::from_secs(10 * 60), attempts: u32::MAX };

/// Records that are mapped and delivered together.
pub(super) struct Batch {
    /// The source, as the ledger knows it.
    pub(super) source: String,
    /// The source, as people know it.
    pub(super) label: String,
    /// One a line.
    pub(super) records: String,
    /// What each is known by.
    pub(super) rows: Vec<(Key, Content)>,
    /// Where they were read.
    pub(super) origin: Origin,
    /// The one output that it is for; `None`: all.
    pub(super) only: Option<String>,
    /// What the ledger keeps rows under that some outputs have accepted: the source, but for dead letters.
    pub(super) kept_under: String,
}

/// An output, and what it is called.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) output: Arc<AsyncMutex<Box<dyn Output>>>,
    pub(super) counts: OfOutput,
    /// Whether the ledger knows it to be in trouble.
    pub(super) is_troubled: AtomicBool,
}

impl Target {
    /// It has accepted a part.
    fn count(&self, part: &Share, given: &Given) {
        let rejected = given.rejected.len() as u64;
        let documents = part.batch.outcomes.iter().filter(|outcome| outcome.has_document()).count() as u64;
        self.counts.documents_delivered.inc_by(documents.saturating_sub(rejected));
        self.counts.documents_duplicate.inc_by(given.duplicates);
        self.counts.documents_rejected.inc_by(rejected);
    }
}

/// A batch that every output has accepted. Once its marks are in the ledger, it has to hear of that.
pub(super) struct Delivery {
    pub(super) summary: Summary,
    /// When the newest of its records was received.
    pub(super) newest: Option<DateTime<Utc>>,
    /// How far files are written.
    pub(super) marks: Vec<Mark>,
    given: Vec<Given>,
}

impl Delivery {
    /// The marks are in the ledger.
    pub(super) fn noted(self) {
        self.given.into_iter().for_each(Given::noted);
    }
}

/// What one output gets: what of a batch it has not accepted before.
struct Share {
    batch: Arc<MappedBatch>,
    /// The places of its outcomes in the batch.
    places: Vec<usize>,
}

/// What one output has accepted.
struct Given {
    name: String,
    duplicates: u64,
    rejected: Vec<RejectedDocument>,
    places: Vec<usize>,
    position: Option<WritePosition>,
    /// Held until the position is in the ledger: what another source writes behind it must not get there first.
    output: Option<OwnedMutexGuard<Box<dyn Output>>>,
}

impl Given {
    fn mark(&self) -> Option<Mark> {
        let WritePosition { device, inode, length, began, tail: Tail { length: tail_length, hash } } = self.position?;
        let tail = FileHash { length: tail_length, hash };
        Some(Mark { output: self.name.clone(), device, inode, length, began, tail })
    }

    /// The places in the batch of the documents that it will never take.
    fn refused(&self) -> impl Iterator<Item = usize> + '_ {
        self.rejected.iter().filter_map(|it| self.places.get(it.outcome).copied())
    }

    fn noted(self) {
        if let Some(mut output) = self.output {
            output.noted();
        }
    }
}

impl Shared {
    /// Maps records and gives the documents to every output; when it returns, all have accepted. The caller notes that
    /// in the ledger, together with the marks.
    pub(super) async fn deliver(&self, mapper: &Mapper, batch: Batch) -> Result<Delivery, RunError> {
        let batch = Arc::new(batch);
        let (mapper, records) = (mapper.clone(), Arc::clone(&batch));
        let mapped = spawn_blocking(move || mapper.map_batch(&records.records, &records.origin)).await??;
        if mapped.outcomes.len() != batch.rows.len() {
            // The ledger would note rows of which nothing was delivered.
            let problem = format!("{} outcomes for {} records", mapped.outcomes.len(), batch.rows.len());
            return Err(MapperError::Contract(problem).into());
        }
        debug!(source = batch.label, records = batch.rows.len(), mapping = mapped.versions(), "batch mapped");
        let (mut summary, mut refused) = (Summary::default(), HashSet::new());
        let mapped = Arc::new(mapped);
        let mut waiting = Vec::new();
        let given = self.give_to_all(&batch, &mapped, (&mut summary, &mut refused), &mut waiting).await;
        if let Err(error) = given {
            self.note_accepted(&batch, &mapped, waiting).await?;
            return Err(error);
        }
        self.bury(by_mapping(&batch, &mapped, Utc::now())).await?;
        summary.count(&mapped, &refused);
        let newest = mapped.outcomes.iter().filter_map(Outcome::timestamp).max();
        Ok(Delivery { summary, newest, marks: waiting.iter().filter_map(Given::mark).collect(), given: waiting })
    }

    /// Gives a batch to every output. `waiting` has those in the end that have accepted and of which the ledger has not
    /// heard, `refused` the places of the documents that one of them will never take.
    async fn give_to_all(
        &self,
        batch: &Arc<Batch>,
        mapped: &Arc<MappedBatch>,
        (summary, refused): (&mut Summary, &mut HashSet<usize>),
        waiting: &mut Vec<Given>,
    ) -> Result<(), RunError> {
        let mut under_way = JoinSet::new();
        for (index, part) in self.parts(batch, mapped).await? {
            under_way.spawn(self.clone().give(index, part, batch.source.clone()));
        }
        let mut failure = None;
        loop {
            let done = tokio::select! {
                done = under_way.join_next() => done,
                () = sleep(LAG), if !waiting.is_empty() => {
                    self.note_accepted(batch, mapped, std::mem::take(waiting)).await?;
                    continue;
                }
            };
            match done {
                None => return failure.map_or(Ok(()), Err),
                Some(Ok(Ok(given))) => {
                    // Before anything is noted: the output will not be asked for these again.
                    let letters = by_output(batch, mapped, (&given.name, &given.rejected, &given.places));
                    summary.rejected += letters.len() as u64;
                    summary.duplicates += given.duplicates;
                    refused.extend(given.refused());
                    self.bury(letters).await?;
                    waiting.push(given);
                }
                Some(Ok(Err(error))) => {
                    if matches!(&error, RunError::Output { source, .. } if source.is_final()) {
                        under_way.abort_all();
                    }
                    failure.get_or_insert(error);
                }
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => failure = Some(error.into()),
            }
        }
    }

    /// What each output has not accepted before.
    async fn parts(&self, batch: &Arc<Batch>, mapped: &Arc<MappedBatch>) -> Result<Vec<(usize, Share)>, RunError> {
        let kept_under = batch.kept_under.clone();
        let accepted = self.ledger(move |ledger| ledger.accepted(&kept_under)).await?;
        let mut parts = Vec::new();
        for (index, target) in self.targets.iter().enumerate() {
            if batch.only.as_ref().is_some_and(|only| *only != target.name) {
                continue;
            }
            let of_it = accepted.iter().filter(|row| row.output == target.name);
            let known: HashSet<_> = of_it.map(|row| (row.key, row.content)).collect();
            let all = 0..batch.rows.len();
            let places: Vec<_> = all.filter(|place| !known.contains(&batch.rows[*place])).collect();
            let part = if places.len() == batch.rows.len() {
                Share { batch: Arc::clone(mapped), places }
            } else {
                Share { batch: Arc::new(some_of(mapped, &places)), places }
            };
            if !part.batch.documents.is_empty() {
                parts.push((index, part));
            }
        }
        Ok(parts)
    }

    /// Gives a part to one output, again and again for as long as that may be of use.
    async fn give(self, index: usize, part: Share, source: String) -> Result<Given, RunError> {
        let target = &self.targets[index];
        let mut attempt = 1;
        loop {
            let error = match self.try_to_give(target, &part).await? {
                Ok(given) => {
                    target.count(&part, &given);
                    self.health.working(Part::Output, &target.name);
                    self.note_output_trouble(target, None).await;
                    if attempt > 1 {
                        info!(output = target.name, "delivering again");
                    }
                    return Ok(given);
                }
                Err(error) => error,
            };
            let delay = self.delay(&error, attempt);
            let is_transient = error.is_transient();
            let error = RunError::Output { name: target.name.clone(), source: error };
            let Some(delay) = delay else {
                let (item, reason) = (String::new(), chain(&error));
                let trouble = Trouble { item, reason, since: Utc::now(), needs_person: true };
                self.note_output_trouble(target, Some(trouble)).await;
                return Err(error);
            };
            let (delay_ms, text) = (delay.as_millis(), chain(&error));
            target.counts.retries.inc();
            if is_transient {
                warn!(attempt, delay_ms, error = text, "could not deliver; trying again");
                self.health.retrying(Part::Output, &target.name, text);
            } else {
                error!(attempt, delay_ms, error = text, "could not deliver; trying again");
                self.health.needs_attention(Part::Output, &target.name, text);
            }
            let trouble =
                Trouble { item: String::new(), reason: chain(&error), since: Utc::now(), needs_person: !is_transient };
            self.note_output_trouble(target, Some(trouble)).await;
            self.note_failure(&source, &error).await;
            if self.shutdown().or(sleep(delay)).await.is_none() {
                return Err(RunError::Abandoned { name: target.name.clone() });
            }
            attempt += 1;
        }
    }

    /// Notes for `exotrace status` that an output is in trouble, or is not any more. Nothing depends on it.
    async fn note_output_trouble(&self, target: &Target, trouble: Option<Trouble>) {
        if !target.is_troubled.swap(trouble.is_some(), Ordering::Relaxed) && trouble.is_none() {
            return;
        }
        let name = target.name.clone();
        let noted = self.ledger_once(move |ledger| ledger.note_output_trouble(&name, trouble.as_ref()));
        noted.await;
    }

    async fn try_to_give(&self, target: &Target, part: &Share) -> Result<Result<Given, OutputError>, RunError> {
        let mut output = Arc::clone(&target.output).lock_owned().await;
        let begun = match output.prepare() {
            Ok(begun) => begun,
            Err(error) => return Ok(Err(error)),
        };
        let mut given = Given {
            name: target.name.clone(),
            duplicates: 0,
            rejected: Vec::new(),
            places: Vec::new(),
            position: begun,
            output: None,
        };
        if let Some(mark) = given.mark() {
            self.ledger(move |ledger| ledger.note_marks(std::slice::from_ref(&mark))).await?;
        }
        let (began, is_file) = (Instant::now(), output.has_position());
        let delivered = output.deliver(&part.batch);
        // Whatever else is waited for has a limit of its own.
        let delivered = if is_file {
            self.health.wait_for_disk(Part::Output, &target.name, delivered).await
        } else {
            delivered.await
        };
        let receipt = match delivered {
            Ok(receipt) => receipt,
            Err(error) => return Ok(Err(error)),
        };
        target.counts.deliver_batch_seconds.observe(began.elapsed().as_secs_f64());
        given.duplicates = receipt.duplicates;
        given.rejected = receipt.rejected;
        given.places.clone_from(&part.places);
        given.position = output.position();
        given.output = output.has_position().then_some(output);
        Ok(Ok(given))
    }

    /// How long to wait before asking an output again; `None` when that is no use.
    fn delay(&self, error: &OutputError, attempt: u32) -> Option<Duration> {
        let backoff = match (self.mode, error.is_transient()) {
            _ if error.is_final() => return None,
            (Mode::Once, true) => self.backoff,
            (Mode::Once, false) => return None,
            (Mode::Daemon, true) => Backoff { attempts: u32::MAX, ..self.backoff },
            (Mode::Daemon, false) => SLOWLY,
        };
        backoff.delay(attempt, error.retry_after(), rand::random())
    }

    /// Notes that some outputs have accepted a batch while others have not.
    async fn note_accepted(
        &self,
        batch: &Arc<Batch>,
        mapped: &Arc<MappedBatch>,
        given: Vec<Given>,
    ) -> Result<(), RunError> {
        let outputs: Vec<_> = given.iter().map(|given| given.name.clone()).collect();
        let marks: Vec<_> = given.iter().filter_map(Given::mark).collect();
        let batch = Arc::clone(batch);
        let has_document = |place: &usize| !matches!(mapped.outcomes[*place], Outcome::Rejected(_));
        let rows: Vec<_> = (0..batch.rows.len()).filter(has_document).map(|place| batch.rows[place]).collect();
        if !outputs.is_empty() {
            self.ledger(move |ledger| ledger.note_accepted(&batch.kept_under, &outputs, &rows, &marks)).await?;
        }
        given.into_iter().for_each(Given::noted);
        Ok(())
    }
}

/// The outcomes at these places with their documents.
fn some_of(mapped: &MappedBatch, places: &[usize]) -> MappedBatch {
    let mut some = MappedBatch { namespace: mapped.namespace.clone(), ..MappedBatch::default() };
    let mut wanted = places.iter().copied().peekable();
    for (place, entry) in mapped.entries().enumerate() {
        if wanted.next_if_eq(&place).is_some() {
            some.push(entry);
        }
    }
    some
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::{DropReason, MappedBy};

    #[test]
    fn some_of_a_batch_has_the_documents_of_its_outcomes() {
        let mapped = |id: &str| Outcome::Mapped { id: id.to_owned(), timestamp: Utc::now(), length: 7 };
        let outcomes = vec![mapped("1"), Outcome::Dropped(DropReason::Status), mapped("3"), mapped("4")];
        let by = |version: &str| {
            let [name, version, digest] = ["mail", version, version].map(str::to_owned);
            Arc::new(MappedBy { name, version, digest })
        };
        let mapped_by = vec![(by("1.20.0"), 2), (by("2.2.0"), 2)];
        let documents = "{\"a\":1}\n{\"a\":3}\n{\"a\":4}\n".to_owned();
        let batch = MappedBatch { documents, outcomes, mapped_by, namespace: Some("n".into()) };
        let some = some_of(&batch, &[1, 2]);
        assert_eq!((some.documents.as_str(), some.namespace.as_deref()), ("{\"a\":3}\n", Some("n")));
        assert_eq!(some.outcomes, batch.outcomes[1..3]);
        assert_eq!(some.mapped_by, [(by("1.20.0"), 1), (by("2.2.0"), 1)]);
        assert_eq!(some_of(&batch, &[0, 1, 2, 3]).documents, batch.documents);
        assert_eq!(some_of(&batch, &[]).documents, "");
    }
}
