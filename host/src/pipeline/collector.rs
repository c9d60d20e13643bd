//! One source with its mapper.

use std::{iter, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{debug, error, info, warn};

use super::{RunError, Summary, error::chain};
use crate::{
    config::ServiceConfig,
    ledger::{Delivered, Ledger, MAX_LOOK_BACK, Progress, Window, WindowSettings, next_window},
    mapper::{Mapper, MapperError, Origin},
    output::Output,
    retry::Backoff,
    source::{GraphSource, Page, PageRequest, PollError, Row},
};

/// How many rows are mapped and delivered together.
const BATCH_ROWS: usize = 1000;

/// How many bytes of rows are mapped and delivered together, unless a single row is longer.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// One source with its mapper.
pub struct Collector {
    /// What the ledger knows it by.
    pub name: String,
    /// Between polls.
    pub interval: Duration,
    source: GraphSource,
    mapper: Mapper,
    windows: WindowSettings,
    is_failing: bool,
}

/// A page on its way, with the window that it belongs to.
pub(super) struct Collected {
    page: Page,
    window: Window,
    read_at: DateTime<Utc>,
}

/// What the ledger knows a source by: as long as it stays the same, so does what is done.
pub fn source_name(config: &ServiceConfig) -> String {
    format!(
        "graph {} {} {}",
        config.url.as_str().trim_end_matches('/'),
        config.tenant_id,
        config.credential.client_id().unwrap_or("system")
    )
}

impl Collector {
    /// Puts a source and its mapper together; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When this machine cannot do HTTP.
    pub fn new(config: &ServiceConfig, mapper: Mapper) -> Result<Self, PollError> {
        Ok(Self {
            name: source_name(config),
            interval: config.interval,
            source: GraphSource::new(config)?,
            mapper,
            windows: WindowSettings {
                initial_interval: config.initial_interval,
                // More would keep a window of ten days from getting on.
                additional_look_back: config.additional_look_back.min(MAX_LOOK_BACK),
                min_age: config.min_age,
            },
            is_failing: false,
        })
    }

    /// Reads the next page, again and again for as long as that may help; `None` when everything up to `now` was read.
    pub(super) async fn poll(
        &mut self,
        ledger: &mut Ledger,
        now: DateTime<Utc>,
        backoff: &Backoff,
    ) -> Result<Option<Collected>, RunError> {
        let mut attempt = 1;
        loop {
            let error = match self.next_page(ledger, now).await {
                Ok(collected) => {
                    if collected.is_some() && std::mem::take(&mut self.is_failing) {
                        info!(source = self.name, "collecting again");
                    }
                    return Ok(collected);
                }
                Err(error) => error,
            };
            self.is_failing = true;
            let delay = backoff.delay(attempt, error.retry_after(), rand::random());
            let Some(delay) = delay.filter(|_| error.is_transient()) else { return Err(error) };
            warn!(attempt, delay_ms = delay.as_millis(), error = chain(&error), "could not collect; trying again");
            sleep(delay).await;
            attempt += 1;
        }
    }

    async fn next_page(&mut self, ledger: &mut Ledger, now: DateTime<Utc>) -> Result<Option<Collected>, RunError> {
        let Progress { covered_until, known_from, in_progress } = ledger.progress(&self.name)?;
        let (window, request) = match &in_progress {
            Some((window, link)) => (*window, PageRequest::Next(link)),
            None => match next_window(covered_until, now, &self.windows) {
                Some(Window { start, end }) => {
                    // A longer look-back than before must not reach rows of which nobody knows whether they were delivered.
                    let start = known_from.map_or(start, |known_from| start.max(known_from));
                    (Window { start, end }, PageRequest::First { start, end })
                }
                None => return Ok(None),
            },
        };
        if let Some(covered) = covered_until.filter(|covered| *covered < window.start) {
            error!(source = self.name, from = %covered, to = %window.start, "records are older than the service keeps; lost");
        }
        match self.source.page(request).await {
            Ok(page) => Ok(Some(Collected { page, window, read_at: Utc::now() })),
            Err(source) => {
                if source.is_bad_link() {
                    ledger.drop_link(&self.name)?;
                }
                Err(RunError::Poll { name: self.name.clone(), source })
            }
        }
    }

    /// Maps the rows of a page that are new, gives them to every output, and notes them in the ledger: last, so that
    /// a crash repeats and never skips.
    pub(super) async fn deliver(
        &self,
        Collected { page, window, read_at }: Collected,
        outputs: &mut [Output],
        ledger: &mut Ledger,
    ) -> Result<Summary, RunError> {
        let mut summary = Summary { pages: 1, rows: page.rows.len() as u64, ..Summary::default() };
        let mut seen = ledger.delivered(&self.name, page.rows.iter().map(|row| row.key.0))?;
        let new: Vec<_> = page.rows.into_iter().filter(|row| seen.insert(row.key.0)).collect();
        summary.repeated = summary.rows - new.len() as u64;
        let origin = Origin { read_at: Some(read_at), file: None };
        for rows in batches(&new) {
            let (mapper, records, origin) = (self.mapper.clone(), records(rows), origin.clone());
            let batch = spawn_blocking(move || mapper.map_batch(&records, &origin)).await??;
            if batch.outcomes.len() != rows.len() {
                // The ledger would note rows of which nothing was delivered.
                let problem = format!("{} outcomes for {} records", batch.outcomes.len(), rows.len());
                return Err(MapperError::Contract(problem).into());
            }
            for output in &mut *outputs {
                output.deliver(&batch)?;
            }
            summary.count(&batch);
        }
        // A row that does not say when it was received is kept as long as the newest of its window.
        let delivered = |row: &Row| Delivered { key: row.key.0, received: row.received.unwrap_or(window.end) };
        let delivered: Vec<_> = new.iter().map(delivered).collect();
        let keep_from = window.end - self.windows.additional_look_back;
        ledger.commit_page(&self.name, window, &delivered, page.next_link.as_deref(), keep_from)?;
        debug!(rows = summary.rows, repeated = summary.repeated, documents = summary.documents, "page delivered");
        Ok(summary)
    }
}

/// Rows cut into batches.
fn batches(mut rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |row: &&Row| {
            bytes += row.text.len();
            bytes <= BATCH_BYTES
        };
        let count = rows.iter().take(BATCH_ROWS).take_while(fits).count().max(1).min(rows.len());
        let (batch, rest) = rows.split_at(count);
        rows = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Rows as the mapper takes them: one a line.
fn records(rows: &[Row]) -> String {
    let texts: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RowKey;

    #[test]
    fn batches_have_a_bounded_size() {
        let row = |length| Row { text: "x".repeat(length), key: RowKey([0; 16]), received: None };
        let sizes = |rows: &[Row]| batches(rows).map(<[Row]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec![row(1); 2 * BATCH_ROWS + 1]), [BATCH_ROWS, BATCH_ROWS, 1]);
        assert_eq!(sizes(&[row(BATCH_BYTES + 1), row(BATCH_BYTES), row(1), row(1)]), [1, 1, 2]);
    }
}
