//! What of a batch goes to the dead letter.

use chrono::{DateTime, Utc};

use super::delivery::Batch;
use crate::{
    dead_letter::{Letter, Stage},
    mapper::{MappedBatch, Outcome},
    output::RejectedDocument,
};

/// Records at which the mapping stopped.
pub(super) fn by_mapping(batch: &Batch, mapped: &MappedBatch, now: DateTime<Utc>) -> Vec<Letter> {
    let mut letters = Vec::new();
    for (place, outcome) in mapped.outcomes.iter().enumerate() {
        if let Outcome::Rejected(reason) = outcome {
            let (stage, reason) = (Stage::Mapping, reason.clone());
            letters.push(Letter { time: now, stage, reason, ..letter(batch, mapped, place) });
        }
    }
    letters
}

/// Documents that an output will never take: its name, what it said, and the places in the batch of what it got.
pub(super) fn by_output(
    batch: &Batch,
    mapped: &MappedBatch,
    (output, rejected, places): (&str, &[RejectedDocument], &[usize]),
) -> Vec<Letter> {
    let mut letters = Vec::new();
    for RejectedDocument { outcome, reason } in rejected {
        let Some(place) = places.get(*outcome).copied() else { continue };
        let id = match &mapped.outcomes[place] {
            Outcome::Mapped { id, .. } | Outcome::Failed { id, .. } => Some(id.clone()),
            Outcome::Dropped(_) | Outcome::Rejected(_) => None,
        };
        let (output, reason) = (Some(output.to_owned()), reason.clone());
        letters.push(Letter { output, id, reason, ..letter(batch, mapped, place) });
    }
    letters
}

fn letter(batch: &Batch, mapped: &MappedBatch, place: usize) -> Letter {
    // Lines of white space are no records.
    let mut lines = batch.records.split_inclusive('\n').filter(|line| !line.trim().is_empty());
    let record = lines.nth(place).unwrap_or_default();
    let begin = (record.as_ptr() as usize).saturating_sub(batch.records.as_ptr() as usize) as u64;
    let file = batch.origin.file.as_ref();
    Letter {
        time: Utc::now(),
        source: batch.source.clone(),
        stage: Stage::Output,
        output: None,
        mapping: mapped.mapping_of(place).map(|mapping| mapping.version.clone()).unwrap_or_default(),
        reason: String::new(),
        id: None,
        read_at: batch.origin.read_at,
        path: file.map(|file| file.path.clone()),
        offset: file.map(|file| file.offset + begin),
        record: record.trim_end_matches(['\r', '\n']).to_owned(),
    }
}
