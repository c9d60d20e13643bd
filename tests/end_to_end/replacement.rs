//! The mapping is replaced while mail flows: nothing is lost, nothing comes twice, no document is half one, half another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use exotrace::{
    deployment::{Candidate, DeployedMapper, Deployment, EventKind, Refusal, RollbackPolicy, Standby, TrialMode},
    mapper::{Component, Limits, Loader, MappedBatch, Origin, Settings, built_in},
};

use crate::harness::{documents as parsed, graph_records as records, guest, wait_for};

fn bytes(version: &str) -> &'static [u8] {
    built_in(version).unwrap().bytes
}

fn deployment(policy: RollbackPolicy) -> Arc<Deployment> {
    within(Limits::default(), policy)
}

/// A component that loops is stopped soon; all else has time enough, also on a busy machine.
fn quick(policy: RollbackPolicy) -> Arc<Deployment> {
    within(Limits { batch_time: Duration::from_secs(2), ..Limits::default() }, policy)
}

fn within(limits: Limits, policy: RollbackPolicy) -> Arc<Deployment> {
    let component = Component::new(bytes("2.2")).unwrap();
    Deployment::new(vec![(component, Settings::default())], limits, policy, &Arc::default()).unwrap()
}

/// The ids of the documents, each with whether it is one of mapping 2.2, as the batch says as well.
fn documents(batch: &MappedBatch) -> Vec<(u64, bool)> {
    let mut documents = Vec::new();
    for (place, document) in parsed(&batch.documents).into_iter().enumerate() {
        let record = &document["microsoft"]["online_message_trace"];
        let id = record["MessageTraceId"].as_str().or_else(|| record["id"].as_str()).unwrap();
        let is_2_2 = document["event"].get("category").is_some();
        assert_eq!(batch.mapping_of(place).unwrap().version, if is_2_2 { "2.2.0" } else { "1.20.0" });
        documents.push((id.parse().unwrap(), is_2_2));
    }
    documents
}

fn map(mapper: &DeployedMapper, numbers: std::ops::Range<u64>) -> Vec<(u64, bool)> {
    let batch = mapper.map_batch(&records(numbers), &Origin::default()).unwrap();
    assert_eq!(batch.outcomes.len(), batch.documents.lines().count());
    documents(&batch)
}

/// Maps batch after batch until it is stopped; gives how many records were mapped, and by 2.2.
fn stream(mapper: &DeployedMapper, batches: &AtomicU64, stop: &AtomicBool) -> (u64, u64) {
    const BATCH: u64 = 10;
    let (mut next, mut by_2_2) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let found = map(mapper, next..next + BATCH);
        let ids: Vec<_> = found.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, (next..next + BATCH).collect::<Vec<_>>(), "every record once, in order");
        let of_2_2 = found.iter().filter(|(_, is_2_2)| *is_2_2).count() as u64;
        assert!(of_2_2 == 0 || of_2_2 == BATCH, "a batch by one version: {of_2_2} of {BATCH}");
        by_2_2 += of_2_2;
        next += BATCH;
        batches.fetch_add(1, Ordering::Relaxed);
    }
    (next, by_2_2)
}

struct Stopping<'s>(&'s AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_steady_stream_survives_hundreds_of_replacements_and_hostile_candidates() {
    const HOSTILE: [&str; 10] = [
        "trap-at-once",
        "trap-on-fifth",
        "wrong-count",
        "wrong-length",
        "outside-memory",
        "open-traps",
        "describe-traps",
        "lying-section",
        "wasi-import",
        "wrong-world",
    ];
    let deployment = deployment(RollbackPolicy { max_slowdown: 1e9, recent_records: 20, ..RollbackPolicy::default() });
    let (stop, batches) = (AtomicBool::new(false), [AtomicU64::new(0), AtomicU64::new(0)]);
    let mapper = deployment.mapper(0);
    thread::scope(|scope| {
        // A test that fails does not wait for its workers for ever.
        let _stopping = Stopping(&stop);
        // Two workers of one source, as the pipeline may have.
        let workers: Vec<_> = batches.iter().map(|batches| scope.spawn(|| stream(&mapper, batches, &stop))).collect();
        let mapped = || batches.iter().map(|batches| batches.load(Ordering::Relaxed)).min().unwrap();
        let mut refused = 0;
        for round in 0..200 {
            let before = mapped();
            let version = if round % 2 == 0 { "1.20" } else { "2.2" };
            let candidate = deployment.prepare(bytes(version)).unwrap_or_else(|refusal| panic!("{version}: {refusal}"));
            deployment.replace(candidate, "test").unwrap();
            if round % 4 == 0 {
                let name = HOSTILE[round / 4 % HOSTILE.len()];
                assert!(deployment.prepare(&guest(name)).is_err(), "{name} in round {round}");
                refused += 1;
            }
            wait_for("both workers go on", || mapped() > before || workers.iter().any(|worker| worker.is_finished()));
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(refused, 50);
        for worker in workers {
            let (records, by_2_2) = worker.join().unwrap();
            assert!(by_2_2 > 0 && by_2_2 < records, "both versions mapped: {by_2_2} of {records}");
        }
    });
    let status = deployment.status();
    assert_eq!((status.replaced, status.rolled_back), (200, 0));
    assert_eq!(status.mapping, "2.2.0");
}

/// A guest that gives up at marked records proves itself on others; its documents are the records.
fn put_in_place(deployment: &Arc<Deployment>, name: &str) {
    let candidate: Candidate = deployment.prepare(&guest(name)).unwrap();
    deployment.replace(candidate, "test").unwrap();
}

#[test]
fn a_mapping_that_stops_is_taken_back_and_its_batch_mapped_by_the_one_before() {
    for name in ["trap-on-record", "endless-loop", "deep-recursion", "not-utf8"] {
        let deployment = if name == "endless-loop" {
            quick(RollbackPolicy::default())
        } else {
            deployment(RollbackPolicy::default())
        };
        let mapper = deployment.mapper(0);
        map(&mapper, 0..10);
        put_in_place(&deployment, name);
        assert_eq!(deployment.status().mapping, "9.9.9");
        let marked = format!("{{\"x\":1}}\n{}", records(0..5));
        let batch = mapper.map_batch(&marked, &Origin::default()).unwrap();
        assert_eq!((batch.outcomes.len(), batch.documents.lines().count()), (6, 6), "{name}: all by the one before");
        assert_eq!((deployment.status().mapping.as_str(), deployment.status().rolled_back), ("2.2.0", 1), "{name}");
        let last = deployment.history().pop().unwrap();
        assert_eq!((last.event, last.mapping.as_str(), last.by.as_str()), (EventKind::RolledBack, "2.2.0", "exotrace"));
        assert!(last.reason.unwrap().contains("stopped"), "{name}");
        let digest = Component::new(&guest(name)).unwrap().digest().to_owned();
        assert!(deployment.refused(&digest).is_some(), "{name} is not tried again");
        assert_eq!(map(&mapper, 0..3).len(), 3);
        // The record that gave it away is among the recent ones now.
        assert!(matches!(deployment.prepare(&guest(name)), Err(Refusal::Recent(_))), "{name}");
    }
}

#[test]
fn a_stop_that_is_allowed_rejects_its_record_alone() {
    let deployment = deployment(RollbackPolicy { max_faults: 100, ..RollbackPolicy::default() });
    let mapper = deployment.mapper(0);
    put_in_place(&deployment, "trap-on-record");
    let batch = mapper.map_batch("{\"n\":1}\n{\"x\":1}\n{\"n\":2}\n", &Origin::default()).unwrap();
    assert_eq!(batch.documents, "{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(deployment.status().mapping, "9.9.9");
}

#[test]
fn what_is_no_candidate_changes_nothing_and_says_why() {
    let deployment = quick(RollbackPolicy::default());
    let mapper = deployment.mapper(0);
    map(&mapper, 0..20);
    for (name, reason) in [
        ("trap-at-once", "it fails at recent records: mapping component stopped (trap)"),
        ("wrong-count", "it fails at recent records: mapping component broke its contract"),
        ("open-traps", "it cannot be started: mapping component stopped (trap)"),
        ("open-loops", "it cannot be started: mapping component stopped (time)"),
        ("describe-traps", "could not say what it is"),
        ("unknown-import", "imports `exotrace:mapping/clock@0.1.0`"),
    ] {
        let refusal = deployment.prepare(&guest(name)).err().map(|refusal| refusal.to_string()).unwrap_or_default();
        assert!(refusal.starts_with(reason), "{name}: {refusal}");
    }
    assert!(matches!(deployment.prepare(b"\0asm"), Err(Refusal::Component(_))));
    assert!(matches!(deployment.prepare(bytes("2.2")), Err(Refusal::Current)));
    assert_eq!((deployment.status().mapping.as_str(), deployment.status().replaced), ("2.2.0", 0));
}

#[test]
fn a_component_that_fails_its_own_check_records_is_no_candidate() {
    let deployment = deployment(RollbackPolicy::default());
    // One digit of the first id of the section is another one.
    let mut bytes = bytes("1.20").to_vec();
    let section = b"\"id\": \"";
    let ids: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(section)).collect();
    let at = *ids.last().expect("the component has check records") + section.len();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    let refusal = deployment.prepare(&bytes).err().map(|refusal| refusal.to_string()).unwrap_or_default();
    assert!(refusal.starts_with("it fails its own check: check record 12 has the id `"), "{refusal}");
}

#[test]
fn too_many_differences_make_no_candidate() {
    let deployment = deployment(RollbackPolicy { max_different_percent: 10.0, ..RollbackPolicy::default() });
    map(&deployment.mapper(0), 0..20);
    let refusal = deployment.prepare(bytes("1.20")).err().map(|refusal| refusal.to_string()).unwrap_or_default();
    let expected = "it is worse on recent records: 100.0 % of 20 records come out differently, 10 % are allowed";
    assert!(refusal.starts_with(expected), "{refusal}");
}

#[test]
fn going_back_and_pinning() {
    let deployment = deployment(RollbackPolicy::default());
    let mapper = deployment.mapper(0);
    assert!(deployment.roll_back("test").is_err());
    deployment.pin("test");
    assert!(deployment.replace(deployment.prepare(bytes("1.20")).unwrap(), "test").is_err());
    deployment.unpin("test");
    deployment.replace(deployment.prepare(bytes("1.20")).unwrap(), "test").unwrap();
    assert_eq!(deployment.status().probation.unwrap().mapping, "2.2.0");
    assert!(map(&mapper, 0..5).iter().all(|(_, is_2_2)| !is_2_2));
    deployment.roll_back("test").unwrap();
    assert!(map(&mapper, 0..5).iter().all(|(_, is_2_2)| *is_2_2));
    let events: Vec<_> = deployment.history().iter().map(|event| event.event).collect();
    assert_eq!(events, [EventKind::Pinned, EventKind::Unpinned, EventKind::Replaced, EventKind::RolledBack]);
}

#[test]
fn after_the_grace_period_the_mapping_before_is_let_go() {
    let deployment = deployment(RollbackPolicy { grace_period: Duration::ZERO, ..RollbackPolicy::default() });
    deployment.replace(deployment.prepare(bytes("1.20")).unwrap(), "test").unwrap();
    deployment.settle();
    assert!(deployment.status().probation.is_none() && deployment.roll_back("test").is_err());
    assert_eq!(deployment.history().pop().unwrap().event, EventKind::Settled);
}

#[test]
fn a_canary_maps_the_same_deliveries_every_time() {
    let deployment = deployment(RollbackPolicy { max_slowdown: 1e9, ..RollbackPolicy::default() });
    let mapper = deployment.mapper(0);
    deployment.try_out(deployment.prepare(bytes("1.20")).unwrap(), TrialMode::Canary, 30, "test").unwrap();
    let first = map(&mapper, 0..1000);
    let ids: Vec<_> = first.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, (0..1000).collect::<Vec<_>>(), "every record once, in order");
    let by_canary = first.iter().filter(|(_, is_2_2)| !is_2_2).count();
    assert!((200..400).contains(&by_canary), "{by_canary} of 1000");
    // A delivery is mapped by the same version in every batch.
    for (id, is_2_2) in first.iter().step_by(37) {
        assert_eq!(map(&mapper, *id..*id + 1), [(*id, *is_2_2)]);
    }
    wait_for("deliveries are compared", || compared(&deployment, "records") > 0);
    deployment.promote("test").unwrap();
    assert!(map(&mapper, 0..50).iter().all(|(_, is_2_2)| !is_2_2));
}

fn compared(deployment: &Deployment, count: &str) -> u64 {
    let trial = deployment.status().trial;
    trial.and_then(|trial| trial.differences[count].as_u64()).unwrap_or_default()
}

#[test]
fn a_canary_that_stops_ends_the_trial_and_loses_nothing() {
    let deployment = deployment(RollbackPolicy::default());
    let mapper = deployment.mapper(0);
    map(&mapper, 0..10);
    deployment.try_out(deployment.prepare(&guest("trap-on-record")).unwrap(), TrialMode::Canary, 100, "test").unwrap();
    let marked = format!("{}{{\"x\":1}}\n{}", records(0..5), records(5..9));
    let batch = mapper.map_batch(&marked, &Origin::default()).unwrap();
    assert_eq!((batch.outcomes.len(), batch.documents.lines().count()), (10, 10));
    assert!(deployment.status().trial.is_none());
    assert_eq!(deployment.history().pop().unwrap().event, EventKind::TrialEnded);
    assert_eq!(deployment.status().mapping, "2.2.0");
}

#[test]
fn a_shadow_is_compared_and_delivers_nothing() {
    let deployment = deployment(RollbackPolicy { max_slowdown: 1e9, ..RollbackPolicy::default() });
    let mapper = deployment.mapper(0);
    deployment.try_out(deployment.prepare(bytes("1.20")).unwrap(), TrialMode::Shadow, 50, "test").unwrap();
    let batch = map(&mapper, 0..200);
    assert!(batch.iter().all(|(_, is_2_2)| *is_2_2));
    wait_for("a sample is compared", || compared(&deployment, "records") == 100);
    let trial = deployment.status().trial.unwrap();
    assert_eq!(trial.differences["different"], 100);
    assert_eq!(trial.differences["fields"]["event.category"]["removed"], 100);
    let told = trial.differences.to_string();
    assert!(!told.contains("fabrikam") && !told.contains("bob"), "no content: {told}");
    deployment.withdraw("test").unwrap();
    assert!(deployment.status().trial.is_none() && deployment.withdraw("test").is_err());
}

#[test]
fn a_shadow_that_differs_too_much_is_given_up() {
    let policy =
        RollbackPolicy { max_different_percent: 0.0, min_records: 50, max_slowdown: 1e9, ..RollbackPolicy::default() };
    let deployment = deployment(policy);
    let mapper = deployment.mapper(0);
    // There are no recent records yet to find it out by.
    deployment.try_out(deployment.prepare(bytes("1.20")).unwrap(), TrialMode::Shadow, 100, "test").unwrap();
    wait_for("the trial ends", || {
        assert!(map(&mapper, 0..60).iter().all(|(_, is_2_2)| *is_2_2));
        deployment.status().trial.is_none()
    });
    let reason = deployment.history().pop().unwrap().reason.unwrap();
    assert!(reason.contains("records come out differently, 0 % are allowed"), "{reason}");
}

#[test]
fn a_new_mapping_that_differs_too_much_is_taken_back() {
    let policy =
        RollbackPolicy { max_different_percent: 20.0, min_records: 50, max_slowdown: 1e9, ..RollbackPolicy::default() };
    let deployment = deployment(policy);
    let mapper = deployment.mapper(0);
    // There are no recent records yet to find it out by.
    deployment.replace(deployment.prepare(bytes("1.20")).unwrap(), "test").unwrap();
    assert!(map(&mapper, 0..100).iter().all(|(_, is_2_2)| !is_2_2));
    wait_for("it is taken back", || {
        map(&mapper, 0..100);
        deployment.status().mapping == "2.2.0"
    });
    let event = deployment.history().pop().unwrap();
    assert_eq!((event.event, event.by.as_str()), (EventKind::RolledBack, "exotrace"));
    let reason = event.reason.unwrap();
    assert!(reason.contains("100.0 % of ") && reason.contains(" come out differently, 20 % are allowed"), "{reason}");
}

/// As in a process of a cluster, which has some of the sources.
#[test]
fn instances_wait_for_the_records_of_sources_that_are_collected() {
    let starts = (0..3).map(|_| (Component::new(bytes("2.2")).unwrap(), Settings::default())).collect();
    let (limits, policy, geo) = (Limits::default(), RollbackPolicy::default(), Arc::default());
    let standby = Standby::WhileCollected;
    let deployment = Deployment::with_loader(starts, limits, policy, &geo, Loader::default(), standby).unwrap();
    let instances = || deployment.in_use().iter().map(|it| it.instances).sum::<u64>();
    assert_eq!(instances(), 0);
    let (one, two) = (deployment.mapper(0), deployment.mapper(2));
    assert_eq!(map(&one, 0..10).len() + map(&two, 10..20).len(), 20);
    assert_eq!(instances(), 2);
    deployment.replace(deployment.prepare(bytes("1.20")).unwrap(), "me").unwrap();
    assert_eq!(map(&one, 20..30), (20..30).map(|number| (number, false)).collect::<Vec<_>>());
    // What maps and what maps no more, until that is let go.
    assert_eq!(instances(), 4);
    let clone = one.clone();
    drop(one);
    assert_eq!(instances(), 4);
    drop(clone);
    assert_eq!(instances(), 2);
    // It maps again when somebody takes it again.
    assert_eq!(map(&deployment.mapper(0), 30..40).len(), 10);
    drop(two);
    assert_eq!(instances(), 0);
}
