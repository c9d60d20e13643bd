//! Prints documents, and counts what became of the records.

use std::{
    fmt,
    io::{self, BufWriter, Write},
    sync::{Arc, mpsc::Receiver},
};

use anyhow::Context as _;
use clap::ValueEnum;
use indicatif::HumanCount;

use crate::{
    mapper::{FailureReason, MappedBatch, MapperError, Outcome},
    sources::file::formats::Batch,
    support::{counted::counted, lines::lines, property::is_of_message_trace},
};

/// What came out of one batch.
pub(super) type Mapped = Result<Judged, MapperError>;

/// What came out of one batch, and what was wrong with its records.
pub(super) struct Judged {
    batch: MappedBatch,
    /// How many of its records are not message trace.
    strange: u64,
    /// In which line the batch begins.
    line: u64,
    /// What is wrong with the first record, if that is not message trace.
    first: Option<FailureReason>,
}

impl Judged {
    /// Looks at the records that the mapping could not make sense of.
    pub(super) fn new(mapped: MappedBatch, batch: &Batch) -> Self {
        let mut judged = Self { batch: mapped, strange: 0, line: batch.line, first: None };
        if !judged.batch.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed { .. })) {
            return judged;
        }
        for (at, (line, outcome)) in lines(&batch.records).zip(&judged.batch.outcomes).enumerate() {
            if let Outcome::Failed { reason, .. } = outcome
                && !is_of_message_trace(line.record())
            {
                judged.strange += 1;
                judged.first = judged.first.or((at == 0).then_some(*reason));
            }
        }
        judged
    }
}

/// What became of all records.
#[derive(Default)]
pub(super) struct Totals {
    mapped: u64,
    failed: u64,
    /// Records that are not message trace.
    strange: u64,
    dropped: u64,
    /// Records at which the component stopped.
    pub(super) rejected: u64,
    /// Why it stopped at the first of them.
    reason: Option<String>,
    /// Records that were left out before the mapping saw them.
    pub(super) unreadable: usize,
    /// Files that hold something else than records.
    pub(super) refused: usize,
    files: Vec<FileTotals>,
}

/// What became of the records of one file.
struct FileTotals {
    name: Arc<str>,
    records: u64,
    strange: u64,
    /// In which line its first record begins, and what is wrong with that if it is not message trace.
    first: (u64, Option<FailureReason>),
}

impl Totals {
    /// Whether anything went another way than it should.
    pub(super) fn is_notable(&self) -> bool {
        self.failed + self.strange + self.dropped + self.rejected > 0 || self.unreadable > 0
    }

    /// The message about every file that has records and none of message trace.
    pub(super) fn strange_files(&self) -> impl Iterator<Item = String> {
        let strange = self.files.iter().filter(|file| file.records > 0 && file.strange == file.records);
        strange.map(|FileTotals { name, records, first: (line, reason), .. }| {
            let records = counted(*records, "records", "records");
            let reason = reason.map_or("is not message trace", explain);
            format!("error: 0 of {records} are message trace; is {name} the right file?\nhint: line {line} {reason}")
        })
    }

    fn count(&mut self, name: &Arc<str>, judged: &Judged) {
        for outcome in &judged.batch.outcomes {
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
        self.failed -= judged.strange;
        self.strange += judged.strange;
        if self.files.last().is_none_or(|file| !Arc::ptr_eq(&file.name, name)) {
            let name = Arc::clone(name);
            self.files.push(FileTotals { name, records: 0, strange: 0, first: (judged.line, judged.first) });
        }
        if let Some(file) = self.files.last_mut() {
            // Line by line, the first ones may have nothing.
            if file.records == 0 {
                file.first = (judged.line, judged.first);
            }
            file.records += judged.batch.outcomes.len() as u64;
            file.strange += judged.strange;
        }
    }
}

/// What is wrong with a record that is not message trace, to stand behind its line.
fn explain(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::NotJson => "is neither JSON nor a row of a table",
        FailureReason::NotAnObject => "is JSON, and not an object",
        FailureReason::TooLong => "is longer than a record can be",
        FailureReason::TooDeep => "is nested too deep",
        FailureReason::PageNotSplit => "is a page in a form that is not known",
        _ => "has none of `Received`, `SenderAddress` and `RecipientAddress`",
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mapped, failed, strange, dropped, rejected, reason, unreadable, .. } = self;
        let unreadable = *unreadable as u64;
        let records = mapped + failed + strange + dropped + rejected + unreadable;
        write!(formatter, "{}: {} mapped", counted(records, "record", "records"), HumanCount(*mapped))?;
        if *failed > 0 {
            write!(formatter, ", {} mapped in part (`event.kind: pipeline_error`)", HumanCount(*failed))?;
        }
        if *strange > 0 {
            write!(formatter, ", {} not message trace (`event.kind: pipeline_error`)", HumanCount(*strange))?;
        }
        if *dropped > 0 {
            write!(formatter, ", {} dropped on purpose", HumanCount(*dropped))?;
        }
        if *rejected > 0 {
            let reason = reason.as_deref().unwrap_or_default();
            let rejected = HumanCount(*rejected);
            write!(formatter, ", {rejected} left out at which the mapping stopped ({reason})")?;
        }
        if unreadable > 0 {
            write!(formatter, ", {} left out", HumanCount(unreadable))?;
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
    /// The ids of each, one pair a line.
    Ids,
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
    results: &Receiver<(Arc<str>, Receiver<Mapped>)>,
    format: Format,
    flush: Flush,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let mut output = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
    let failed = "could not write to standard output";
    for (name, result) in results {
        let judged = result.recv().context("mapping ended early")??;
        totals.count(&name, &judged);
        write(&mut output, &judged.batch, format).context(failed)?;
        if flush == Flush::Line {
            output.flush().context(failed)?;
        }
    }
    output.flush().context(failed)
}

/// Ids were checked: nothing in them needs an escape.
fn write(output: &mut impl Write, batch: &MappedBatch, format: Format) -> io::Result<()> {
    match format {
        Format::Documents => output.write_all(batch.documents.as_bytes()),
        Format::WithId => batch
            .documents()
            .try_for_each(|(id, document)| writeln!(output, r#"{{"_id":"{id}","document":{document}}}"#)),
        Format::Ids => batch.outcomes.iter().try_for_each(|outcome| match (outcome.id(), outcome.delivery_id()) {
            (Some(id), Some(delivery_id)) => writeln!(output, r#"{{"_id":"{id}","delivery_id":"{delivery_id}"}}"#),
            (Some(id), None) => writeln!(output, r#"{{"_id":"{id}"}}"#),
            (None, _) => Ok(()),
        }),
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
            delivery_id: "BB=".to_owned(),
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
    fn ids_can_be_had_alone() {
        check(&["{}", "[]"], Format::Ids, &"{\"_id\":\"AA=\",\"delivery_id\":\"BB=\"}\n".repeat(2));
    }

    #[test]
    fn mmexternal_gets_one_answer_for_every_line() {
        check(&[], Format::Mmexternal, "{}\n");
        check(&["{}"], Format::Mmexternal, "{\"$!\":{\"exotrace\":{\"_id\":\"AA=\",\"document\":{}}}}\n");
        check(&["{}", "{}"], Format::Mmexternal, "{\"$!\":{\"exotrace\":{\"document\":[{},{}]}}}\n");
    }
}
