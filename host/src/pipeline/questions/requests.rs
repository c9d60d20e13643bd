//! Asking a run questions.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{
    audit::Audit,
    backfill::{Backfill, Backfilled},
    question_error::QuestionError,
    remapped::{Remap, Remapped},
    statement::Statement,
    trace_answer::TraceAnswer,
    trace_query::TraceQuery,
};

/// Maximum number of searches at the same time; more are refused.
const MOST_SEARCHES: usize = 4;

/// Asks a run questions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Questions {
    asks: mpsc::Sender<PendingQuestion>,
    searches: Arc<Semaphore>,
    /// Ranges of the past are read one at a time.
    ranges: Arc<Semaphore>,
}

/// What a run hears of that.
pub(crate) struct QuestionRequests {
    asked: mpsc::Receiver<PendingQuestion>,
    ranges: Arc<Semaphore>,
}

/// What somebody wants to know, and where the answer goes.
pub(super) enum PendingQuestion {
    /// Where mail is.
    Trace(TraceQuery, QuestionReply<TraceAnswer>),
    /// A range delivered again.
    Backfill(Backfill, QuestionReply<Backfilled>),
    /// A range compared.
    Audit(Audit, QuestionReply<Statement>),
    /// Kept records mapped again.
    Remap(Remap, QuestionReply<Remapped>),
    /// No more of the backfill.
    CancelBackfill(oneshot::Sender<Result<Cancelled, QuestionError>>),
}

/// What came of ending a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cancelled {
    /// Whether there was one.
    pub(crate) was_there: bool,
    /// What else is being read of the past: it goes on.
    pub(crate) goes_on: Option<&'static str>,
}

/// Where an answer goes.
pub(super) struct QuestionReply<T> {
    pub(super) answer: oneshot::Sender<Result<T, QuestionError>>,
    /// Until it is answered.
    pub(super) place: OwnedSemaphorePermit,
}

impl Questions {
    /// What asks, and what a run hears of it.
    pub(crate) fn channel() -> (Self, QuestionRequests) {
        let ((asks, asked), ranges) = (mpsc::channel(1), Arc::new(Semaphore::new(1)));
        let searches = Arc::new(Semaphore::new(MOST_SEARCHES));
        (Self { asks, searches, ranges: Arc::clone(&ranges) }, QuestionRequests { asked, ranges })
    }

    /// Whether a run hears what is asked.
    pub(crate) fn is_heard(&self) -> bool {
        !self.asks.is_closed()
    }

    /// Has mail searched for; that ends when nobody waits for the answer any more.
    ///
    /// # Errors
    ///
    /// When the query cannot be answered, when too many others are under way, and when the run ends before.
    pub(crate) async fn trace(&self, query: TraceQuery) -> Result<TraceAnswer, QuestionError> {
        let busy = || {
            let text = format!("{MOST_SEARCHES} searches are under way\nhint: wait until one of them is done");
            QuestionError::Unanswerable(text)
        };
        let place = Arc::clone(&self.searches).try_acquire_owned().map_err(|_| busy())?;
        self.ask(place, |reply| PendingQuestion::Trace(query, reply)).await
    }

    /// Has a range delivered again; that goes on when nobody waits for the answer any more, unless it is a dry run.
    ///
    /// # Errors
    ///
    /// When the range cannot be read, when another one is being read, and when the run ends before.
    pub(crate) async fn backfill(&self, wanted: Backfill) -> Result<Backfilled, QuestionError> {
        let place = self.place_of_range()?;
        self.ask(place, |reply| PendingQuestion::Backfill(wanted, reply)).await
    }

    /// Has a range compared with what was delivered; that goes on when nobody waits for the answer any more, if what is
    /// missing is delivered.
    ///
    /// # Errors
    ///
    /// When the range cannot be read, an output cannot be asked, another range is being read, and when the run ends
    /// before.
    pub(crate) async fn audit(&self, wanted: Audit) -> Result<Statement, QuestionError> {
        let place = self.place_of_range()?;
        self.ask(place, |reply| PendingQuestion::Audit(wanted, reply)).await
    }

    /// Has kept records of a range mapped again; that goes on when nobody waits for the answer any more, unless it is a
    /// dry run.
    ///
    /// # Errors
    ///
    /// When there are none, the mapping cannot be used, another range is being read, and when the run ends before.
    pub(crate) async fn remap(&self, wanted: Remap) -> Result<Remapped, QuestionError> {
        let place = self.place_of_range()?;
        self.ask(place, |reply| PendingQuestion::Remap(wanted, reply)).await
    }

    /// Ends a backfill that is under way or was begun; says whether there was one. Anything else goes on.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written, and when the run ends before.
    pub(crate) async fn cancel_backfill(&self) -> Result<Cancelled, QuestionError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.asks.send(PendingQuestion::CancelBackfill(answer)).await;
        asked.map_err(|_| QuestionError::Ended)?;
        answered.await.map_err(|_| QuestionError::Ended)?
    }

    fn place_of_range(&self) -> Result<OwnedSemaphorePermit, QuestionError> {
        Arc::clone(&self.ranges).try_acquire_owned().map_err(|_| {
            let text = "a backfill, an audit or a remap is under way, and there is one at a time\nhint: wait until it is done; \
                        `exotrace status` shows how far a backfill or a remap has come";
            QuestionError::Unanswerable(text.to_owned())
        })
    }

    async fn ask<T>(
        &self,
        place: OwnedSemaphorePermit,
        question: impl FnOnce(QuestionReply<T>) -> PendingQuestion,
    ) -> Result<T, QuestionError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.asks.send(question(QuestionReply { answer, place })).await;
        asked.map_err(|_| QuestionError::Ended)?;
        answered.await.map_err(|_| QuestionError::Ended)?
    }
}

impl QuestionRequests {
    /// The next question; none when all senders are gone.
    pub(super) async fn receive(&mut self) -> Option<PendingQuestion> {
        self.asked.recv().await
    }

    /// The one place to read a range of the past, if nobody has it.
    pub(super) fn place_of_range(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.ranges).try_acquire_owned().ok()
    }
}

impl<T> QuestionReply<T> {
    /// Answers with what `work` comes to, unless nobody waits for it any more.
    pub(super) async fn with(mut self, work: impl Future<Output = Result<T, QuestionError>>) {
        let done = tokio::select! {
            done = work => done,
            () = self.answer.closed() => return,
        };
        self.send(done);
    }

    /// Answers; who asked may have gone.
    pub(super) fn send(self, done: Result<T, QuestionError>) {
        drop(self.place);
        drop(self.answer.send(done));
    }
}
