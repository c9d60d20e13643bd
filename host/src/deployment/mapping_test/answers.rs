//! Whether the same records give the same answers, however they come.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::tested::{MappingTest, first_difference, map_in};
use crate::{
    mapper::{MappedBatch, Outcome},
    support::{counted::counted, finding::Finding, property::Property, record_key::RecordKey},
};

/// What a source asks for at once.
const BATCH_RECORDS: usize = 1000;

/// What stands between records and is none.
const BLANK: [&str; 4] = ["", " \t", "\r", "   "];

pub(super) fn is_repeated(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "repetition";
    let again = || -> Result<[MappedBatch; 2], String> {
        let pool = test.pool(test.settings())?;
        Ok([map_in(&pool, &test.batch())?, map_in(&pool, &test.batch())?])
    };
    let batches = match again() {
        Ok(batches) => batches,
        Err(reason) => return Finding::failed(step, &reason),
    };
    for (batch, when) in batches.iter().zip(["in another instance", "in the same instance once more"]) {
        if let Some(place) = first_difference(mapped.entries(), batch.entries()) {
            return Finding::failed(
                step,
                &format!(
                    "record {place} comes out otherwise {when}\nhint: same record, settings and geo answers, same bytes: no \
                     clock, no chance, no order of a hash map, no counter"
                ),
            );
        }
    }
    Finding::ok(step, "equal bytes in two instances, and in one instance twice")
}

pub(super) fn is_cut_as_one_likes(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "batch sizes";
    match difference_by_size(test, mapped) {
        Ok(None) => Finding::ok(step, &format!("1 and {BATCH_RECORDS} records at once give the same documents")),
        Ok(Some((place, size))) => {
            let detail = format!(
                "record {place} comes out otherwise in a batch of {size}\nhint: what else is in a batch must not matter"
            );
            Finding::failed(step, &detail)
        }
        Err(reason) => Finding::failed(step, &reason),
    }
}

fn difference_by_size(test: &MappingTest<'_>, mapped: &MappedBatch) -> Result<Option<(usize, usize)>, String> {
    let pool = test.pool(test.settings())?;
    let mut alone = MappedBatch::default();
    for record in &test.records {
        alone.append(map_in(&pool, record)?);
    }
    if let Some(place) = first_difference(mapped.entries(), alone.entries()) {
        return Ok(Some((place, 1)));
    }
    let size = BATCH_RECORDS.max(test.records.len());
    let records: Vec<&str> = test.records.iter().cycle().take(size).map(String::as_str).collect();
    let large = map_in(&pool, &records.join("\n"))?;
    let known: Vec<_> = mapped.entries().collect();
    let place = first_difference(known.iter().copied().cycle(), large.entries());
    Ok(place.map(|place| ((place - 1) % test.records.len() + 1, size)))
}

pub(super) fn leaves_blank_lines_out(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "blank lines";
    let mut records = String::new();
    for (place, record) in test.records.iter().enumerate() {
        records += &format!("{}\n{record}\n", BLANK[place % BLANK.len()]);
    }
    records += "\n \n";
    match test.map(test.settings(), &records) {
        Ok(batch) if batch.documents == mapped.documents && batch.outcomes == mapped.outcomes => {
            Finding::ok(step, "they are no records")
        }
        Ok(_) => Finding::failed(step, "documents change when there are blank lines between the records"),
        Err(reason) => Finding::failed(step, &format!("{reason}\nhint: a line of white space alone has no outcome")),
    }
}

/// That no two records share an id, the host has seen in every batch so far.
pub(super) fn names_documents(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "ids";
    let mut reversed = test.records.clone();
    reversed.reverse();
    let batch = match test.map(test.settings(), &reversed.join("\n")) {
        Ok(batch) => batch,
        Err(reason) => return Finding::failed(step, &reason),
    };
    let ids = mapped.outcomes.iter().map(Outcome::id);
    if let Some(place) = ids.zip(batch.outcomes.iter().rev().map(Outcome::id)).position(|(id, other)| id != other) {
        return Finding::failed(step, &format!("record {} gets another `_id` in another order", place + 1));
    }
    let ids: HashSet<&str> = mapped.outcomes.iter().filter_map(Outcome::id).collect();
    let records: HashSet<&str> = test.records.iter().map(String::as_str).collect();
    let [ids, records] = [ids.len(), records.len()].map(|count| count as u64);
    let (ids, records) = (counted(ids, "id", "ids"), counted(records, "different record", "different records"));
    Finding::ok(step, &format!("{ids} of {records}; equal for equal records, in any order"))
}

/// A record whose status changes tells of the same delivery, in another document; where it says which delivery.
pub(super) fn names_deliveries(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "deliveries";
    let (mut compared, mut same_ids) = (0_u64, 0_u64);
    let pool = match test.pool(test.settings()) {
        Ok(pool) => pool,
        Err(reason) => return Finding::failed(step, &reason),
    };
    for (place, (record, outcome)) in test.records.iter().zip(&mapped.outcomes).enumerate() {
        let (Outcome::Mapped { id, delivery_id, .. }, Some(other)) = (outcome, of_other_status(record)) else {
            continue;
        };
        let changed = match map_in(&pool, &other) {
            Ok(changed) => changed,
            Err(reason) => {
                return Finding::failed(step, &format!("record {} with another status: {reason}", place + 1));
            }
        };
        let Some(Outcome::Mapped { id: other_id, delivery_id: other_delivery, .. }) = changed.outcomes.first() else {
            continue;
        };
        if delivery_id != other_delivery {
            return Finding::failed(
                step,
                &format!(
                    "record {} gets another delivery id when its status changes\nhint: it names one message to one recipient",
                    place + 1
                ),
            );
        }
        compared += 1;
        same_ids += u64::from(id == other_id);
    }
    match (compared, same_ids) {
        (0, _) => Finding::none(step, "no record has an id, a recipient and a status"),
        (_, 0) => Finding::ok(step, "a new status gives a new document of the same delivery"),
        _ => Finding::warning(
            step,
            &format!(
                "{same_ids} of {} keep their `_id` when the status changes: a store that has the first document refuses the \
                 second\nhint: let the status be part of the `_id`",
                counted(compared, "record", "records")
            ),
        ),
    }
}

/// The same record with another status; `None` when it has none, or does not say which delivery it tells of.
fn of_other_status(record: &str) -> Option<String> {
    RecordKey::delivery_of(record)?;
    let mut members: Map<String, Value> = serde_json::from_str(record).ok()?;
    let (_, status) = members.iter_mut().find(|(name, _)| Property::named(name) == Some(Property::Status))?;
    let is_failed = status.as_str()?.eq_ignore_ascii_case("failed");
    *status = Value::from(if is_failed { "delivered" } else { "failed" });
    serde_json::to_string(&members).ok()
}
