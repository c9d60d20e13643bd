//! Prints documents, and counts what became of the records.

use std::{
    fmt,
    io::{self, BufWriter, Write},
    sync::mpsc::Receiver,
};

use anyhow::Context as _;

use crate::mapper::{MappedBatch, MapperError, Outcome};

/// What became of all records.
#[derive(Default)]
pub(super) struct Totals {
    mapped: usize,
    failed: usize,
    dropped: usize,
    /// Records at which the component stopped.
    rejected: usize,
    /// Lines that are no text.
    pub(super) unreadable: usize,
}

impl Totals {
    /// Whether anything went another way than it should.
    pub(super) fn is_notable(&self) -> bool {
        self.failed + self.dropped + self.rejected + self.unreadable > 0
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Mapped { .. } => self.mapped += 1,
            Outcome::Failed { .. } => self.failed += 1,
            Outcome::Dropped(_) => self.dropped += 1,
            Outcome::Rejected(_) => self.rejected += 1,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mapped, failed, dropped, rejected, unreadable } = self;
        let records = mapped + failed + dropped + rejected + unreadable;
        write!(formatter, "{records} records: {mapped} mapped")?;
        if *failed > 0 {
            write!(formatter, ", {failed} mapped in part (`event.kind: pipeline_error`)")?;
        }
        if *dropped > 0 {
            write!(formatter, ", {dropped} dropped on purpose")?;
        }
        if *rejected > 0 {
            write!(formatter, ", {rejected} at which the mapping stopped")?;
        }
        if *unreadable > 0 {
            write!(formatter, ", {unreadable} left out")?;
        }
        Ok(())
    }
}

/// Prints every batch in the order in which they were sent.
pub(super) fn print(
    results: &Receiver<Receiver<Result<MappedBatch, MapperError>>>,
    with_id: bool,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let mut output = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
    let failed = "could not write to standard output";
    for result in results {
        let batch = result.recv().context("mapping ended early")??;
        batch.outcomes.iter().for_each(|outcome| totals.count(outcome));
        if with_id {
            for (id, document) in batch.documents() {
                // An id is Base64: nothing in it needs an escape.
                writeln!(output, r#"{{"_id":"{id}","document":{document}}}"#).context(failed)?;
            }
        } else {
            output.write_all(batch.documents.as_bytes()).context(failed)?;
        }
    }
    output.flush().context(failed)
}
