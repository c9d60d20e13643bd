//! Whether the answer of a component fits what it was given: everything that follows relies on it.

use memchr::memchr;

use super::{batch::MappedBatch, json_object::is_object};
use crate::support::lines::lines;

/// The longest `_id` that an index takes, in bytes.
const MAX_ID_BYTES: usize = 512;

/// Which documents of an answer are read as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validation {
    /// Every one: what a component that is not ours says is not believed.
    Full,
    /// The first one: the built-in mappings write JSON only, and reading it all costs a sixth of mapping.
    FirstOnly,
}

/// Says what does not fit, if anything.
pub(super) fn check(records: &str, batch: &MappedBatch, validation: Validation) -> Result<(), String> {
    let expected = lines(records).count();
    if batch.outcomes.len() != expected {
        return Err(format!("{} outcomes for {expected} records", batch.outcomes.len()));
    }
    let (documents, mut at, mut count) = (batch.documents.as_str(), 0, 0);
    for outcome in &batch.outcomes {
        let Some((id, length)) = outcome.id().zip(outcome.length()) else { continue };
        let Some(document) = line(documents, at, length) else {
            return Err(format!("document {count} is not the {length} bytes that begin at byte {at}"));
        };
        check_id(id).map_err(|problem| format!("document {count}: its id {problem}"))?;
        if let Some(delivery_id) = outcome.delivery_id() {
            check_id(delivery_id).map_err(|problem| format!("document {count}: its delivery id {problem}"))?;
        }
        if (validation == Validation::Full || count == 0) && !is_object(document) {
            return Err(format!("document {count} is not a JSON object"));
        }
        count += 1;
        at += document.len() + 1;
    }
    if at == documents.len() {
        return Ok(());
    }
    Err(format!("documents are {} bytes long, their outcomes account for {at}", documents.len()))
}

/// The line of that length that begins there, if it is one.
fn line(text: &str, begin: usize, length: usize) -> Option<&str> {
    let end = begin.checked_add(length)?;
    let line = text.get(begin..end)?;
    (text.as_bytes().get(end) == Some(&b'\n') && memchr(b'\n', line.as_bytes()).is_none()).then_some(line)
}

/// An id stands in JSON and in addresses as it is.
fn check_id(id: &str) -> Result<(), &'static str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    match id.len() {
        0 => Err("is empty"),
        1..=MAX_ID_BYTES if id.bytes().all(is_plain) => Ok(()),
        1..=MAX_ID_BYTES => Err("is not plain text"),
        _ => Err("is longer than 512 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::mapper::outcome::{DropReason, Outcome};

    fn mapped(id: &str, length: u32) -> Outcome {
        delivered(id, "d", length)
    }

    fn delivered(id: &str, delivery_id: &str, length: u32) -> Outcome {
        let (id, delivery_id) = (id.to_owned(), delivery_id.to_owned());
        Outcome::Mapped { id, delivery_id, timestamp: DateTime::UNIX_EPOCH, length }
    }

    fn batch(documents: &str, outcomes: Vec<Outcome>) -> MappedBatch {
        MappedBatch { documents: documents.to_owned(), outcomes, ..MappedBatch::default() }
    }

    #[track_caller]
    fn refused(records: &str, documents: &str, outcomes: Vec<Outcome>, expected: &str) {
        let batch = batch(documents, outcomes);
        assert_eq!(check(records, &batch, Validation::Full), Err(expected.to_owned()));
    }

    #[test]
    fn an_answer_that_fits_is_taken() {
        let outcomes = vec![mapped("a", 2), Outcome::Dropped(DropReason::Status), mapped("b", 7)];
        let batch = batch("{}\n{\"a\":1}\n", outcomes);
        assert_eq!(check("{}\n \r\n{}\n\n{}", &batch, Validation::Full), Ok(()));
        assert_eq!(check("{}\n \r\n{}\n\n{}", &batch, Validation::FirstOnly), Ok(()));
    }

    #[test]
    fn every_misfit_is_named() {
        refused("{}\n{}", "{}\n", vec![mapped("a", 2)], "1 outcomes for 2 records");
        refused("{}", "{}\n", vec![mapped("a", 3)], "document 0 is not the 3 bytes that begin at byte 0");
        refused("{}", "{\n}\n", vec![mapped("a", 3)], "document 0 is not the 3 bytes that begin at byte 0");
        refused("{}", "{}", vec![mapped("a", 2)], "document 0 is not the 2 bytes that begin at byte 0");
        refused("{}", "{}\n{}\n", vec![mapped("a", 2)], "documents are 6 bytes long, their outcomes account for 3");
        refused("{}", "{}\n", vec![mapped("", 2)], "document 0: its id is empty");
        refused("{}", "{}\n", vec![mapped("a\"b", 2)], "document 0: its id is not plain text");
        refused("{}", "{}\n", vec![mapped(&"a".repeat(513), 2)], "document 0: its id is longer than 512 bytes");
        refused("{}", "{}\n", vec![delivered("a", "", 2)], "document 0: its delivery id is empty");
        refused("{}", "{}\n", vec![delivered("a", "\n", 2)], "document 0: its delivery id is not plain text");
        let two = vec![mapped("a", 2), mapped("b", 2)];
        refused("{}\n{}", "{}\n{]\n", two, "document 1 is not a JSON object");
        refused("{}", "[]\n", vec![mapped("a", 2)], "document 0 is not a JSON object");
        refused("{}", "{},{}\n", vec![mapped("a", 5)], "document 0 is not a JSON object");
    }
}
