//! One batch on its way: mapped, given to every output at once, each in its own time, and noted.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{task::JoinSet, time::sleep};

use super::{
    archive::archive,
    batch_mapping::{BatchToMap, map},
    dead_letter::DeadLetter,
    dead_letters::{by_mapping, by_output},
    error::RunError,
    output::RejectedDocument,
    output_delivery::{GivenBatch, give},
    record_batch::RecordBatch,
    source_run::SourceRun,
    summary::Summary,
    target::{Accepted, Portion},
};
use crate::{
    ledger::{HistoryCounts, HistoryMark, Ledger, LedgerError, Mark, RefusedPart, ReplicaError},
    mapper::{MappedBatch, Outcome},
};

/// How long an output that has accepted a batch waits for the others before the ledger is told so: sooner would cost a
/// transaction a batch, and later more would come twice after a crash.
const LAG: Duration = Duration::from_secs(1);

/// A batch that every output has accepted, and that is not in the ledger. There is one way on for it, and one time.
#[must_use = "what is delivered comes again unless it is committed"]
pub(super) struct Delivery {
    batch: Arc<RecordBatch>,
    mapped: Arc<MappedBatch>,
    summary: Summary,
    /// How many records it had.
    records: u64,
    accepted: Vec<Accepted>,
    /// The places of the documents that an output will never take.
    refused: HashSet<usize>,
}

/// A batch that every output has accepted and that is in the ledger.
pub(crate) struct Committed {
    /// What was done with it.
    pub(crate) summary: Summary,
    /// When the newest of its records was received.
    pub(crate) newest: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Notes the batch in the ledger, and tells the outputs so.
    pub(super) async fn commit(mut self, context: &SourceRun) -> Result<Committed, RunError> {
        loop {
            let committed = self.summed_up();
            match context.ledger(self.noting(context, &committed)).await {
                Ok(()) => {
                    self.accepted.into_iter().for_each(Accepted::noted);
                    return Ok(committed);
                }
                Err(RunError::Ledger(LedgerError::Replica(ReplicaError { refused: Some(refused), .. })))
                    if self.can_leave_out(&refused) =>
                {
                    self.leave_out(context, refused).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What was done with it.
    fn summed_up(&self) -> Committed {
        let mut summary = self.summary;
        summary.count(&self.mapped, &self.refused);
        let newest = self.mapped.outcomes.iter().filter_map(Outcome::timestamp).max();
        Committed { summary, newest }
    }

    /// What notes it, with the documents that go along with that.
    fn noting(
        &self,
        context: &SourceRun,
        committed: &Committed,
    ) -> impl Fn(&mut Ledger, &str) -> Result<(), LedgerError> + Send + Sync + use<> {
        let marks: Vec<Mark> = self.accepted.iter().filter_map(Accepted::mark).collect();
        let along: Vec<_> = self.accepted.iter().filter_map(|accepted| accepted.companion.clone()).collect();
        let (records, checkpoint) = (self.records, Arc::clone(&self.batch.checkpoint));
        let at = context.clock().wall();
        let counts = counts(committed, records, at);
        move |ledger, source| {
            let history = Mark::History(HistoryMark { source: source.to_owned(), at, counts });
            let all: Vec<_> = marks.iter().cloned().chain((records > 0).then_some(history)).collect();
            ledger.along_with(&along, |ledger| checkpoint.note(ledger, source, &all))
        }
    }

    /// Whether there is less to note without it: else it would be noted for ever.
    fn can_leave_out(&self, refused: &RefusedPart) -> bool {
        let joined = self.accepted.iter().filter(|accepted| accepted.companion.is_some()).count();
        !refused.places.is_empty() && refused.companion < joined
    }

    /// Takes out what an output will never take: it goes to the dead letter, and the rest is noted again.
    async fn leave_out(&mut self, context: &SourceRun, refused: RefusedPart) -> Result<(), RunError> {
        let mut joined = self.accepted.iter_mut().filter(|accepted| accepted.companion.is_some());
        let Some(accepted) = joined.nth(refused.companion) else { return Ok(()) };
        accepted.companion = accepted.companion.as_ref().map(|companion| companion.without(&refused.places));
        let rejected = |outcome: &usize| RejectedDocument { outcome: *outcome, reason: refused.reason.clone() };
        accepted.rejected = refused.places.iter().map(rejected).collect();
        let letters = by_output(&self.batch, &self.mapped, accepted);
        self.refused.extend(accepted.refused());
        self.summary.rejected += letters.len() as u64;
        context.run.write_dead_letters(letters).await
    }
}

/// Maps records, keeps them if that is wanted, and gives the documents to every output; when it returns, all have accepted.
pub(super) async fn deliver(context: &SourceRun, batch: impl Into<BatchToMap>) -> Result<Delivery, RunError> {
    let BatchToMap { batch, refused: refused_before, ahead } = batch.into();
    let summary = Summary { rejected: refused_before.len() as u64, ..Summary::default() };
    let records = (batch.count() + refused_before.len()) as u64;
    let mut mapped = Arc::default();
    if batch.count() == 0 && batch.position.is_none() {
        // As most polls have it: there is nothing to give to anybody.
        context.run.write_dead_letters(refused_before).await?;
        return Ok(Delivery { batch, mapped, summary, records, accepted: Vec::new(), refused: HashSet::new() });
    }
    if batch.count() > 0 {
        mapped = Arc::new(map(context, &batch, ahead).await?);
        archive(context, &batch).await?;
        context.run.taps.offer(&batch.source.label, &mapped);
    }
    let mut letters = refused_before;
    letters.extend(by_mapping(&batch, &mapped, Utc::now()));
    let mut distribution =
        Distribution { context, batch, mapped, letters, waiting: Vec::new(), refused: HashSet::new(), summary };
    if let Err(error) = distribution.give_to_all().await {
        distribution.note_accepted().await?;
        return Err(error);
    }
    let Distribution { batch, mapped, letters, waiting: accepted, refused, summary, .. } = distribution;
    context.run.write_dead_letters(letters).await?;
    Ok(Delivery { batch, mapped, summary, records, accepted, refused })
}

/// What the history has of a batch that is committed at this time.
fn counts(committed: &Committed, records: u64, at: DateTime<Utc>) -> HistoryCounts {
    let Summary { documents, failed, dropped, rejected, .. } = committed.summary;
    // A date in the future says nothing of how late it was.
    let lag = committed.newest.map(|newest| (at - newest).max(TimeDelta::zero()));
    HistoryCounts { rows: records, documents, failed, dropped, rejected, lag, ..HistoryCounts::default() }
}

/// A batch that is being given to the outputs.
struct Distribution<'c> {
    context: &'c SourceRun,
    batch: Arc<RecordBatch>,
    mapped: Arc<MappedBatch>,
    /// What goes to the dead letter for any answer of the outputs, unless it is there already.
    letters: Vec<DeadLetter>,
    /// What outputs have accepted of which the ledger has not heard.
    waiting: Vec<Accepted>,
    /// The places of the documents that one of them will never take.
    refused: HashSet<usize>,
    summary: Summary,
}

impl Distribution<'_> {
    /// Gives the batch to every output: last to the one that moves the position of the source, if there is one, since
    /// nothing is read again from then on.
    async fn give_to_all(&mut self) -> Result<(), RunError> {
        let mut portions = self.portions().await?;
        let last = self.mover(&portions).await.map(|place| portions.remove(place));
        portions.retain(|(_, portion)| !portion.batch.documents.is_empty());
        self.give_to(portions, false).await?;
        if let Some(last) = last {
            self.context.run.write_dead_letters(std::mem::take(&mut self.letters)).await?;
            self.give_to(vec![last], true).await?;
        }
        Ok(())
    }

    /// Which of the outputs moves the position of the source.
    async fn mover(&mut self, portions: &[(usize, Portion)]) -> Option<usize> {
        let position = self.batch.position.as_ref()?;
        for (place, (index, _)) in portions.iter().enumerate() {
            let (mut output, _) = self.context.run.targets.get(*index)?.ready().await;
            if output.mover().is_some_and(|mover| mover.keeps(&**position)) {
                return Some(place);
            }
        }
        None
    }

    /// Gives portions to outputs, which move the position of the source or do not.
    async fn give_to(&mut self, portions: Vec<(usize, Portion)>, moves: bool) -> Result<(), RunError> {
        let mut under_way = JoinSet::new();
        for (index, portion) in portions {
            let (batch, mapped) = (Arc::clone(&self.batch), Arc::clone(&self.mapped));
            under_way.spawn(give(self.context.run.clone(), index, portion, GivenBatch { batch, mapped, moves }));
        }
        let mut failure = None;
        loop {
            let done = tokio::select! {
                done = under_way.join_next() => done,
                () = sleep(LAG), if self.waiting.iter().any(|accepted| accepted.companion.is_none()) => {
                    self.note_accepted().await?;
                    continue;
                }
            };
            match done {
                None => return failure.map_or(Ok(()), Err),
                Some(Ok(Ok(accepted))) => self.accept(accepted).await?,
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

    /// What each output has not accepted before: also nothing, which moves the position of the source all the same. One that
    /// the source moved by itself beside an output would get to its service late, and take it back.
    async fn portions(&mut self) -> Result<Vec<(usize, Portion)>, RunError> {
        let Self { batch, mapped, .. } = self;
        let accepted = self.context.ledger(|ledger, source| ledger.accepted(source)).await?;
        let mut portions = Vec::new();
        for (index, target) in self.context.run.targets.iter().enumerate() {
            if batch.output.as_ref().is_some_and(|output| *output != target.name) {
                continue;
            }
            let of_it = accepted.iter().filter(|row| row.output == target.name);
            let known: HashSet<_> = of_it.map(|row| row.key).collect();
            let all = 0..batch.count();
            // Nobody asks for the keys as a rule: then they are not made.
            let is_new = |place: &usize| known.is_empty() || !known.contains(&batch.keys()[*place]);
            let places: Vec<_> = all.filter(is_new).collect();
            let portion = if places.len() == batch.count() {
                Portion { batch: Arc::clone(mapped), places }
            } else {
                Portion { batch: Arc::new(some_of(mapped, &places)), places }
            };
            portions.push((index, portion));
        }
        Ok(portions)
    }

    /// An output has accepted its portion.
    async fn accept(&mut self, accepted: Accepted) -> Result<(), RunError> {
        // Before anything is noted: the output will not be asked for these again.
        let letters = by_output(&self.batch, &self.mapped, &accepted);
        self.summary.rejected += letters.len() as u64;
        self.summary.duplicates += accepted.duplicates;
        self.refused.extend(accepted.refused());
        if !accepted.is_told {
            self.context.run.write_dead_letters(letters).await?;
        }
        self.waiting.push(accepted);
        Ok(())
    }

    /// Notes that some outputs have accepted the batch while others have not.
    async fn note_accepted(&mut self) -> Result<(), RunError> {
        // What is delivered when the batch is noted is not accepted before.
        let is_done = |accepted: &mut Accepted| accepted.companion.is_none();
        let accepted: Vec<_> = self.waiting.extract_if(.., is_done).collect();
        let outputs: Vec<_> = accepted.iter().map(|accepted| accepted.name.clone()).collect();
        if outputs.is_empty() {
            return Ok(());
        }
        let marks: Vec<_> = accepted.iter().filter_map(Accepted::mark).collect();
        let outcomes = self.batch.keys().iter().zip(&self.mapped.outcomes);
        let with_document = outcomes.filter(|(_, outcome)| !matches!(outcome, Outcome::Rejected(_)));
        let keys: Vec<_> = with_document.map(|(key, _)| *key).collect();
        self.context.ledger(move |ledger, source| ledger.note_accepted(source, &outputs, &keys, &marks)).await?;
        accepted.into_iter().for_each(Accepted::noted);
        Ok(())
    }
}

/// The outcomes at these places with their documents.
fn some_of(mapped: &MappedBatch, places: &[usize]) -> MappedBatch {
    let mut some =
        MappedBatch { namespace: mapped.namespace.clone(), tenant: mapped.tenant.clone(), ..MappedBatch::default() };
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
    use crate::mapper::{DocumentSchema, DropReason, MappedBy};

    #[test]
    fn some_of_a_batch_has_the_documents_of_its_outcomes() {
        let mapped = |id: &str| Outcome::Mapped {
            id: id.to_owned(),
            delivery_id: id.to_owned(),
            timestamp: Utc::now(),
            length: 7,
        };
        let outcomes = vec![mapped("1"), Outcome::Dropped(DropReason::Status), mapped("3"), mapped("4")];
        let by = |version: &str| {
            let [name, version, digest] = ["mail", version, version].map(str::to_owned);
            let schema = DocumentSchema { name: "ecs".to_owned(), version: "8.11.0".to_owned() };
            Arc::new(MappedBy { name, version, digest, schema })
        };
        let mapped_by = vec![(by("1.20.0"), 2), (by("2.2.0"), 2)];
        let documents = "{\"a\":1}\n{\"a\":3}\n{\"a\":4}\n".to_owned();
        let batch =
            MappedBatch { documents, outcomes, mapped_by, namespace: Some("n".into()), tenant: Some("t".into()) };
        let some = some_of(&batch, &[1, 2]);
        assert_eq!((some.documents.as_str(), some.namespace.as_deref()), ("{\"a\":3}\n", Some("n")));
        assert_eq!(some.tenant.as_deref(), Some("t"));
        assert_eq!(some.outcomes, batch.outcomes[1..3]);
        assert_eq!(some.mapped_by, [(by("1.20.0"), 1), (by("2.2.0"), 1)]);
        assert_eq!(some_of(&batch, &[0, 1, 2, 3]).documents, batch.documents);
        assert_eq!(some_of(&batch, &[]).documents, "");
    }
}
