//! Collects from one service of Microsoft: a poll is a pass, a pass is windows, a window is pages.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::time::Instant;
use tracing::{debug, error};

use super::{
    RunError, Summary,
    batches::{batches, records},
    budget::{Budget, Purpose},
    delivery::{Batch, Delivery},
    judge::{Belongs, Times},
    pass::{Pass, PassSettings, Width},
    progress::{Teller, Watched},
    shared::Shared,
    walk::Walk,
};
use crate::{
    config::{ServiceConfig, ServiceKind},
    ledger::{Delivered, Next, PageDone, Progress, Verdict, Window},
    mapper::{Mapper, Origin},
    observe::metrics::{OfSource, metrics},
    sources::microsoft::{AGREEMENT, Page, PollError, Row, ServiceSource},
    support::clock::Clock,
};

/// Why rows of a gap cannot be had.
const TOO_OLD: &str = "older than the service keeps records";

/// One service with its mapper.
pub struct ServiceCollector {
    /// What the ledger knows it by.
    pub(super) name: String,
    /// What metrics and health know it by.
    pub(super) label: String,
    pub(super) counts: OfSource,
    /// Between polls.
    pub(super) interval: Duration,
    kind: ServiceKind,
    pub(super) source: ServiceSource,
    mapper: Mapper,
    pub(super) budget: Budget,
    settings: PassSettings,
    pub(super) batch_size: u32,
    width: Width,
    pub(super) pass: Option<Pass>,
    pub(super) walk: Option<Walk>,
    /// When the pass began, by the steady clock.
    pass_began: Duration,
    /// How often in a pass the service did not want to be asked for the future.
    pub(super) future_ends: u32,
    /// What is covered lies in the future by one of the clocks.
    pub(super) is_ahead: bool,
    /// What was noted as covered and lay in the future, until it was read again.
    pub(super) taken_back: Option<DateTime<Utc>>,
    token_until: Option<DateTime<Utc>>,
    teller: Teller,
    /// Times of which records may be missing, noted and not yet counted.
    gaps: u64,
}

/// What the ledger knows a source by: as long as it stays the same, so does what is done.
pub fn service_name(config: &ServiceConfig) -> String {
    let client = config.credential.client_id().unwrap_or("system");
    format!("{} {} {} {client}", config.kind.as_str(), config.url.as_str().trim_end_matches('/'), config.tenant_id)
}

/// What the ledger counts the requests of a source by: its tenant, whoever asks.
pub fn budget_name(config: &ServiceConfig) -> String {
    format!("{} {}", config.kind.as_str(), config.tenant_id.to_lowercase())
}

/// A page on its way, with where it comes from.
pub(super) struct Collected {
    page: Page,
    read_at: DateTime<Utc>,
}

impl ServiceCollector {
    /// Puts a source and its mapper together; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name for signing in or for HTTP.
    pub fn new(config: &ServiceConfig, mapper: Mapper) -> Result<Self, PollError> {
        Ok(Self {
            name: service_name(config),
            label: config.name.clone(),
            counts: metrics().source(&config.name),
            interval: config.interval,
            kind: config.kind,
            source: ServiceSource::new(config)?,
            mapper,
            budget: Budget::new(budget_name(config), config.request_budget),
            settings: PassSettings {
                initial_interval: config.initial_interval,
                additional_look_back: config.additional_look_back,
                min_age: config.min_age,
                oldest: config.kind.keeps(),
            },
            batch_size: config.batch_size,
            width: Width::first(),
            pass: None,
            walk: None,
            pass_began: Duration::ZERO,
            future_ends: 0,
            is_ahead: false,
            taken_back: None,
            token_until: None,
            teller: Teller::new(config.request_budget),
            gaps: 0,
        })
    }

    /// What maps its records.
    pub(super) fn mapper(&self) -> &Mapper {
        &self.mapper
    }

    /// Tells the time by other clocks.
    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.source.set_clock(clock);
    }

    /// Lets somebody watch how far it comes.
    pub fn watch(&self) -> Watched {
        Watched { name: self.label.clone(), progress: self.teller.watch() }
    }

    /// Reads the next page; `None` at the end of a poll. Sends one request for a page, and another one with a new token
    /// if the first was refused for its token; whoever calls waits before any more.
    pub(super) async fn next_page(&mut self, shared: &Shared) -> Result<Option<Collected>, RunError> {
        if let Err(error) = self.sign_in(shared).await {
            self.note_start(shared, self.source.now() - self.settings.initial_interval).await?;
            return Err(error);
        }
        loop {
            if self.walk.is_none() {
                self.begin_window(shared).await?;
            }
            if !self.leave_place(shared).await? {
                break;
            }
        }
        if self.walk.is_none() {
            if self.end_pass() {
                self.begin_window(shared).await?;
            }
            if self.walk.is_none() {
                self.end_pass();
                self.teller.end();
                return Ok(None);
            }
        }
        match self.ask(shared).await {
            // The token may have ended early: one new one, once.
            Err(RunError::Poll { source, .. }) if source.is_refused_token() => {
                self.sign_in(shared).await?;
                self.ask(shared).await
            }
            asked => asked,
        }
    }

    async fn ask(&mut self, shared: &Shared) -> Result<Option<Collected>, RunError> {
        let Some(walk) = &self.walk else { return Ok(None) };
        let purpose = if walk.is_repairing() { Purpose::Repair } else { Purpose::Reading };
        let asked = Instant::now();
        self.budget.take(shared, &self.source.ours().clone(), purpose).await?;
        let began = Instant::now();
        self.counts.budget_wait_seconds.inc_by((began - asked).as_secs_f64());
        let request = walk.request(self.batch_size, self.kind.most_rows(), self.source.now());
        let answer = self.source.page(request).await;
        self.counts.request_seconds.observe(began.elapsed().as_secs_f64());
        let page = answer.map_err(|error| self.failed(error))?;
        self.counts.pages_read.inc();
        self.counts.records_read.inc_by(page.rows.len() as u64);
        Ok(Some(Collected { page, read_at: self.source.ours().wall() }))
    }

    /// Maps the rows of a page that are new or changed, gives them to every output, and notes them in the ledger:
    /// last, so that a crash repeats and never skips.
    pub(super) async fn deliver(&mut self, collected: Collected, shared: &Shared) -> Result<Summary, RunError> {
        let delivered = self.deliver_page(collected, shared).await;
        if delivered.is_err() {
            // The ledger knows best how far it went.
            (self.pass, self.walk) = (None, None);
        }
        delivered
    }

    async fn deliver_page(
        &mut self,
        Collected { mut page, read_at }: Collected,
        shared: &Shared,
    ) -> Result<Summary, RunError> {
        let Some(walk) = &self.walk else { return Ok(Summary::default()) };
        let known_until = self.pass.as_ref().and_then(|pass| pass.known_until);
        let (name, keys) = (self.name.clone(), page.rows.iter().map(|row| row.key.identity).collect::<Vec<_>>());
        let (mut known, progress) = shared
            .ledger(move |ledger| Ok((ledger.known(&name, keys.iter().copied())?, ledger.progress(&name)?)))
            .await?;
        let times = self.times(walk, &progress);
        let mut summary = Summary { pages: 1, rows: page.rows.len() as u64, ..Summary::default() };
        let (mut wanted, mut touched) = (Vec::new(), Vec::new());
        for row in &page.rows {
            let place = times.place(row.received);
            if place == Belongs::Elsewhere {
                summary.skipped += 1;
                continue;
            }
            let is_odd = place == Belongs::Nowhere;
            match known.judge(row.key.identity, row.key.content) {
                Verdict::Repeated => {
                    summary.repeated += 1;
                    if is_odd {
                        // It may come with every page.
                        touched.push(times.delivered(row));
                    }
                    continue;
                }
                Verdict::Changed => summary.changed += 1,
                Verdict::New => {
                    let is_late = known_until.is_some_and(|until| row.received.is_some_and(|it| it < until));
                    summary.late += u64::from(is_late && !is_odd);
                }
            }
            summary.misdated += u64::from(is_odd);
            wanted.push(row.clone());
        }
        let is_newest_first = self.kind == ServiceKind::Graph;
        let Some(walk) = &mut self.walk else { return Ok(Summary::default()) };
        let next = walk.accept(&page, wanted.len(), is_newest_first);
        let (pages, asked) = (walk.pages, walk.asked());
        let window = walk.window();
        page.rows = Vec::new();
        let mut last = None;
        for rows in batches(&wanted) {
            if let Some((rows, delivery)) = last.take() {
                self.note_rows(shared, rows, times, delivery).await?;
            }
            let delivery = shared.deliver(&self.mapper, self.batch(rows, read_at)).await?;
            summary += delivery.summary;
            self.counts.delivered_until(delivery.newest);
            last = Some((rows, delivery));
        }
        // The last batch is noted with the page.
        let (rest, delivery) = last.unzip();
        let rest = rest.unwrap_or_default();
        let marks = delivery.as_ref().map_or_else(Vec::new, |delivery| delivery.marks.clone());
        let is_done = next == Next::Done;
        let done = PageDone {
            delivered: rest.iter().map(|row| times.delivered(row)).collect(),
            touched,
            changed: summary.changed,
            late: summary.late,
            next,
            marks,
            ..self.window_done()
        };
        let done = Arc::new(done);
        let name = self.name.clone();
        shared.ledger(move |ledger| ledger.commit_page(&name, &done)).await?;
        delivery.into_iter().for_each(Delivery::noted);
        self.counts.records_repeated.inc_by(summary.repeated);
        self.counts.records_changed.inc_by(summary.changed);
        self.counts.records_late.inc_by(summary.late);
        self.counts.records_skipped.inc_by(summary.skipped);
        self.counts.records_misdated.inc_by(summary.misdated);
        debug!(
            rows = summary.rows,
            repeated = summary.repeated,
            documents = summary.documents,
            window_start = window.start.to_rfc3339_opts(SecondsFormat::Millis, true),
            window_end = window.end.to_rfc3339_opts(SecondsFormat::Millis, true),
            is_done,
            "page delivered"
        );
        if is_done {
            self.width = self.width.after(pages);
            self.leave_window(asked);
        }
        self.teller.count(summary.rows);
        self.tell_place();
        Ok(summary)
    }

    fn batch(&self, rows: &[Row], read_at: DateTime<Utc>) -> Batch {
        Batch {
            source: self.name.clone(),
            label: self.label.clone(),
            records: records(rows),
            rows: rows.iter().map(|row| (row.key.identity, row.key.content)).collect(),
            origin: Origin { read_at: Some(read_at), file: None },
            only: None,
            kept_under: self.name.clone(),
        }
    }

    /// Notes rows of a page that is not yet delivered in full.
    async fn note_rows(&self, shared: &Shared, rows: &[Row], times: Times, delivery: Delivery) -> Result<(), RunError> {
        let rows: Vec<Delivered> = rows.iter().map(|row| times.delivered(row)).collect();
        let (name, marks) = (self.name.clone(), delivery.marks.clone());
        shared.ledger(move |ledger| ledger.commit_rows(&name, &rows, &marks)).await?;
        delivery.noted();
        Ok(())
    }

    async fn sign_in(&mut self, shared: &Shared) -> Result<(), RunError> {
        let signed_in = self.source.sign_in().await;
        signed_in.map_err(|source| RunError::Poll { name: self.label.clone(), source })?;
        let until = self.source.token_until();
        if let Some(token_until) = until.filter(|_| until != self.token_until) {
            let name = self.name.clone();
            shared.ledger(move |ledger| ledger.note_token(&name, token_until)).await?;
            self.token_until = until;
        }
        Ok(())
    }

    /// The times for which there are windows, while a page is judged.
    fn times(&self, walk: &Walk, progress: &Progress) -> Times {
        let asked = walk.asked();
        let first = progress.covered_from.map_or(asked.start, |first| first.min(asked.start));
        let target = self.pass.as_ref().map_or(asked.end, |pass| pass.target.max(asked.end));
        Times { asked, first, now: self.source.now().max(target) }
    }

    /// Goes on in the window that was begun, or begins the next one of the pass, or a pass.
    async fn begin_window(&mut self, shared: &Shared) -> Result<(), RunError> {
        if self.pass.is_none() {
            self.tell_time(shared).await?;
            let progress = self.progress(shared).await?;
            let now = self.source.now();
            let certain = now.min(self.source.ours().wall());
            let Some(pass) = Pass::new(&progress, now, certain, &self.settings) else { return Ok(()) };
            if let Some(lost) = pass.lost {
                self.note_lost(shared, lost).await?;
            }
            if progress.covered_until.is_none() {
                self.note_start(shared, pass.start).await?;
            }
            self.pass = Some(pass);
            self.pass_began = self.source.ours().steady();
            if let Some(in_progress) = progress.in_progress {
                self.walk = Some(Walk::of(in_progress));
                self.tell_place();
                return Ok(());
            }
        }
        self.walk = self.pass.as_ref().and_then(|pass| pass.window(self.width)).map(Walk::new);
        self.tell_place();
        Ok(())
    }

    /// The pass is over. Says whether it was begun with a wrong time, so that there is more to read at once.
    fn end_pass(&mut self) -> bool {
        // By the time that the service did not refuse, if it has refused one.
        let now = self.source.now();
        (self.future_ends, self.taken_back) = (0, None);
        self.source.forget_refused_end();
        let Some(pass) = self.pass.take() else { return false };
        let took = self.source.ours().steady().saturating_sub(self.pass_began);
        now - self.settings.min_age > pass.target + took + AGREEMENT
    }

    /// Notes where the first pass begins: whatever keeps it from its first page, however long, nothing is left out.
    async fn note_start(&self, shared: &Shared, start: DateTime<Utc>) -> Result<(), RunError> {
        let name = self.name.clone();
        shared.ledger(move |ledger| ledger.note_start(&name, start)).await
    }

    fn tell_place(&self) {
        if let Some(pass) = &self.pass {
            self.teller.tell_place(pass, self.walk.as_ref());
        }
    }

    /// Notes that the rest of the window cannot be had.
    pub(super) async fn finish_window(&mut self, shared: &Shared) -> Result<(), RunError> {
        let Some(asked) = self.walk.as_ref().map(Walk::asked) else { return Ok(()) };
        let (name, done) = (self.name.clone(), Arc::new(self.window_done()));
        shared.ledger(move |ledger| ledger.commit_page(&name, &done)).await?;
        self.leave_window(asked);
        Ok(())
    }

    /// What the ledger notes of the window when it is done, rows apart.
    fn window_done(&self) -> PageDone {
        let walk = self.walk.as_ref();
        let window = walk.map_or(Window { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH }, Walk::window);
        // Whatever is said to be covered, no row was ever received in the future.
        let newest = walk.and_then(Walk::newest).map(|newest| newest.min(window.end));
        PageDone {
            window: Window { end: window.end.max(window.start), ..window },
            delivered: Vec::new(),
            touched: Vec::new(),
            changed: 0,
            late: 0,
            next: Next::Done,
            covered: walk.and_then(Walk::covered),
            read: walk.map_or_else(Vec::new, Walk::read),
            keep_from: newest.map(|newest| newest - self.settings.additional_look_back),
            marks: Vec::new(),
        }
    }

    fn leave_window(&mut self, window: Window) {
        self.walk = None;
        match &mut self.pass {
            Some(pass) if window.start <= pass.position => pass.advance(window),
            // A run before had begun it, in the middle of its pass. What is known of rows has moved on with it, so the
            // pass of this run would read again what is forgotten.
            _ => self.pass = None,
        }
    }

    /// How many times were noted of which records may be missing, since it was asked last.
    pub(super) fn take_gaps(&mut self) -> u64 {
        std::mem::take(&mut self.gaps)
    }

    pub(super) async fn note_gap(
        &mut self,
        shared: &Shared,
        gap: Window,
        reason: &'static str,
    ) -> Result<(), RunError> {
        let [from, to] = [gap.start, gap.end].map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
        error!(source = self.label, from, to, reason, "records are missing");
        self.gaps += 1;
        let name = self.name.clone();
        shared.ledger(move |ledger| ledger.note_gap(&name, gap, reason)).await
    }

    async fn note_lost(&mut self, shared: &Shared, lost: Window) -> Result<(), RunError> {
        let [from, to] = [lost.start, lost.end].map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
        error!(source = self.label, from, to, reason = TOO_OLD, "records are missing");
        self.gaps += 1;
        let name = self.name.clone();
        shared.ledger(move |ledger| ledger.note_lost(&name, lost, TOO_OLD)).await
    }

    pub(super) fn failed(&self, source: PollError) -> RunError {
        RunError::Poll { name: self.label.clone(), source }
    }
}
