//! Answers questions beside the other work of a run.

use tokio::{sync::watch, task::JoinSet};

use super::{
    asked_source::AskedSource,
    audit::audit,
    backfill::{self, backfill},
    question_error::QuestionError,
    remap::{self, remap},
    requests::{Cancelled, PendingQuestion, QuestionRequests},
    trace::trace,
};
use crate::{
    ledger::{AUDIT, BACKFILL, Ledger, REMAP},
    pipeline::{mode::Mode, run_context::RunContext, shutdown::Shutdown},
};

/// Answers questions until the run is told to stop: a range that is being delivered stops between two pages then, and
/// everything else has no answer.
pub(in crate::pipeline) async fn serve(
    run: RunContext,
    sources: Vec<AskedSource>,
    mut requests: QuestionRequests,
    mut shutdown: Shutdown,
) {
    let mut server = Server { run, sources, asked: JoinSet::new(), ranges: JoinSet::new(), range: None };
    server.resume(&requests);
    while let Some(Some(question)) = shutdown.or(requests.receive()).await {
        while server.asked.try_join_next().is_some() {}
        server.answer(question).await;
    }
    server.asked.shutdown().await;
    server.stop_range().await;
}

struct Server {
    run: RunContext,
    sources: Vec<AskedSource>,
    /// What ends with who waits for it.
    asked: JoinSet<()>,
    /// What goes on: one at a time.
    ranges: JoinSet<()>,
    /// What it is called in the ledger, and what tells it to stop.
    range: Option<(&'static str, watch::Sender<bool>)>,
}

impl Server {
    /// Goes on with what a run before has begun.
    fn resume(&mut self, requests: &QuestionRequests) {
        let Some(place) = requests.place_of_range().filter(|_| self.run.mode == Mode::Daemon) else { return };
        let (run, sources) = (self.run_of_range(BACKFILL), self.sources.clone());
        self.ranges.spawn(async move {
            if let Some(done) = backfill::resume(&run, &sources).await {
                backfill::tell(&done);
            }
            drop(place);
        });
    }

    async fn answer(&mut self, question: PendingQuestion) {
        let sources = self.sources.clone();
        match question {
            PendingQuestion::Trace(query, reply) => {
                let run = self.run.clone();
                self.asked.spawn(async move { reply.with(trace(&run, &sources, query)).await });
            }
            PendingQuestion::Backfill(wanted, reply) if wanted.is_dry_run => {
                let run = self.run.clone();
                self.asked.spawn(async move { reply.with(backfill(&run, &sources, &wanted)).await });
            }
            PendingQuestion::Backfill(wanted, reply) => {
                let run = self.run_of_range(BACKFILL);
                self.ranges.spawn(async move {
                    let done = backfill(&run, &sources, &wanted).await;
                    backfill::tell(&done);
                    reply.send(done);
                });
            }
            PendingQuestion::Audit(wanted, reply) if !wanted.is_repair => {
                let run = self.run.clone();
                self.asked.spawn(async move { reply.with(audit(&run, &sources, &wanted)).await });
            }
            PendingQuestion::Audit(wanted, reply) => {
                let run = self.run_of_range(AUDIT);
                self.ranges.spawn(async move { reply.send(audit(&run, &sources, &wanted).await) });
            }
            PendingQuestion::Remap(wanted, reply) if wanted.is_dry_run => {
                let run = self.run.clone();
                self.asked.spawn(async move { reply.with(remap(&run, &sources, &wanted)).await });
            }
            PendingQuestion::Remap(wanted, reply) => {
                let run = self.run_of_range(REMAP);
                self.ranges.spawn(async move {
                    let done = remap(&run, &sources, &wanted).await;
                    remap::tell(&done);
                    reply.send(done);
                });
            }
            PendingQuestion::CancelBackfill(answer) => drop(answer.send(self.cancel().await)),
        }
    }

    /// A run for a range, which is told to stop by itself.
    fn run_of_range(&mut self, name: &'static str) -> RunContext {
        let (stop, stopped) = watch::channel(false);
        self.range = Some((name, stop));
        self.run.until(stopped)
    }

    async fn stop_range(&mut self) {
        if let Some((_, stop)) = self.range.take() {
            stop.send_replace(true);
        }
        while self.ranges.join_next().await.is_some() {}
    }

    /// Ends a backfill, and nothing else: an audit or a remap is of somebody who waits for it.
    async fn cancel(&mut self) -> Result<Cancelled, QuestionError> {
        while self.ranges.try_join_next().is_some() {}
        let under_way = self.range.as_ref().map(|(name, _)| *name).filter(|_| !self.ranges.is_empty());
        let goes_on = under_way.filter(|name| *name != BACKFILL);
        if goes_on.is_none() {
            self.stop_range().await;
        }
        let end = |ledger: &mut Ledger| {
            let was_there = ledger.past(BACKFILL)?.is_some();
            ledger.end_past(BACKFILL)?;
            Ok(was_there)
        };
        Ok(Cancelled { was_there: self.run.ledger(end).await?, goes_on })
    }
}
