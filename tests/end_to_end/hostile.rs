//! Components that misbehave, `tests/guests`: the process lives, nothing is lost, and the reason is named.

use std::{sync::Arc, time::Duration};

use exotrace::{
    geo::Geo,
    mapper::{Component, Limits, MappedBatch, Mapper, MapperError, Origin, Outcome, Settings},
};

use crate::harness::{Folder, exotrace, guest, text};

const RECORDS: &str = "{\"n\":0}\n{\"n\":1}\n\n{\"x\":2}\n{\"n\":3}\n{\"n\":4}\n";

/// Tight but for the time, so that an honest component has enough of it on however busy a machine.
fn limits() -> Limits {
    Limits {
        memory_bytes: 32 * 1024 * 1024,
        batch_time: Duration::from_secs(60),
        result_bytes: 1024 * 1024,
        fuel: None,
    }
}

/// For components that loop: what else they do takes milliseconds.
fn quick() -> Limits {
    Limits { batch_time: Duration::from_secs(1), ..limits() }
}

fn mapper(name: &str) -> Mapper {
    mapper_within(name, limits()).unwrap()
}

fn mapper_within(name: &str, limits: Limits) -> Result<Mapper, MapperError> {
    let component = Component::new(&guest(name)).unwrap();
    Mapper::with_limits(component, Settings::default(), limits, Arc::new(Geo::default()))
}

fn map(mapper: &Mapper, records: &str) -> MappedBatch {
    mapper.map_batch(records, &Origin::default()).unwrap()
}

/// The reasons of the rejected records, with their positions.
fn rejected(batch: &MappedBatch) -> Vec<(usize, &str)> {
    let outcomes = batch.outcomes.iter().enumerate();
    let reasons = outcomes.filter_map(|(at, outcome)| match outcome {
        Outcome::Rejected(reason) => Some((at, reason.as_str())),
        _ => None,
    });
    reasons.collect()
}

/// Maps records of which the third makes the component misbehave: it alone is rejected, and the next batch is mapped.
#[track_caller]
fn check(name: &str, reason: &str) {
    let limits = if name.ends_with("loop") { quick() } else { limits() };
    let mapper = mapper_within(name, limits).unwrap();
    for _ in 0..2 {
        let batch = map(&mapper, RECORDS);
        let rejected = rejected(&batch);
        assert!(matches!(rejected.as_slice(), [(2, found)] if found.contains(reason)), "{name}: {rejected:?}");
        assert_eq!(batch.documents, RECORDS.replace("\n\n{\"x\":2}", ""), "{name}");
        assert_eq!(batch.outcomes.len(), 5);
    }
    let healthy = "{\"n\":5}\n".repeat(100);
    assert_eq!(map(&mapper, &healthy).documents, healthy, "{name}");
}

#[test]
fn the_honest_guest_maps() {
    let batch = map(&mapper("honest"), RECORDS);
    assert_eq!(rejected(&batch), []);
    assert_eq!(batch.documents, RECORDS.replace("\n\n", "\n"));
}

#[test]
fn a_record_that_makes_the_component_stop_is_rejected_alone() {
    check("endless-loop", "stopped (time)");
    check("memory-bomb", "stopped (memory)");
    check("table-bomb", "stopped (table)");
    check("deep-recursion", "stopped (stack)");
    check("trap-on-record", "stopped (trap): wasm trap: wasm `unreachable` instruction executed");
    check("enormous-result", "stopped (result)");
    check("geo-bomb", "stopped (contract): it asks for 20000 addresses at once, 10000 are the most");
    check("not-utf8", "stopped (contract): invalid utf-8");
}

#[test]
fn a_document_that_is_no_json_is_found() {
    let records = "{\"x\":2}\n{\"n\":3}\n{\"n\":4}\n";
    let batch = map(&mapper("not-json"), records);
    let reason = "mapping component broke its contract: document 0 is not a JSON object";
    assert_eq!(rejected(&batch), [(0, reason)]);
    assert_eq!(batch.documents, "{\"n\":3}\n{\"n\":4}\n");
}

#[test]
fn two_documents_of_one_record_are_no_document() {
    let records = "{\"xxxxxxxx\":2}\n{\"n\":3}\n";
    let batch = map(&mapper("smuggled"), records);
    assert_eq!(rejected(&batch), [(0, "mapping component broke its contract: document 0 is not a JSON object")]);
    assert_eq!(batch.documents, "{\"n\":3}\n");
}

#[test]
fn no_record_gets_the_id_of_another_one() {
    let mapper = mapper("same-id");
    // The last one is the first once more, which a store may take for what it has. The batch is mapped in several parts.
    let records: String = (0..300).map(|n| format!("{{\"n\":\"{n:0>1000}\"}}\n")).collect();
    let records = records.clone() + records.lines().next().unwrap();
    let batch = map(&mapper, &records);
    let rejected = rejected(&batch);
    assert_eq!(rejected.len(), 299);
    let problem = "mapping component broke its contract: document 0 has the `_id` of another record";
    assert!(rejected.iter().all(|(_, reason)| *reason == problem), "{rejected:?}");
    assert_eq!(batch.documents.lines().count(), 2);
}

#[test]
fn a_component_that_always_misbehaves_rejects_everything_with_the_reason() {
    for (name, reason) in [
        ("trap-at-once", "stopped (trap)"),
        ("wrong-count", "broke its contract: 0 outcomes for 1 records"),
        ("wrong-length", "broke its contract: document 0 is not the 8 bytes that begin at byte 0"),
        ("outside-memory", "stopped (contract): string pointer/length out of bounds of memory"),
    ] {
        let batch = map(&mapper(name), RECORDS);
        assert_eq!(batch.documents, "", "{name}");
        let rejected = rejected(&batch);
        assert_eq!(rejected.len(), 5, "{name}");
        assert!(rejected.iter().all(|(_, found)| found.contains(reason)), "{name}: {rejected:?}");
    }
}

#[test]
fn what_an_instance_went_through_harms_no_record() {
    let records: String = (0..23).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    for name in ["trap-on-fifth", "leaking", "growing-result"] {
        let mapper = mapper(name);
        for batch in 0..20 {
            let batch_of = map(&mapper, &records);
            assert_eq!(rejected(&batch_of), [], "{name}, batch {batch}");
            assert_eq!(batch_of.documents.replace(' ', ""), records, "{name}, batch {batch}");
        }
    }
}

#[test]
fn a_batch_takes_no_longer_than_its_limit_however_many_records_loop() {
    let mapper = mapper_within("endless-loop", quick()).unwrap();
    let began = std::time::Instant::now();
    let batch = map(&mapper, &"{\"x\":0}\n".repeat(200));
    let rejected = rejected(&batch);
    assert_eq!(rejected.len(), 200);
    assert!(rejected.last().unwrap().1.contains("its batch took longer than 4s"), "{:?}", rejected.last());
    // Four times the limit of a batch, and far from 200 times that of a record, which would be 200 s.
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn fuel_stops_what_executes_too_much() {
    let component = Component::metered(&guest("endless-loop")).unwrap();
    let limits = Limits { fuel: Some(1_000_000), batch_time: Duration::from_secs(60), ..limits() };
    let mapper = Mapper::with_limits(component, Settings::default(), limits, Arc::default()).unwrap();
    let batch = map(&mapper, RECORDS);
    assert!(matches!(rejected(&batch).as_slice(), [(2, reason)] if reason.contains("stopped (fuel)")), "{batch:?}");
}

#[test]
fn a_component_that_is_no_mapping_is_refused() {
    for (name, expected) in [
        ("no-section", "not an exotrace mapping: it has no section `exotrace:mapping`"),
        ("other-contract", "built for version `7.0.0` of the contract"),
        ("wrong-world", "does not have the exports of a mapping"),
        ("wasi-import", "imports `wasi:cli/environment@0.2.0`"),
        ("unknown-import", "imports `exotrace:mapping/clock@0.1.0`"),
        ("lying-section", "its section says mapping `9.9.9`, it says itself `9.9.8`"),
        ("describe-traps", "could not say what it is"),
        ("start-loops", "could not say what it is"),
    ] {
        let error = Component::new(&guest(name)).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

#[test]
fn a_component_that_opens_no_session_is_refused() {
    for (name, expected) in [("open-traps", "stopped (trap)"), ("open-loops", "stopped (time)")] {
        let error = mapper_within(name, quick()).err().map(|error| error.explain()).unwrap_or_default();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn all_instances_together_have_one_limit() {
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[mapping]\npath = \"hostile.wasm\"\nmax_total_memory_bytes = 67108864\n\
         [[source]]\ntype = \"file\"\npaths = [\"/nowhere/*\"]\n[[output]]\ntype = \"stdout\"\n",
    );
    folder.write("hostile.wasm", guest("memory-bomb"));
    let ended = folder.exotrace(&["map"]).input(RECORDS).run();
    let reason = "all mappings together would have more than the 64 MiB of `mapping.max_total_memory_bytes`";
    assert!(ended.stderr.contains(reason), "{ended}");
    assert_eq!(ended.stdout.lines().count(), 4, "{ended}");
}

#[test]
fn the_program_maps_the_rest_and_says_what_is_left_out() {
    let folder = Folder::new();
    let file = folder.write("hostile.wasm", guest("trap-on-record"));
    let ended = exotrace(&["map", "--mapping", text(&file)], RECORDS).with(2);
    assert_eq!(ended.stdout, "{\"n\":0}\n{\"n\":1}\n{\"n\":3}\n{\"n\":4}\n");
    let expected = "1 left out at which the mapping stopped (mapping component stopped (trap)";
    assert!(ended.stderr.contains(expected), "{ended}");
}
