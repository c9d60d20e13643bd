//! Prints documents, and counts what became of the records.

use std::{
    fmt,
    io::{self, BufWriter, Write},
    sync::mpsc::Receiver,
};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::mapper::{MappedBatch, MapperError, Outcome};

/// What became of all records.
#[derive(Default)]
pub(super) struct Totals {
    mapped: usize,
    failed: usize,
    dropped: usize,
    /// Records at which the component stopped.
    pub(super) rejected: usize,
    /// Why it stopped at the first of them.
    reason: Option<String>,
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
            Outcome::Rejected(reason) => {
                self.rejected += 1;
                self.reason.get_or_insert_with(|| reason.clone());
            }
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mapped, failed, dropped, rejected, reason, unreadable } = self;
        let records = mapped + failed + dropped + rejected + unreadable;
        write!(formatter, "{records} records: {mapped} mapped")?;
        if *failed > 0 {
            write!(formatter, ", {failed} mapped in part (`event.kind: pipeline_error`)")?;
        }
        if *dropped > 0 {
            write!(formatter, ", {dropped} dropped on purpose")?;
        }
        if *rejected > 0 {
            let reason = reason.as_deref().unwrap_or_default();
            write!(formatter, ", {rejected} left out at which the mapping stopped ({reason})")?;
        }
        if *unreadable > 0 {
            write!(formatter, ", {unreadable} left out")?;
        }
        Ok(())
    }
}

/// How documents are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One a line.
    Documents,
    /// One a line, each with its id.
    WithId,
    /// One answer a batch, as `mmexternal` of rsyslog takes it.
    Mmexternal,
}

/// When what was printed goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Flush {
    /// When there is enough of it.
    #[default]
    Batch,
    /// After every line of input, before the next one is read.
    Line,
}

/// Prints every batch in the order in which they were sent.
pub(super) fn print(
    results: &Receiver<Receiver<Result<MappedBatch, MapperError>>>,
    format: Format,
    flush: Flush,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let mut output = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
    let failed = "could not write to standard output";
    for result in results {
        let batch = result.recv().context("mapping ended early")??;
        batch.outcomes.iter().for_each(|outcome| totals.count(outcome));
        write(&mut output, &batch, format).context(failed)?;
        if flush == Flush::Line {
            output.flush().context(failed)?;
        }
    }
    output.flush().context(failed)
}

/// An id is Base64: nothing in it needs an escape.
fn write(output: &mut impl Write, batch: &MappedBatch, format: Format) -> io::Result<()> {
    match format {
        Format::Documents => output.write_all(batch.documents.as_bytes()),
        Format::WithId => batch
            .documents()
            .try_for_each(|(id, document)| writeln!(output, r#"{{"_id":"{id}","document":{document}}}"#)),
        Format::Mmexternal => {
            let mut documents = batch.documents();
            match (documents.next(), documents.next()) {
                // An answer is owed all the same: this one leaves the message as it is.
                (None, _) => writeln!(output, "{{}}"),
                (Some((id, document)), None) => {
                    writeln!(output, r#"{{"$!":{{"exotrace":{{"_id":"{id}","document":{document}}}}}}}"#)
                }
                // A line that is a whole page.
                _ => {
                    let documents: Vec<_> = batch.documents.lines().collect();
                    writeln!(output, r#"{{"$!":{{"exotrace":{{"document":[{}]}}}}}}"#, documents.join(","))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[track_caller]
    fn check(documents: &[&str], format: Format, expected: &str) {
        let outcome = |document: &&str| Outcome::Mapped {
            id: "AA=".to_owned(),
            timestamp: DateTime::UNIX_EPOCH,
            length: u32::try_from(document.len()).unwrap(),
        };
        let batch = MappedBatch {
            documents: documents.iter().map(|document| format!("{document}\n")).collect(),
            outcomes: documents.iter().map(outcome).collect(),
            ..MappedBatch::default()
        };
        let mut output = Vec::new();
        write(&mut output, &batch, format).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }

    #[test]
    fn a_document_can_have_its_id_beside_it() {
        check(&["{}", "[]"], Format::WithId, "{\"_id\":\"AA=\",\"document\":{}}\n{\"_id\":\"AA=\",\"document\":[]}\n");
    }

    #[test]
    fn mmexternal_gets_one_answer_whatever_the_line_was() {
        check(&[], Format::Mmexternal, "{}\n");
        check(&["{}"], Format::Mmexternal, "{\"$!\":{\"exotrace\":{\"_id\":\"AA=\",\"document\":{}}}}\n");
        check(&["{}", "{}"], Format::Mmexternal, "{\"$!\":{\"exotrace\":{\"document\":[{},{}]}}}\n");
    }
}
