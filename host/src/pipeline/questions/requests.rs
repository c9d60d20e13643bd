//! Asking a run questions.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{question_error::QuestionError, trace_answer::TraceAnswer, trace_query::TraceQuery};

/// So many searches go on at the same time; more are refused.
const MOST_SEARCHES: usize = 4;

/// Asks a run questions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Questions {
    asks: mpsc::Sender<Question>,
    searches: Arc<Semaphore>,
}

/// What a run hears of that.
pub(crate) struct QuestionRequests(mpsc::Receiver<Question>);

/// What somebody wants to know, and where the answer goes.
pub(super) enum Question {
    /// Where mail is.
    Trace(TraceQuery, Reply<TraceAnswer>),
}

/// Where an answer goes.
pub(super) struct Reply<T> {
    pub(super) answer: oneshot::Sender<Result<T, QuestionError>>,
    /// Until it is answered.
    pub(super) place: OwnedSemaphorePermit,
}

impl Questions {
    /// What asks, and what a run hears of it.
    pub(crate) fn channel() -> (Self, QuestionRequests) {
        let (asks, hears) = mpsc::channel(1);
        (Self { asks, searches: Arc::new(Semaphore::new(MOST_SEARCHES)) }, QuestionRequests(hears))
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
        self.ask(place, |reply| Question::Trace(query, reply)).await
    }

    async fn ask<T>(
        &self,
        place: OwnedSemaphorePermit,
        question: impl FnOnce(Reply<T>) -> Question,
    ) -> Result<T, QuestionError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.asks.send(question(Reply { answer, place })).await;
        asked.map_err(|_| QuestionError::Ended)?;
        answered.await.map_err(|_| QuestionError::Ended)?
    }
}

impl QuestionRequests {
    /// The next question; none when all senders are gone.
    pub(super) async fn receive(&mut self) -> Option<Question> {
        self.0.recv().await
    }
}

impl<T> Reply<T> {
    /// Answers with what `work` comes to, unless nobody waits for it any more.
    pub(super) async fn with(mut self, work: impl Future<Output = Result<T, QuestionError>>) {
        let done = tokio::select! {
            done = work => done,
            () = self.answer.closed() => return,
        };
        drop(self.place);
        drop(self.answer.send(done));
    }
}
