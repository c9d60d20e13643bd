//! Compares what the service has with what was delivered, and delivers what is missing.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tracing::info;

use super::{
    asked_source::{AskedSource, choose, range},
    compared_output::ComparedOutput,
    judged_batch::{JudgedBatch, KnownRows},
    queryable::Queryable,
    question_error::QuestionError,
    range_reading::RangeRows,
    range_run::RangeRun,
    statement::{AuditedGap, Statement},
};
use crate::{
    ledger::{AUDIT, AuditBook, Gap, Ledger, LedgerError, Window},
    pipeline::{
        batch_mapping, delivery::deliver, record_batch::RecordBatch, run_context::RunContext, source_run::SourceRun,
    },
};

/// Why documents that only the store has are not counted.
const OTHERS_WRITE: &str = "the settings have several sources, and the store does not say which document is of which";

/// A range that somebody wants compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// The source; may be left out when there is one that can be asked.
    pub source: Option<String>,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// The output to compare with; none: what the ledger knows.
    pub against: Option<String>,
    /// Whether what is missing is delivered.
    pub is_repair: bool,
}

/// Compares a range.
pub(super) async fn audit(
    run: &RunContext,
    sources: &[AskedSource],
    wanted: &Audit,
) -> Result<Statement, QuestionError> {
    let chosen = choose(sources, wanted.source.as_deref())?;
    let range = range(wanted.from, wanted.to, run.clock().wall(), chosen.1)?;
    let range = Window { start: range.start.trunc_subsecs(3), end: range.end.trunc_subsecs(3) };
    let run = run.once();
    let compared = match &wanted.against {
        Some(name) => Some(ComparedOutput::named(&run, name).await?),
        None => None,
    };
    let name = chosen.0.settings.ledger_name();
    let (source, folder) = (name.clone(), run.dead_letter_path());
    let book = run
        .ledger(move |ledger| {
            ledger.begin_past(AUDIT, &source, range)?;
            AuditBook::new(ledger.path().parent().unwrap_or(&folder))
        })
        .await?;
    let mut auditor = Auditor { run, name, compared, is_repair: wanted.is_repair, book: Some(book), dead_letters: 0 };
    let unread = auditor.read(chosen, range).await?;
    let at = auditor.run.clock().wall();
    let only_in_store_unknown = auditor.list_stored(sources.len(), chosen.0, range).await?;
    let gaps = auditor.close_gaps(range, &unread).await?;
    let ([digest, digest_delivered], counts, hours) =
        auditor.with_book(|book| Ok((book.digests()?, book.counts()?, book.hours()?))).await?;
    let is_complete = counts.open() == 0 && unread.is_empty() && auditor.dead_letters == 0;
    info!(source = chosen.0.name, rows = counts.in_service, open = counts.open(), is_complete, "audit is done");
    Ok(Statement {
        source: chosen.0.name.clone(),
        tenant: chosen.1.tenant().to_owned(),
        from: range.start,
        to: range.end,
        at,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        against: wanted.against.clone(),
        is_repair: wanted.is_repair,
        is_complete,
        counts,
        only_in_store_unknown,
        dead_letters: auditor.dead_letters,
        digest,
        digest_delivered,
        gaps,
        unread,
        hours,
    })
}

/// What an audit works with.
struct Auditor {
    run: RunContext,
    /// What the ledger knows the source by.
    name: String,
    compared: Option<ComparedOutput>,
    is_repair: bool,
    /// Elsewhere while it is written.
    book: Option<AuditBook>,
    dead_letters: u64,
}

impl Auditor {
    /// Reads the range, and notes how every row stands; gives what could not be read.
    async fn read(&mut self, chosen: (&AskedSource, &dyn Queryable), range: Window) -> Result<Vec<Gap>, QuestionError> {
        let mut reading = RangeRun::begin(&self.run, AUDIT, chosen, range, RangeRows::All).await?;
        while let Some(batch) = reading.next().await? {
            let batch = Arc::new(batch);
            if batch.count() > 0 {
                let mut judged = self.judge(&batch, range).await?;
                if self.is_repair {
                    self.repair(&mut judged, &reading.context).await?;
                }
                let rows = judged.rows;
                self.with_book(move |book| book.note(&rows)).await?;
            }
            reading.note(&batch).await?;
        }
        let (_, unread) = reading.end().await?;
        Ok(unread)
    }

    /// `&mut`, since the book is for one thread at a time.
    async fn judge(&mut self, batch: &Arc<RecordBatch>, range: Window) -> Result<JudgedBatch, QuestionError> {
        let mapped = batch_mapping::map_once(batch).await?;
        let (name, identities) = (self.name.clone(), batch.keys().iter().map(|key| key.identity).collect::<Vec<_>>());
        let known = move |ledger: &mut Ledger| {
            let progress = ledger.progress(&name)?;
            Ok(KnownRows { rows: ledger.known(&name, identities.iter().copied())?, from: progress.known_from })
        };
        let known = self.run.ledger(known).await?;
        let stored = match &self.compared {
            None => None,
            Some(compared) => {
                let ids: Vec<_> = mapped.outcomes.iter().filter_map(|outcome| outcome.id()).collect();
                Some(compared.find(mapped.namespace.as_deref(), &ids).await?)
            }
        };
        Ok(JudgedBatch::new(Arc::clone(batch), &mapped, &known, stored.as_ref(), range))
    }

    /// Delivers what is missing or has changed.
    async fn repair(&mut self, judged: &mut JudgedBatch, context: &SourceRun) -> Result<(), QuestionError> {
        let compared = self.compared.as_ref().map(|compared| compared.name.as_str());
        for repair in judged.repairs(&self.name, compared) {
            let delivered = deliver(context, repair).await?.commit(context).await?;
            self.dead_letters += delivered.summary.rejected;
        }
        judged.note_repaired();
        Ok(())
    }

    /// Notes what the store has that the service lacks; says why, if it cannot.
    async fn list_stored(
        &mut self,
        sources: usize,
        source: &AskedSource,
        range: Window,
    ) -> Result<Option<String>, QuestionError> {
        let Some(compared) = self.compared.take() else { return Ok(None) };
        if sources > 1 {
            return Ok(Some(OTHERS_WRITE.to_owned()));
        }
        let namespace = source.identity.as_ref().and_then(|identity| identity.mapper.namespace().map(str::to_owned));
        let mut cursor: Option<String> = None;
        loop {
            let page = compared.list(namespace.as_deref(), range, cursor.as_deref()).await?;
            if page.documents.is_empty() {
                return Ok(None);
            }
            self.with_book(move |book| book.note_stored(&page.documents)).await?;
            let Some(next) = page.cursor else { return Ok(None) };
            cursor = Some(next);
        }
    }

    /// Closes gaps of the ledger that were found whole.
    async fn close_gaps(&mut self, range: Window, unread: &[Gap]) -> Result<Vec<AuditedGap>, QuestionError> {
        let name = self.name.clone();
        let status = self.run.ledger(move |ledger| ledger.status(&name)).await?;
        let mut audited = Vec::new();
        for gap in status.map(|status| status.gaps).unwrap_or_default() {
            let part = Window { start: gap.start.max(range.start), end: gap.end.min(range.end) };
            if part.start > part.end {
                continue;
            }
            let is_read = unread.iter().all(|unread| unread.end < part.start || unread.start > part.end);
            let is_closed = is_read && self.with_book(move |book| book.open_in(part)).await? == 0;
            if is_closed {
                let name = self.name.clone();
                self.run.ledger(move |ledger| ledger.close_gaps(&name, &[part])).await?;
            }
            audited.push(AuditedGap { gap, is_closed });
        }
        Ok(audited)
    }

    /// Lets the book do some work, where waiting for a disk does no harm.
    async fn with_book<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut AuditBook) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, QuestionError> {
        let ended = || QuestionError::Failed("the file of the audit was given up".to_owned());
        let mut book = self.book.take().ok_or_else(ended)?;
        let worked = spawn_blocking(move || {
            let done = work(&mut book);
            (book, done)
        });
        let (book, done) = worked.await.map_err(|_| ended())?;
        self.book = Some(book);
        done.map_err(|error| QuestionError::from(crate::pipeline::error::RunError::from(error)))
    }
}
