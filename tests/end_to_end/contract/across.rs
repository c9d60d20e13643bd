//! From a component of one contract to one of another while mail flows, and back.

use std::{fs, sync::Arc};

use exotrace::{
    deployment::{DeployedMapper, Deployment, EventKind, RollbackPolicy, TrialMode},
    mapper::{BUILT_IN, BuiltIn, Component, Limits, Mapper, Origin, Settings, Tenant, built_in},
};
use serde_json::{Value, json};

use super::digest_of;
use crate::harness::{Folder, MappingDaemon, fixture, graph_records, text, wait_for};

/// Mapping 2.2 as it was built for 0.1.0.
fn of_0_1() -> Vec<u8> {
    fs::read(fixture("wit/0.1.0/mapping-2.2.wasm")).unwrap()
}

/// Mapping 2.2 as it is built in, for the newest contract.
fn of_0_2() -> Vec<u8> {
    built_in("2.2").unwrap().bytes.to_vec()
}

fn contract(bytes: &[u8]) -> String {
    Component::new(bytes).unwrap().description().wit_version.clone()
}

#[test]
fn the_two_are_of_different_contracts() {
    assert_eq!((contract(&of_0_1()).as_str(), contract(&of_0_2()).as_str()), ("0.1.0", "0.2.0"));
    for BuiltIn { version, bytes, .. } in BUILT_IN {
        assert_eq!(contract(bytes), "0.2.0", "{version}");
    }
}

#[test]
fn documents_are_the_same_byte_for_byte() {
    let settings = Settings {
        tenant: Tenant::known_by(Some("11111111-2222-3333-4444-555555555555"), Some("Contoso")),
        local_domains: Some(vec!["contoso.com".to_owned()]),
        preserve_original_event: true,
        tags: vec!["forwarded".to_owned()],
        fields: Some(json!({ "organization": { "id": "x" }, "labels": { "a": 1 }, "event": { "dataset": "d" } })),
        ..Settings::default()
    };
    let mapper = |bytes: &[u8]| Mapper::new(Component::new(bytes).unwrap(), settings.clone(), Arc::default()).unwrap();
    let files = fs::read_dir(fixture("records")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.extension().is_some_and(|extension| extension == "ndjson")) {
        let records = fs::read_to_string(&file).unwrap();
        // New ones for each file: records of several have the same `_id`, which a mapping that is not built in may not give.
        let (before, after) = (mapper(&of_0_1()), mapper(&of_0_2()));
        let [before, after] = [&before, &after].map(|mapper| mapper.map_batch(&records, &Origin::default()).unwrap());
        assert!(before.documents.contains(r#""organization":{"id":"x","name":"Contoso"}"#));
        for (before, after) in before.documents.lines().zip(after.documents.lines()) {
            assert_eq!(before, after, "documents of `{}` differ", file.display());
        }
        assert!(before.documents == after.documents, "documents of `{}` differ", file.display());
        assert_eq!(before.outcomes.len(), after.outcomes.len());
        for (before, after) in before.outcomes.iter().zip(&after.outcomes) {
            assert_eq!(before.id(), after.id());
            // What names a delivery for the host does so for the mapping.
            assert!(after.delivery_id().is_some() || before.delivery_id().is_none(), "{before:?}");
        }
    }
}

fn deployment(bytes: &[u8]) -> Arc<Deployment> {
    let start = vec![(Component::new(bytes).unwrap(), Settings::default())];
    let policy = RollbackPolicy { max_slowdown: 1e9, ..RollbackPolicy::default() };
    Deployment::new(start, Limits::default(), policy, &Arc::default()).unwrap()
}

/// Maps some records, and gives the component that did it for each: by its digest.
fn mapped_by(mapper: &DeployedMapper, count: u64) -> Vec<String> {
    let batch = mapper.map_batch(&graph_records(0..count), &Origin::default()).unwrap();
    assert_eq!(batch.documents.lines().count() as u64, count);
    batch.entries().for_each(|entry| assert!(entry.outcome.delivery_id().is_some()));
    batch.entries().map(|entry| entry.mapping.unwrap().digest.clone()).collect()
}

/// Both ways: from the older to the newer contract, and from the newer to the older.
fn each_way(check: impl Fn(&[u8], &[u8])) {
    check(&of_0_1(), &of_0_2());
    check(&of_0_2(), &of_0_1());
}

#[test]
fn one_takes_the_place_of_the_other_and_is_taken_back() {
    each_way(|before, after| {
        let deployment = deployment(before);
        let mapper = deployment.mapper(0);
        assert_eq!(mapped_by(&mapper, 20), vec![digest_of(before); 20]);
        let candidate = deployment.prepare(after).unwrap();
        assert_eq!((candidate.report().recent, candidate.report().different), (20, 0), "the same documents");
        deployment.replace(candidate, "test").unwrap();
        assert_eq!(mapped_by(&mapper, 20), vec![digest_of(after); 20]);
        deployment.roll_back("test").unwrap();
        assert_eq!(mapped_by(&mapper, 20), vec![digest_of(before); 20]);
        deployment.replace(deployment.prepare(after).unwrap(), "test").unwrap();
        deployment.replace(deployment.prepare(before).unwrap(), "test").unwrap();
        assert_eq!(mapped_by(&mapper, 20), vec![digest_of(before); 20]);
    });
}

#[test]
fn one_is_compared_with_the_other() {
    each_way(|before, after| {
        let deployment = deployment(before);
        let mapper = deployment.mapper(0);
        deployment.try_out(deployment.prepare(after).unwrap(), TrialMode::Shadow, 100, "test").unwrap();
        wait_for("records are compared", || {
            assert_eq!(mapped_by(&mapper, 100), vec![digest_of(before); 100]);
            let trial = deployment.status().trial.unwrap();
            assert_eq!(trial.differences["different"], 0, "{}", trial.differences);
            trial.differences["records"].as_u64() >= Some(100)
        });
        deployment.promote("test").unwrap();
        assert_eq!(mapped_by(&mapper, 100), vec![digest_of(after); 100]);
    });
}

#[test]
fn one_maps_a_share_beside_the_other() {
    each_way(|before, after| {
        let deployment = deployment(before);
        let mapper = deployment.mapper(0);
        deployment.try_out(deployment.prepare(after).unwrap(), TrialMode::Canary, 30, "test").unwrap();
        let by = mapped_by(&mapper, 500);
        let share = by.iter().filter(|digest| **digest == digest_of(after)).count();
        assert!((100..200).contains(&share), "{share} of 500");
        assert_eq!(by, mapped_by(&mapper, 500), "the same deliveries every time");
        deployment.withdraw("test").unwrap();
        assert_eq!(mapped_by(&mapper, 20), vec![digest_of(before); 20]);
    });
}

/// A component of one contract that stops is replaced by the one of the other contract that was there before.
#[test]
fn one_that_stops_is_taken_back() {
    let deployment = deployment(&of_0_2());
    let mapper = deployment.mapper(0);
    let hostile = crate::harness::guest("trap-on-record");
    deployment.replace(deployment.prepare(&hostile).unwrap(), "test").unwrap();
    let records = format!("{{\"x\":1}}\n{}", graph_records(0..5));
    let batch = mapper.map_batch(&records, &Origin::default()).unwrap();
    assert_eq!(batch.documents.lines().count(), 6);
    batch.entries().for_each(|entry| assert_eq!(entry.mapping.unwrap().digest, digest_of(&of_0_2())));
    assert_eq!(deployment.history().pop().unwrap().event, EventKind::RolledBack);
}

/// A source of files that are looked at all the time.
const FILES: &str = "[[source]]\ntype = \"file\"\npaths = [\"in/*.ndjson\"]\ninterval = \"50ms\"\n\
                     [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n";

/// The message ids of what was delivered, in order of delivery.
fn delivered(folder: &Folder) -> Vec<u64> {
    let id = |document: &Value| document["email"]["local_id"].as_str().unwrap().parse().unwrap();
    folder.documents("out").iter().map(id).collect()
}

#[test]
fn a_process_goes_from_one_to_the_other_and_back_while_mail_flows() {
    let prepare = |folder: &Folder| drop(folder.write("mapping.wasm", of_0_1()));
    let mut daemon = MappingDaemon::prepared("path = \"mapping.wasm\"", FILES, prepare);
    let (old, new) = (digest_of(&of_0_1()), digest_of(&of_0_2()));
    let in_use = |daemon: &MappingDaemon| daemon.status()["digest"].as_str().unwrap().to_owned();
    let mut count = 0;
    let mut deliver = |daemon: &MappingDaemon| {
        daemon.write(&format!("in/{count}.ndjson"), graph_records(count..count + 10));
        count += 10;
        wait_for("delivery", || daemon.count("out") as u64 == count);
    };
    deliver(&daemon);
    assert_eq!(in_use(&daemon), old);
    daemon.tell_well(&["replace", "2.2"]);
    deliver(&daemon);
    assert_eq!(in_use(&daemon), new);
    daemon.tell_well(&["rollback"]);
    deliver(&daemon);
    assert_eq!(in_use(&daemon), old);
    daemon.tell_well(&["replace", "2.2", "--shadow", "100"]);
    deliver(&daemon);
    assert_eq!(in_use(&daemon), old);
    daemon.tell_well(&["promote"]);
    deliver(&daemon);
    assert_eq!(in_use(&daemon), new);
    // After a crash it is still the one that was put in place, and so is the older one from its copy.
    daemon.crash_and_start_again();
    deliver(&daemon);
    assert_eq!(in_use(&daemon), new);
    let file = daemon.write("old.wasm", of_0_1());
    daemon.tell_well(&["replace", text(&file), "--canary", "50"]);
    deliver(&daemon);
    daemon.tell_well(&["promote"]);
    fs::remove_file(file).unwrap();
    daemon.crash_and_start_again();
    deliver(&daemon);
    assert_eq!(in_use(&daemon), old);
    // The watched file is replaced as well.
    daemon.put(&of_0_2());
    daemon.wait_until("the file is taken", |daemon| in_use(daemon) == new);
    deliver(&daemon);
    let mut ids = delivered(&daemon);
    ids.sort_unstable();
    assert_eq!(ids, (0..count).collect::<Vec<_>>(), "each once");
}
