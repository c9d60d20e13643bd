//! Pages become batches, and what is delivered of them is counted.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tracing::debug;

use super::{
    super::{
        batches::{batches, records},
        judge::{Belongs, Judgement, Times},
        page::{Page, Row},
        page_delivery::{PageDelivery, WindowEnd},
        window_cursor::WindowCursor,
    },
    ServiceCollector,
    range::DeliveredBefore,
};
use crate::{
    ledger::{Known, Ledger, Next, PageDone, SourceProgress},
    mapper::Origin,
    pipeline::{Checkpoint, RecordBatch, RunError, SourceRun, Summary},
    sources::microsoft::ServiceKind,
};

impl ServiceCollector {
    /// Cuts the rows of a page that are new or changed into batches.
    pub(super) async fn take(
        &mut self,
        mut page: Page,
        read_at: DateTime<Utc>,
        context: &SourceRun,
    ) -> Result<(), RunError> {
        let keys: Vec<_> = page.rows.iter().map(|row| row.key.identity).collect();
        let left_out = self.reading.as_ref().and_then(|reading| reading.rows.left_out()).map(str::to_owned);
        let known = move |ledger: &mut Ledger, source: &str| {
            let others = left_out.as_ref().map(|left_out| ledger.known(left_out, keys.iter().copied())).transpose()?;
            Ok((ledger.known(source, keys.iter().copied())?, others.unwrap_or_default(), ledger.progress(source)?))
        };
        let (mut known, others, progress): (Known, Known, _) = context.ledger(known).await?;
        let Some(cursor) = &self.cursor else { return Ok(()) };
        let times = self.times(cursor, &progress);
        let of_window = page.rows.iter().filter(|row| times.place(row.received) != Belongs::Elsewhere);
        let before = DeliveredBefore::of(of_window, &known, &others);
        known.merge(others);
        let known_until = self.plan.as_ref().and_then(|plan| plan.known_until);
        let judgement = Judgement::of(&page.rows, &mut known, times, known_until);
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        let next = cursor.accept(&page, judgement.count(), self.kind == ServiceKind::Graph);
        let is_done = next == Next::Done;
        let (window, end) = (cursor.window(), WindowEnd { asked: cursor.asked(), pages: cursor.pages });
        let Judgement { wanted, touched, summary } = judgement;
        let mut wanted = wanted.into_iter();
        page.rows.retain(|_| wanted.next().unwrap_or_default());
        let lateness = self.lateness(&page.rows, times, known_until);
        let done =
            PageDone { touched, changed: summary.changed, late: summary.late, lateness, next, ..self.window_done() };
        let batches = self.cut(&page.rows, times, done, &before, read_at);
        self.page = Some(PageDelivery::new(batches, summary, window, is_done.then_some(end)));
        Ok(())
    }

    /// The times for which there are windows, while a page is judged.
    fn times(&self, cursor: &WindowCursor, progress: &SourceProgress) -> Times {
        let asked = cursor.asked();
        if self.reading.is_some() {
            // What has any other date is for polls.
            return Times {
                asked,
                first: DateTime::<Utc>::MIN_UTC,
                now: DateTime::<Utc>::MAX_UTC - TimeDelta::days(1),
            };
        }
        let first = progress.covered_from.map_or(asked.start, |first| first.min(asked.start));
        let target = self.plan.as_ref().map_or(asked.end, |plan| plan.target.max(asked.end));
        Times { asked, first, now: self.source.now().max(target) }
    }

    /// The rows in batches; at least one batch, with which the page is noted.
    fn cut(
        &self,
        rows: &[Row],
        times: Times,
        done: PageDone,
        before: &DeliveredBefore,
        read_at: DateTime<Utc>,
    ) -> Vec<RecordBatch> {
        let mut cut: Vec<_> = batches(rows).collect();
        let last = cut.pop().unwrap_or_default();
        let delivered = |rows: &[Row]| rows.iter().map(|row| times.delivered(row)).collect::<Vec<_>>();
        let mut batches = Vec::new();
        for rows in cut {
            let notes = self.details_notes(rows, read_at);
            batches.push(self.batch(rows, read_at, self.checkpoint(delivered(rows), None, before, notes)));
        }
        let notes = self.details_notes(last, read_at);
        batches.push(self.batch(last, read_at, self.checkpoint(delivered(last), Some(done), before, notes)));
        batches
    }

    fn batch(&self, rows: &[Row], read_at: DateTime<Utc>, checkpoint: Arc<dyn Checkpoint>) -> RecordBatch {
        RecordBatch {
            source: Arc::clone(&self.identity),
            records: records(rows),
            keys: rows.iter().map(|row| row.key).collect(),
            origin: Origin { read_at: Some(read_at), file: None },
            output: None,
            dead_letters: Vec::new(),
            position: None,
            checkpoint,
        }
    }

    /// A batch of the page is in the ledger, with this many documents; with the last one, the page is.
    pub(super) fn batch_committed(&mut self, documents: u64) {
        let Some(mut page) = self.page.take() else { return };
        page.summary.documents += documents;
        if !page.batch_committed() {
            self.page = Some(page);
            return;
        }
        let PageDelivery { summary, window, done, .. } = page;
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
            is_done = done.is_some(),
            "page delivered"
        );
        if let Some(WindowEnd { asked, pages }) = done {
            self.width = self.width.after(pages);
            self.leave_window(asked);
        }
        self.reporter.count(summary.rows);
        self.report_place();
        // The documents are counted by the loop.
        self.summary += Summary { documents: 0, ..summary };
    }
}
