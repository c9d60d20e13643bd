//! A portion of a batch on its way to one output, again and again for as long as that may be of use.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use chrono::Utc;
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use super::{
    backoffs::{MEND_OUTPUT_BACKOFF, in_mode},
    dead_letters::by_output,
    error::{RunError, chain},
    mode::Mode,
    output::{Output, Receipt},
    output_error::{Outlook, OutputError},
    record_batch::RecordBatch,
    run_context::RunContext,
    target::{Accepted, Portion, Target, position},
};
use crate::{
    ledger::Trouble,
    mapper::MappedBatch,
    observe::health::Part,
    support::{
        file_watch::WatchedFiles,
        retry::{Attempt, RetryError, retry},
    },
};

/// The batch that a portion is of.
pub(super) struct GivenBatch {
    pub(super) batch: Arc<RecordBatch>,
    pub(super) mapped: Arc<MappedBatch>,
    /// Whether the output moves the position of the source.
    pub(super) moves: bool,
}

impl GivenBatch {
    /// Whether the source still has what the batch was read from.
    fn is_held(&self) -> bool {
        self.batch.position.as_ref().is_none_or(|position| position.is_held())
    }

    /// Waits until it has not.
    async fn until_released(&self) {
        match &self.batch.position {
            Some(position) => position.released().await,
            None => std::future::pending().await,
        }
    }

    fn released(&self) -> RunError {
        RunError::Released { name: self.batch.source.label.clone() }
    }
}

fn is_final(error: &RunError) -> bool {
    !matches!(error, RunError::Output { source, .. } if !source.is_final())
}

/// Gives a portion to one output, again and again for as long as that may be of use.
pub(super) async fn give(
    run: RunContext,
    index: usize,
    portion: Portion,
    given: GivenBatch,
) -> Result<Accepted, RunError> {
    let target = &run.targets[index];
    let (portion, given) = (&portion, &given);
    match retry(&mut OutputDelivery { run: &run, target, portion, given, secrets: WatchedFiles::default() }).await {
        Ok(done) => {
            target.count(portion, &done.output);
            run.health.working(Part::Output, &target.name);
            note_output_trouble(&run, target, None).await;
            if done.attempts > 1 {
                info!(output = target.name, "delivering again");
            }
            Ok(done.output)
        }
        Err(RetryError::Final(error)) if given.is_held() || is_final(&error) => Err(error),
        Err(RetryError::Final(_)) => Err(given.released()),
        Err(RetryError::Stopped(_)) if !given.is_held() => Err(given.released()),
        Err(RetryError::Stopped(_)) => Err(RunError::Abandoned { name: target.name.clone() }),
    }
}

/// Notes for `exotrace status` that an output is in trouble, or has recovered. Nothing depends on it.
async fn note_output_trouble(run: &RunContext, target: &Target, trouble: Option<Trouble>) {
    if !target.is_troubled.swap(trouble.is_some(), Ordering::Relaxed) && trouble.is_none() {
        return;
    }
    let name = target.name.clone();
    run.ledger_once(move |ledger| ledger.note_output_trouble(&name, trouble.as_ref())).await;
}

/// A portion on its way to one output.
struct OutputDelivery<'d> {
    run: &'d RunContext,
    target: &'d Target,
    portion: &'d Portion,
    given: &'d GivenBatch,
    /// What the output reads its secrets from, as it was before the last attempt.
    secrets: WatchedFiles,
}

impl OutputDelivery<'_> {
    /// A batch before was written and never noted, since noting it failed: what is behind the position that the ledger
    /// has comes again, so it is taken back.
    async fn recover(&self, output: &mut dyn Output) -> Result<(), RunError> {
        let name = self.target.name.clone();
        if let Some(mark) = self.run.ledger(move |ledger| ledger.mark(&name)).await? {
            output.recover(position(mark));
        }
        Ok(())
    }

    /// Gives the portion to the output, once.
    async fn deliver(&self, output: &mut dyn Output) -> Result<Receipt, RunError> {
        let is_file = output.has_position();
        let delivered = output.deliver(&self.portion.batch);
        // Every other wait has a limit of its own.
        let delivered = if is_file {
            self.run.health.wait_for_disk(Part::Output, &self.target.name, delivered).await
        } else {
            delivered.await
        };
        delivered.map_err(|error| self.failure(error))
    }

    /// The same, which moves the position of the source: what is rejected has to be in the dead letter before.
    async fn deliver_and_move(&self, output: &mut dyn Output, accepted: &mut Accepted) -> Result<(), RunError> {
        let GivenBatch { batch, mapped, .. } = self.given;
        let Some(position) = &batch.position else { return Err(self.given.released()) };
        let gone = || self.failure(OutputError::new("it does not move positions any more", Outlook::Permanent));
        let written = output.mover().ok_or_else(gone)?.write(&self.portion.batch).await;
        accepted.take(written.map_err(|error| self.failure(error))?, &self.portion.places);
        self.run.write_dead_letters(by_output(batch, mapped, accepted)).await?;
        accepted.is_told = true;
        let concluded = output.mover().ok_or_else(gone)?.conclude(&**position).await;
        concluded.map_err(|error| self.failure(error))?;
        position.moved();
        Ok(())
    }

    fn failure(&self, source: OutputError) -> RunError {
        RunError::Output { name: self.target.name.clone(), source }
    }
}

#[async_trait]
impl Attempt for OutputDelivery<'_> {
    type Output = Accepted;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<Accepted, RunError> {
        if !self.given.is_held() {
            return Err(self.given.released());
        }
        let (mut output, is_unnoted) = self.target.ready().await;
        if is_unnoted {
            self.recover(&mut **output).await?;
        }
        self.secrets = WatchedFiles::new(output.secret_files());
        let mut accepted = Accepted {
            name: self.target.name.clone(),
            duplicates: 0,
            rejected: Vec::new(),
            is_told: false,
            places: Vec::new(),
            position: output.prepare().map_err(|error| self.failure(error))?,
            companion: None,
            output: None,
        };
        if let Some(mark) = accepted.mark() {
            self.run.ledger(move |ledger| ledger.note_marks(std::slice::from_ref(&mark))).await?;
        }
        let began = Instant::now();
        if let Some(joiner) = output.joiner() {
            let joined = joiner.join(&self.portion.batch).await;
            accepted.companion = Some(joined.map_err(|error| self.failure(error))?);
            accepted.places.clone_from(&self.portion.places);
        } else if self.given.moves {
            self.deliver_and_move(&mut **output, &mut accepted).await?;
        } else {
            let receipt = self.deliver(&mut **output).await?;
            accepted.take(receipt, &self.portion.places);
        }
        self.target.counts.deliver_batch_seconds.observe(began.elapsed().as_secs_f64());
        accepted.position = output.position();
        accepted.output = self.target.hold(output);
        Ok(accepted)
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        let RunError::Output { source: error, .. } = error else { return None };
        let backoff = match (self.run.mode, error.is_transient()) {
            _ if error.is_final() || !self.given.is_held() => return None,
            (mode, true) => in_mode(self.run.backoff, mode),
            (Mode::Once, false) => return None,
            (Mode::Daemon, false) => MEND_OUTPUT_BACKOFF,
        };
        backoff.delay(attempt, error.retry_after(), rand::random())
    }

    async fn failed(&mut self, error: &RunError, attempt: u32, delay: Option<Duration>) {
        let RunError::Output { source, .. } = error else { return };
        let (name, reason, is_transient) = (&self.target.name, chain(error), source.is_transient());
        if let Some(delay) = delay {
            let delay_ms = delay.as_millis();
            self.target.counts.retries.inc();
            if is_transient {
                warn!(attempt, delay_ms, error = reason, "could not deliver; trying again");
                self.run.health.retrying(Part::Output, name, reason.clone());
            } else {
                error!(attempt, delay_ms, error = reason, "could not deliver; trying again");
                self.run.health.needs_attention(Part::Output, name, reason.clone());
            }
        }
        let needs_person = delay.is_none() || !is_transient;
        let trouble = Trouble { item: String::new(), reason, since: Utc::now(), needs_person };
        note_output_trouble(self.run, self.target, Some(trouble)).await;
        if delay.is_some() {
            self.run.note_failure(&self.given.batch.source.name, error).await;
        }
    }

    async fn wait(&mut self, delay: Duration) -> bool {
        let waited = async {
            tokio::select! {
                () = sleep(delay) => {}
                () = self.secrets.changed() => {}
                () = self.given.until_released() => {}
            }
        };
        self.run.shutdown().or(waited).await.is_some()
    }
}
