//! Tries a mapping on records as its host would, and on worse: what it promises by the contract, step by step.
//!
//! Reads documents, which the host itself never does: those of a test are the author's own.

use std::io;

use super::prepare::own_checks;
use crate::{
    mapper::{MappedBatch, Outcome},
    support::{
        counted::counted,
        finding::{Finding, Findings},
        lines::lines,
    },
};

mod answers;
mod expected;
mod expected_document;
mod host_fields;
mod odd_records;
mod tested;
mod work;

pub(crate) use expected::{check_records, expected_text};
pub(crate) use expected_document::ExpectedDocument;
pub(crate) use tested::MappingTest;

/// One step, once the records are mapped.
type Step = fn(&MappingTest<'_>, &MappedBatch) -> Finding;

/// The steps, in the order in which they are shown.
const STEPS: [Step; 10] = [
    answers::is_repeated,
    answers::is_cut_as_one_likes,
    answers::leaves_blank_lines_out,
    answers::names_documents,
    answers::names_deliveries,
    host_fields::keeps_fields,
    host_fields::refuses_what_it_has_no_rule_for,
    odd_records::takes_what_is_broken,
    work::stays_within_limits,
    expected::is_as_expected,
];

/// Tries everything, and tells of each step. Gives what became of the records, if they could be mapped.
///
/// # Errors
///
/// When a finding cannot be shown.
pub(crate) fn test_mapping(test: &MappingTest<'_>, findings: &mut impl Findings) -> io::Result<Option<MappedBatch>> {
    findings.add(description(test))?;
    findings.add(imports(test))?;
    findings.add(own_check_records(test))?;
    let mapped = match test.map(test.settings(), &test.batch()) {
        Ok(mapped) => mapped,
        Err(reason) => {
            findings.add(Finding::failed("records", &first_failure(test, reason)))?;
            return Ok(None);
        }
    };
    findings.add(records_finding(&mapped))?;
    for step in STEPS {
        findings.add(step(test, &mapped))?;
    }
    Ok(Some(mapped))
}

fn description(test: &MappingTest<'_>) -> Finding {
    let description = test.component.description();
    let (name, version, schema) = (&description.name, &description.mapping_version, &description.schema);
    let (kinds, contract) = (description.kinds(), &description.wit_version);
    let detail = format!("{name} {version}, {schema}, maps {kinds}, contract {contract}");
    if kinds.is_empty() {
        Finding::failed("description", "it names no kind of records")
    } else {
        Finding::ok("description", &detail)
    }
}

/// Others than `geo` are refused when it is loaded.
fn imports(test: &MappingTest<'_>) -> Finding {
    let imports = test.component.imports();
    Finding::ok("imports", if imports.is_empty() { "nothing" } else { "`exotrace:mapping/geo` alone" })
}

fn own_check_records(test: &MappingTest<'_>) -> Finding {
    match own_checks(test.bytes, &test.component, test.config.clone()) {
        Ok(0) => Finding::warning(
            "check records",
            "it has none: nothing is checked when it is replaced\nhint: `--write-checks` here writes them, `--checks` of \
                 `exotrace mapping pack` puts them in",
        ),
        Ok(count) => Finding::ok("check records", &format!("{} passed", counted(count as u64, "record", "records"))),
        Err(refusal) => Finding::error("check records", &refusal),
    }
}

/// Which record it stops at, if it does so at one alone.
fn first_failure(test: &MappingTest<'_>, reason: String) -> String {
    for (place, record) in test.records.iter().enumerate() {
        if let Err(reason) = test.map(test.settings(), record) {
            return format!("record {}: {reason}", place + 1);
        }
    }
    reason
}

/// What became of the records, in numbers.
fn records_finding(mapped: &MappedBatch) -> Finding {
    let count = |is: fn(&Outcome) -> bool| mapped.outcomes.iter().filter(|outcome| is(outcome)).count() as u64;
    let in_full = count(|outcome| matches!(outcome, Outcome::Mapped { .. }));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let dropped = count(|outcome| matches!(outcome, Outcome::Dropped(_)));
    let records = counted(mapped.outcomes.len() as u64, "record", "records");
    let detail = format!("{records}: {in_full} mapped, {failed} mapped in part, {dropped} dropped");
    if in_full == 0 {
        return Finding::failed("records", &format!("{detail}; none is mapped in full"));
    }
    Finding::ok("records", &detail)
}

/// The records of a batch as lines of their own.
pub(crate) fn records_of(batch: &str) -> impl Iterator<Item = String> {
    lines(batch).map(|line| line.record().to_owned())
}
