//! The details of deliveries: asked for when everything else of a poll is read, and delivered one by one.

use std::{slice, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::{
    super::{
        PollError,
        details_reading::{DetailsReading, DetailsTurn},
        graph::DetailsRequest,
        page::Row,
        page_delivery::DetailsCheckpoint,
    },
    ServiceCollector,
};
use crate::{
    ledger::{DetailsNote, WantedDetails},
    mapper::Origin,
    pipeline::{RecordBatch, RunError, SourceRun, TracedRow, status_word},
    support::{clock::signed, error_text::chain, record_key::RecordKey},
};

/// So often details are asked for that cannot be read, before they are given up.
const MOST_ATTEMPTS: u32 = 5;

/// How long after the first attempt the next one is; after each one twice as long.
const FIRST_DELAY: Duration = Duration::from_secs(5 * 60);

/// The most pages that the steps of one delivery may have. None with more than one was ever seen.
const MOST_PAGES: usize = 10;

/// What came of asking for details.
enum DetailsAnswer {
    /// The steps, each an object.
    Steps(Vec<Row>),
    /// The service has none, and will not have any.
    Missing(PollError),
    /// They could not be read.
    Unreadable(PollError),
    /// The service cannot be asked now.
    Busy(PollError),
}

impl ServiceCollector {
    /// What rows that are delivered mean for their details.
    pub(super) fn details_notes(&self, rows: &[Row], read_at: DateTime<Utc>) -> Vec<DetailsNote> {
        let Some(DetailsReading { config, .. }) = &self.details else { return Vec::new() };
        let due = read_at + signed(config.settle);
        let notes = rows.iter().filter_map(|row| {
            let traced = TracedRow::of(&row.text, None);
            traced.trace_id.as_ref().and(traced.recipient.as_ref())?;
            let status = status_word(traced.status.as_deref().unwrap_or_default());
            let record = config.wants(&status, &traced).then(|| row.text.clone());
            Some(DetailsNote { key: row.key.identity, status, record, due, received: row.received.unwrap_or(read_at) })
        });
        notes.collect()
    }

    /// Forgets rows that wait for their details when nobody wants to read those any more.
    pub(super) async fn drop_details(&self, context: &SourceRun) -> Result<(), RunError> {
        if self.details.is_some() || self.reading.is_some() {
            return Ok(());
        }
        context.ledger(|ledger, source| ledger.drop_details(source)).await
    }

    /// Everything else of a poll is read: details are next, if they are wanted.
    pub(super) fn begin_details(&mut self, context: &SourceRun) -> bool {
        let took = self.source.ours().steady().saturating_sub(self.plan_began);
        // A run that ends with this poll waits for no budget: the next one reads the rest.
        let left = if context.is_last_poll() { Duration::ZERO } else { self.interval.saturating_sub(took) };
        let until = Instant::now() + left;
        let Some(details) = &mut self.details else { return false };
        details.turn = Some(DetailsTurn { left: details.config.max_per_poll, until });
        true
    }

    /// Whether the rows of a poll are read, and its details are not.
    pub(super) fn is_reading_details(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.turn.is_some())
    }

    /// The details of the next delivery; `None` when no more are left, or the budget allows no more before the next poll.
    pub(super) async fn next_details(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        while let Some(wanted) = self.due(context).await? {
            let row = TracedRow::of(&wanted.record, None);
            if self.details.as_ref().is_some_and(|details| !details.config.wants(&wanted.status, &row)) {
                self.forget(context, wanted).await?;
                continue;
            }
            let (id, recipient) = (row.trace_id.unwrap_or_default(), row.recipient.unwrap_or_default());
            let Some(asked) = self.ask_for_details(context, &id, &recipient).await? else { break };
            match asked {
                DetailsAnswer::Steps(steps) => {
                    self.counts.details_read.inc();
                    return Ok(Some(self.details_batch(wanted, &steps)));
                }
                DetailsAnswer::Missing(error) => self.give_up(context, wanted, &error).await?,
                DetailsAnswer::Unreadable(error) if wanted.attempts + 1 >= MOST_ATTEMPTS => {
                    self.give_up(context, wanted, &error).await?;
                }
                DetailsAnswer::Unreadable(error) => self.postpone(context, wanted, &error).await?,
                DetailsAnswer::Busy(error) => {
                    warn!(
                        source = self.identity.label,
                        error = chain(&error),
                        "could not read details; trying again later"
                    );
                    let wait = error.retry_after();
                    if let Some(details) = &mut self.details {
                        details.not_before = wait.map(|wait| Instant::now() + wait);
                    }
                    break;
                }
            }
        }
        if let Some(details) = &mut self.details {
            details.turn = None;
        }
        Ok(None)
    }

    /// The delivery whose details are due first, as long as this poll may read more.
    async fn due(&mut self, context: &SourceRun) -> Result<Option<WantedDetails>, RunError> {
        let now = self.source.ours().wall();
        let Some(DetailsReading { turn, not_before, .. }) = &mut self.details else { return Ok(None) };
        let is_refused = not_before.is_some_and(|time| time > Instant::now());
        match turn {
            Some(turn) if turn.left > 0 && !is_refused => turn.left -= 1,
            _ => return Ok(None),
        }
        context.ledger(move |ledger, source| ledger.due_details(source, now)).await
    }

    /// Asks for the steps of a delivery, page by page; `None` when there is no room in the budget before the next poll.
    async fn ask_for_details(
        &mut self,
        context: &SourceRun,
        id: &str,
        recipient: &str,
    ) -> Result<Option<DetailsAnswer>, RunError> {
        let (mut steps, mut link) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            if !self.take_for_details(context).await? {
                return Ok(None);
            }
            let request = match &link {
                None => DetailsRequest::First { id, recipient },
                Some(link) => DetailsRequest::Next(link),
            };
            let mut answer = self.source.details(request).await;
            if answer.as_ref().is_err_and(PollError::is_refused_token) {
                // The token may have ended early: one new one, once.
                answer = self.source.details(request).await;
            }
            let page = match answer {
                Ok(page) => page,
                Err(error) if error.is_of_one_request() => return Ok(Some(DetailsAnswer::Missing(error))),
                Err(error) if error.is_bad_answer() => return Ok(Some(DetailsAnswer::Unreadable(error))),
                Err(error) => return Ok(Some(DetailsAnswer::Busy(error))),
            };
            steps.extend(page.rows);
            link = page.next_link;
            if link.is_none() {
                break;
            }
        }
        Ok(Some(DetailsAnswer::Steps(steps)))
    }

    /// Waits for room in the budget, but not longer than until the next poll; says whether there is.
    async fn take_for_details(&self, context: &SourceRun) -> Result<bool, RunError> {
        let Some(DetailsReading { limits, turn: Some(turn), .. }) = &self.details else { return Ok(false) };
        loop {
            let wait = self.budget.take_for_details(context, &self.source.ours().clone(), *limits).await?;
            let Some(wait) = wait else { return Ok(true) };
            if Instant::now() + wait > turn.until {
                return Ok(false);
            }
            debug!(wait_ms = wait.as_millis(), "request budget for details is used up");
            // A millisecond more: then the oldest is outside of the window, and not at its edge.
            sleep(wait + Duration::from_millis(1)).await;
        }
    }

    fn details_batch(&self, wanted: WantedDetails, steps: &[Row]) -> RecordBatch {
        let steps: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
        let WantedDetails { key, status, record, .. } = wanted;
        let row = RecordKey::of(&record);
        RecordBatch {
            source: Arc::clone(&self.identity),
            records: format!(r#"{{"trace":{record},"details":[{}]}}"#, steps.join(",")),
            // Beside that of the row, and the same when they are read again after a crash.
            keys: vec![RecordKey { identity: row.identity.map(|byte| !byte), content: row.content }].into(),
            origin: Origin { read_at: Some(self.source.ours().wall()), file: None },
            output: None,
            dead_letters: Vec::new(),
            position: None,
            checkpoint: Arc::new(DetailsCheckpoint { key, status }),
        }
    }

    /// Details that cannot be had: this is said once, and they are not asked for again.
    async fn give_up(&self, context: &SourceRun, wanted: WantedDetails, error: &PollError) -> Result<(), RunError> {
        warn!(source = self.identity.label, error = chain(error), "service has no details of a delivery");
        self.counts.details_missing.inc();
        let WantedDetails { key, status, .. } = wanted;
        context.ledger(move |ledger, source| ledger.commit_details(source, key, &status, &[])).await
    }

    /// Details that the settings do not want any more: they are read when the settings want them again and the row is
    /// still among those that polls read.
    async fn forget(&self, context: &SourceRun, wanted: WantedDetails) -> Result<(), RunError> {
        let now = self.source.ours().wall();
        let WantedDetails { key, status, .. } = wanted;
        let note = DetailsNote { key, status, record: None, due: now, received: now };
        context.ledger(move |ledger, source| ledger.commit_rows(source, &[], slice::from_ref(&note), &[])).await
    }

    async fn postpone(&self, context: &SourceRun, wanted: WantedDetails, error: &PollError) -> Result<(), RunError> {
        let WantedDetails { key, attempts, .. } = wanted;
        let delay = FIRST_DELAY * 2_u32.pow(attempts.min(MOST_ATTEMPTS));
        warn!(
            source = self.identity.label,
            error = chain(error),
            delay_ms = delay.as_millis(),
            "could not read details of a delivery; trying again later"
        );
        let due = self.source.ours().wall() + signed(delay);
        context.ledger(move |ledger, source| ledger.postpone_details(source, key, due)).await
    }
}
