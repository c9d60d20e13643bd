//! The check records that a component carries: NDJSON in a custom section, each line with a record as text and the
//! `_id` that it has to get without any settings.

use serde::Deserialize;

use crate::{
    mapper::{CHECKS_SECTION as SECTION, MappedBatch, outermost_sections},
    support::lines::is_blank,
};

/// The most that is read of it, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// One check record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    record: String,
    id: String,
}

/// What a component has to make of its own check records.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    /// Those in a component; one that has none promises nothing.
    pub(super) fn read(component: &[u8]) -> Result<Self, String> {
        let mut checks = Vec::new();
        // What is damaged is refused elsewhere.
        for section in outermost_sections(component, SECTION).unwrap_or_default() {
            let text = str::from_utf8(section).map_err(|_| format!("section `{SECTION}` is not UTF-8"))?;
            if text.len() > MAX_BYTES {
                return Err(format!("section `{SECTION}` is longer than {MAX_BYTES} bytes"));
            }
            for (index, line) in text.lines().filter(|line| !is_blank(line)).enumerate() {
                let check: Check = serde_json::from_str(line)
                    .map_err(|error| format!("section `{SECTION}`, line {}: {error}", index + 1))?;
                if check.record.contains('\n') || is_blank(&check.record) {
                    return Err(format!("section `{SECTION}`, line {}: the record is not one line", index + 1));
                }
                checks.push(check);
            }
        }
        Ok(Self(checks))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The records, as a batch.
    pub(super) fn records(&self) -> String {
        let records: Vec<_> = self.0.iter().map(|check| check.record.as_str()).collect();
        records.join("\n")
    }

    /// Says which record came out otherwise, if any. Check records are the component's own, so they may be named.
    pub(super) fn verify(&self, batch: &MappedBatch) -> Result<(), String> {
        for (index, (check, outcome)) in self.0.iter().zip(&batch.outcomes).enumerate() {
            let Some(id) = outcome.id() else {
                return Err(format!("check record {} has no document", index + 1));
            };
            if id != check.id {
                return Err(format!("check record {} has the id `{id}`, it should be `{}`", index + 1, check.id));
            }
        }
        Ok(())
    }
}
