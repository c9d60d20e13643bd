//! A range of the past: what of a page was delivered before, and what is noted with each batch.

use std::{collections::HashSet, sync::Arc};

use super::{
    super::{
        page::Row,
        page_delivery::{PageCheckpoint, PastCheckpoint, RowsCheckpoint},
        poll_plan::PollPlan,
        window_cursor::WindowCursor,
    },
    ServiceCollector,
};
use crate::{
    ledger::{Delivered, DetailsNote, Known, PageDone, PastCounts, PastDone, SourceProgress},
    pipeline::{Checkpoint, RunError, SourceRun},
};

/// What of the rows of a page was delivered before it was read for a range.
#[derive(Default)]
pub(super) struct DeliveredBefore {
    /// What the rows are known by that were delivered with another content.
    changed: HashSet<[u8; 16]>,
    /// How many were delivered as they are, those apart that this very reading has read already.
    known: u64,
}

impl DeliveredBefore {
    /// Looks at rows: `own` is what this reading has delivered, `others` is what was delivered besides.
    pub(super) fn of<'r>(rows: impl Iterator<Item = &'r Row>, own: &Known, others: &Known) -> Self {
        let mut before = Self::default();
        for row in rows {
            if own.has(row.key) {
                continue;
            }
            if others.has(row.key) {
                before.known += 1;
            } else if own.has_identity(row.key.identity) || others.has_identity(row.key.identity) {
                before.changed.insert(row.key.identity);
            }
        }
        before
    }

    fn counts(&self, rows: &[Delivered], page: Option<&PageDone>) -> PastCounts {
        let changed = rows.iter().filter(|row| self.changed.contains(&row.key.identity)).count() as u64;
        let (pages, known) = if page.is_some() { (1, self.known) } else { (0, 0) };
        PastCounts { pages, new: rows.len() as u64 - changed, known, changed }
    }
}

impl ServiceCollector {
    /// What is to be read: of a range, what is left of it.
    pub(super) fn plan(&self, progress: &SourceProgress) -> Option<PollPlan> {
        if let Some(reading) = &self.reading {
            return PollPlan::of_range(progress, reading.range);
        }
        let now = self.source.now();
        PollPlan::new(progress, now, now.min(self.source.ours().wall()), &self.settings)
    }

    /// Nobody asks for a range that is not past.
    pub(super) fn known_past(&self, cursor: WindowCursor) -> WindowCursor {
        if self.reading.is_some() { cursor.known_past() } else { cursor }
    }

    /// What is noted when rows are delivered; with the page, when they are its last ones.
    pub(super) fn checkpoint(
        &self,
        rows: Vec<Delivered>,
        page: Option<PageDone>,
        before: &DeliveredBefore,
        details: Vec<DetailsNote>,
    ) -> Arc<dyn Checkpoint> {
        match (&self.reading, page) {
            (None, None) => Arc::new(RowsCheckpoint { rows, details }),
            (None, Some(page)) => Arc::new(PageCheckpoint { page: PageDone { delivered: rows, ..page }, details }),
            (Some(reading), page) => {
                let (source, counts) = (reading.rows.told().map(str::to_owned), before.counts(&rows, page.as_ref()));
                Arc::new(PastCheckpoint(PastDone { source, delivered: rows, page, counts }))
            }
        }
    }

    /// Notes a window that is done without a page.
    pub(super) async fn note_window(&self, context: &SourceRun, page: PageDone) -> Result<(), RunError> {
        let Some(reading) = &self.reading else {
            return context.ledger(move |ledger, source| ledger.commit_page(source, &page, &[])).await;
        };
        let source = reading.rows.told().map(str::to_owned);
        let done = PastDone { source, page: Some(page), ..PastDone::default() };
        context.ledger(move |ledger, reading| ledger.commit_past(reading, &done, &[])).await
    }
}
