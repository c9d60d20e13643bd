//! Collects from one service of Microsoft: a poll is a plan of windows, a window is pages, a page is batches.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    PollError,
    budget::{BUDGET_WINDOW, Budget, Purpose},
    clock::AGREEMENT,
    details_reading::DetailsReading,
    look_back::LookBack,
    page::Page,
    page_delivery::PageDelivery,
    poll_plan::{PollPlan, PollSettings, Width},
    progress_reporter::ProgressReporter,
    service::ServiceSource,
    settings::budget_name,
    window_cursor::WindowCursor,
};
use crate::{
    ledger::{Lateness, Next, PageDone, Window},
    observe::metrics::{OfSource, metrics},
    pipeline::{
        Committed, PollUnderWay, RangeReading, RecordBatch, Remedy, RequestLimit, RunError, Source, SourceError,
        SourceIdentity, SourceRun, Summary, WatchedSource,
    },
    sources::microsoft::{ServiceConfig, ServiceKind},
};

mod clock_check;
mod details;
mod lateness;
mod pages;
mod range;
mod recovery;

/// By how much the pages of a range of the past are longer.
const LONGER_PAGES: u32 = 5;

/// One service, as the loop reads it.
pub(crate) struct ServiceCollector {
    identity: Arc<SourceIdentity>,
    counts: OfSource,
    /// Between polls.
    interval: Duration,
    kind: ServiceKind,
    source: ServiceSource,
    budget: Budget,
    settings: PollSettings,
    look_back: LookBack,
    /// How far back polls read as a rule, by what is measured.
    usual_look_back: Duration,
    batch_size: u32,
    width: Width,
    /// None when nobody wants details, and for a range of the past.
    details: Option<DetailsReading>,
    /// The range of the past that it reads; none when it polls.
    reading: Option<RangeReading>,
    /// The past waits as long as a poll is under way.
    poll: Option<PollUnderWay>,
    plan: Option<PollPlan>,
    cursor: Option<WindowCursor>,
    /// What is left of the page that was read last.
    page: Option<PageDelivery>,
    /// When the plan was made, by the steady clock.
    plan_began: Duration,
    /// How often in a row there was no page.
    failures: u32,
    /// How often in a poll the service did not want to be asked for the future.
    future_ends: u32,
    /// What is covered lies in the future by one of the clocks.
    is_ahead: bool,
    /// What was noted as covered and lay in the future, until it was read again.
    taken_back: Option<DateTime<Utc>>,
    token_until: Option<DateTime<Utc>>,
    reporter: ProgressReporter,
    /// What is counted and not yet taken.
    summary: Summary,
}

#[async_trait]
impl Source for ServiceCollector {
    fn interval(&self) -> Duration {
        self.interval
    }

    async fn begin(&mut self, context: &SourceRun) -> Result<(), RunError> {
        self.source.set_clock(context.clock().clone());
        self.drop_details(context).await
    }

    async fn next(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        loop {
            if let Some(batch) = self.page.as_mut().and_then(PageDelivery::next_batch) {
                return Ok(Some(batch));
            }
            if self.is_reading_details() {
                return self.next_details(context).await;
            }
            match self.next_page(context).await {
                Ok(Some((page, read_at))) => {
                    self.failures = 0;
                    self.take(page, read_at, context).await?;
                }
                Ok(None) => {
                    (self.failures, self.poll) = (0, None);
                    if !self.begin_details(context) {
                        return Ok(None);
                    }
                }
                Err(error) => {
                    if !self.recover(context, &error).await? {
                        // Until it is asked again, the past may go on.
                        (self.failures, self.poll) = (self.failures + 1, None);
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The rest of the page that is being delivered: what is noted with its batches depends on nothing of those in front.
    async fn read_ahead(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        Ok(self.page.as_mut().and_then(PageDelivery::next_batch))
    }

    fn secret_files(&self) -> Vec<PathBuf> {
        self.source.secret_files()
    }

    fn has_read_ahead(&self) -> bool {
        self.page.is_some()
    }

    fn committed(&mut self, committed: &Committed, _: &SourceRun) {
        self.counts.delivered_until(committed.newest);
        self.batch_committed(committed.summary.documents);
    }

    fn rewind(&mut self) {
        (self.plan, self.cursor, self.page, self.poll) = (None, None, None, None);
    }

    fn report_health(&self, context: &SourceRun) {
        if self.reading.is_some() {
            return;
        }
        match self.attention() {
            Some(reason) => context.needs_attention(reason),
            None => context.working(),
        }
    }

    fn take_summary(&mut self) -> Summary {
        std::mem::take(&mut self.summary)
    }

    fn watch(&self) -> Option<WatchedSource> {
        Some(WatchedSource { name: self.identity.label.clone(), progress: self.reporter.watch() })
    }
}

impl ServiceCollector {
    /// Gets a source ready; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name for signing in or for HTTP.
    pub(crate) fn new(config: &ServiceConfig, identity: Arc<SourceIdentity>) -> Result<Self, PollError> {
        Ok(Self {
            counts: metrics().source(&identity.label),
            identity,
            interval: config.interval,
            kind: config.kind,
            source: ServiceSource::new(config)?,
            budget: Budget::new(budget_name(config), config.request_budget),
            settings: PollSettings {
                initial_interval: config.initial_interval,
                // Until the ledger says more.
                additional_look_back: config.additional_look_back.longest(),
                min_age: config.min_age,
                oldest: config.kind.keeps(),
            },
            look_back: config.additional_look_back,
            usual_look_back: Duration::ZERO,
            batch_size: config.batch_size,
            width: Width::first(),
            details: DetailsReading::new(config),
            reading: None,
            poll: None,
            plan: None,
            cursor: None,
            page: None,
            plan_began: Duration::ZERO,
            failures: 0,
            future_ends: 0,
            is_ahead: false,
            taken_back: None,
            token_until: None,
            reporter: ProgressReporter::new(RequestLimit { requests: config.request_budget, window: BUDGET_WINDOW }),
            summary: Summary::default(),
        })
    }

    /// The same for a range of the past: in longer pages, since nobody waits for the first row.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub(super) fn of_range(
        config: &ServiceConfig,
        identity: Arc<SourceIdentity>,
        reading: RangeReading,
    ) -> Result<Self, PollError> {
        let collector = Self::new(config, identity)?;
        let batch_size = config.batch_size.saturating_mul(LONGER_PAGES).min(config.kind.most_rows());
        // The seam of two windows is known by the newest row of the first.
        let look_back = LookBack::Fixed(Duration::ZERO);
        Ok(Self { look_back, batch_size, details: None, reading: Some(reading), ..collector })
    }

    /// Reads the next page; `None` at the end of a poll. Sends one request for a page, and another one with a new token
    /// if the first was refused for its token; the caller waits before it tries again.
    async fn next_page(&mut self, context: &SourceRun) -> Result<Option<(Page, DateTime<Utc>)>, RunError> {
        if let Err(error) = self.sign_in(context).await {
            self.note_start(context, self.source.now() - self.settings.initial_interval).await?;
            return Err(error);
        }
        loop {
            if self.cursor.is_none() {
                self.begin_window(context).await?;
            }
            if !self.leave_place(context).await? {
                break;
            }
        }
        if self.cursor.is_none() {
            if self.end_plan() {
                self.begin_window(context).await?;
            }
            if self.cursor.is_none() {
                self.end_plan();
                self.reporter.end();
                return Ok(None);
            }
        }
        match self.ask(context).await {
            // The token may have ended early: one new one, once.
            Err(error) if poll_error(&error).is_some_and(PollError::is_refused_token) => {
                self.sign_in(context).await?;
                self.ask(context).await
            }
            asked => asked,
        }
    }

    async fn ask(&mut self, context: &SourceRun) -> Result<Option<(Page, DateTime<Utc>)>, RunError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let purpose = Purpose::new(self.reading.is_some(), cursor.is_repairing());
        let asked = Instant::now();
        self.budget.take(context, &self.source.ours().clone(), purpose).await?;
        let began = Instant::now();
        self.counts.budget_wait_seconds.inc_by((began - asked).as_secs_f64());
        let request = cursor.request(self.batch_size, self.kind.most_rows(), self.source.now());
        let answer = self.source.page(request).await;
        self.counts.request_seconds.observe(began.elapsed().as_secs_f64());
        let page = answer.map_err(|error| self.failed(error))?;
        self.counts.pages_read.inc();
        self.counts.records_read.inc_by(page.rows.len() as u64);
        Ok(Some((page, self.source.ours().wall())))
    }

    async fn sign_in(&mut self, context: &SourceRun) -> Result<(), RunError> {
        let signed_in = self.source.sign_in().await;
        signed_in.map_err(|error| self.failed(error))?;
        let until = self.source.token_until();
        if let Some(token_until) = until.filter(|_| until != self.token_until) {
            context.ledger(move |ledger, source| ledger.note_token(source, token_until)).await?;
            self.token_until = until;
        }
        Ok(())
    }

    /// Goes on in the window that was begun, or begins the next one of the plan, or a plan.
    async fn begin_window(&mut self, context: &SourceRun) -> Result<(), RunError> {
        if self.plan.is_none() {
            self.tell_time(context).await?;
            let progress = self.progress(context).await?;
            let is_deep = self.choose_look_back(context).await?;
            let Some(plan) = self.plan(&progress) else { return Ok(()) };
            if is_deep && progress.covered_until.is_some() {
                self.note_look_back(context).await?;
            }
            if self.reading.is_none() {
                self.poll = Some(self.budget.begin_poll(context));
            }
            if let Some(lost) = plan.lost {
                self.note_lost(context, lost).await?;
            }
            if progress.covered_until.is_none() {
                self.note_start(context, plan.start).await?;
            }
            self.plan = Some(plan);
            self.plan_began = self.source.ours().steady();
            if let Some(in_progress) = progress.in_progress {
                self.cursor = Some(self.known_past(WindowCursor::of(in_progress)));
                self.report_place();
                return Ok(());
            }
        }
        let window = self.plan.as_ref().and_then(|plan| plan.window(self.width));
        self.cursor = window.map(|window| self.known_past(WindowCursor::new(window)));
        self.report_place();
        Ok(())
    }

    /// The plan is over. Says whether it was begun with a wrong time, so that there is more to read at once.
    fn end_plan(&mut self) -> bool {
        // By the time that the service did not refuse, if it has refused one.
        let now = self.source.now();
        (self.future_ends, self.taken_back) = (0, None);
        self.source.forget_refused_end();
        let Some(plan) = self.plan.take() else { return false };
        let took = self.source.ours().steady().saturating_sub(self.plan_began);
        self.reading.is_none() && now - self.settings.min_age > plan.target + took + AGREEMENT
    }

    /// Notes where the first poll begins: nothing is left out, however long its first page fails.
    async fn note_start(&self, context: &SourceRun, start: DateTime<Utc>) -> Result<(), RunError> {
        context.ledger(move |ledger, source| ledger.note_start(source, start)).await
    }

    fn report_place(&self) {
        if let Some(plan) = &self.plan {
            self.reporter.report_place(plan, self.cursor.as_ref());
        }
    }

    /// Notes that the rest of the window cannot be read.
    async fn finish_window(&mut self, context: &SourceRun) -> Result<(), RunError> {
        let Some(asked) = self.cursor.as_ref().map(WindowCursor::asked) else { return Ok(()) };
        self.note_window(context, self.window_done()).await?;
        self.leave_window(asked);
        Ok(())
    }

    /// What the ledger notes of the window when it is done, rows apart.
    fn window_done(&self) -> PageDone {
        let cursor = self.cursor.as_ref();
        let window =
            cursor.map_or(Window { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH }, WindowCursor::window);
        // No row was ever received in the future, even if the ledger says that it is covered.
        let newest = cursor.and_then(WindowCursor::newest).map(|newest| newest.min(window.end));
        PageDone {
            window: Window { end: window.end.max(window.start), ..window },
            delivered: Vec::new(),
            touched: Vec::new(),
            changed: 0,
            late: 0,
            lateness: Lateness::default(),
            next: Next::Done,
            covered: cursor.and_then(WindowCursor::covered),
            read: cursor.map_or_else(Vec::new, WindowCursor::read),
            keep_from: newest.map(|newest| newest - self.look_back.longest()),
        }
    }

    fn leave_window(&mut self, window: Window) {
        self.cursor = None;
        match &mut self.plan {
            Some(plan) if window.start <= plan.position => plan.advance(window),
            // A run before had begun it, in the middle of its plan. What is known of rows has moved on with it, so the
            // plan of this run would read again what is forgotten.
            _ => self.plan = None,
        }
    }

    fn failed(&self, error: PollError) -> RunError {
        let remedy = if error.is_transient() { Remedy::Retry { after: error.retry_after() } } else { Remedy::Person };
        RunError::Source { name: self.identity.label.clone(), source: SourceError::new(error, remedy) }
    }
}

/// Why there is no page, if that is why.
fn poll_error(error: &RunError) -> Option<&PollError> {
    match error {
        RunError::Source { source, .. } => source.cause(),
        _ => None,
    }
}
