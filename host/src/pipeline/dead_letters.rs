//! What of a batch goes to the dead letter.

use chrono::{DateTime, Utc};

use super::{
    dead_letter::{DeadLetter, Stage},
    output::RejectedDocument,
    record_batch::RecordBatch,
    target::Accepted,
};
use crate::{
    mapper::{MappedBatch, Outcome},
    support::lines::{Line, lines},
};

/// Records at which the mapping stopped.
pub(super) fn by_mapping(batch: &RecordBatch, mapped: &MappedBatch, now: DateTime<Utc>) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    for (place, (line, outcome)) in lines(&batch.records).zip(&mapped.outcomes).enumerate() {
        if let Outcome::Rejected(reason) = outcome {
            let (stage, reason) = (Stage::Mapping, reason.clone());
            letters.push(DeadLetter { time: now, stage, reason, ..letter(batch, mapped, place, line) });
        }
    }
    letters
}

/// Documents that an output will never take.
pub(super) fn by_output(batch: &RecordBatch, mapped: &MappedBatch, accepted: &Accepted) -> Vec<DeadLetter> {
    let Accepted { name: output, rejected, places, .. } = accepted;
    if rejected.is_empty() {
        return Vec::new();
    }
    let records: Vec<_> = lines(&batch.records).collect();
    let mut letters = Vec::new();
    for RejectedDocument { outcome, reason } in rejected {
        let Some(place) = places.get(*outcome).copied() else { continue };
        let Some(line) = records.get(place).copied() else { continue };
        let id = mapped.outcomes[place].id().map(str::to_owned);
        let (output, reason) = (Some(output.to_owned()), reason.clone());
        letters.push(DeadLetter { output, id, reason, ..letter(batch, mapped, place, line) });
    }
    letters
}

fn letter(batch: &RecordBatch, mapped: &MappedBatch, place: usize, line: Line<'_>) -> DeadLetter {
    let file = batch.origin.file.as_ref();
    DeadLetter {
        time: Utc::now(),
        source: batch.source.label.clone(),
        stage: Stage::Output,
        output: None,
        mapping: mapped.mapping_of(place).map(|mapping| mapping.version.clone()).unwrap_or_default(),
        reason: String::new(),
        id: None,
        read_at: batch.origin.read_at,
        path: file.map(|file| file.path.clone()),
        offset: file.map(|file| file.offset + line.offset as u64),
        record: line.record().to_owned(),
        sealed: None,
    }
}
