//! What people ask a process of a cluster: the past, and dead letters, of the tenants that it has.

use chrono::Utc;
use exotrace_simulator::TenantConfig;
use serde_json::json;

use super::{Cluster, start};
use crate::harness::{Daemon, Ended, Folder, wait_for};

/// Asks both processes, of which one has the tenant; says which, and what the other one says.
#[track_caller]
fn ask(folders: &[Folder; 2], question: &[&str]) -> (usize, Ended) {
    let [one, other] = folders.each_ref().map(|folder| folder.exotrace(question).run());
    let (owner, answer, refusal) = if one.code() == Some(0) { (0, one, other) } else { (1, other, one) };
    assert_eq!((answer.code(), refusal.code()), (Some(0), Some(2)), "{}{}", answer.all(), refusal.all());
    let report = folders[0].exotrace(&["cluster", "status", "--json"]).run().json();
    let process = report["sources"][0]["process"].as_str().unwrap();
    let said = refusal.said();
    assert!(said.contains(&format!("source `tenant-1` is collected by process `{process}` at `127.0.0.1`")), "{said}");
    assert!(said.contains("hint: run the command there"), "{said}");
    (owner, answer)
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_question_is_answered_by_the_process_that_has_the_tenant_and_others_name_it() {
    let cluster = Cluster::new("cluster-asked", 4, 40);
    let folders = [cluster.process(), cluster.process()];
    let said = folders[0].exotrace(&["trace", "--since", "3h", "--source", "tenant-1"]).ends(1).said();
    assert!(said.contains("no exotrace runs with"), "{said}");
    let mut daemons = folders.each_ref().map(start);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    wait_for("both", || {
        let report = folders[0].exotrace(&["cluster", "status", "--json"]).run().json();
        let all = report["processes"].as_array().unwrap();
        all.len() == 2 && all.iter().all(|process| process["partitions"].as_array().unwrap().len() == 4)
    });
    let has_begun = |daemon: &Daemon| daemon.log().contains("partition begun");
    wait_for("partitions", || daemons.iter().any(has_begun));
    wait_for("an answer", || {
        let question = ["trace", "--since", "3h", "--source", "tenant-1", "--json"];
        folders.iter().any(|folder| folder.exotrace(&question).run().code() == Some(0))
    });
    let (owner, answer) = ask(&folders, &["trace", "--since", "3h", "--source", "tenant-1", "--json"]);
    assert_eq!(answer.json()["deliveries"].as_array().unwrap().len(), 40);
    let (_, answer) = ask(&folders, &["audit", "--from", "3h", "--to", "1m", "--source", "tenant-1", "--json"]);
    assert_eq!(answer.json()["counts"]["missing"], 0);
    let (_, answer) =
        ask(&folders, &["backfill", "--from", "3h", "--to", "1m", "--source", "tenant-1", "--dry-run", "--json"]);
    assert_eq!(answer.json()["new"], 0);
    let said = folders[owner].exotrace(&["trace", "--since", "3h"]).ends(2).said();
    assert!(said.contains("several sources can be asked: `tenant-1`, `tenant-2`"), "{said}");
    let said = folders[owner].exotrace(&["remap", "--from", "2h", "--to", "1h"]).ends(2).said();
    assert!(said.contains("`[archive]`, which does not go with `[cluster]`"), "{said}");
    let said = folders[owner].exotrace(&["backfill", "--cancel"]).ends(0).said();
    assert!(said.contains("no backfill was begun"), "{said}");
    daemons.iter_mut().for_each(Daemon::stop);
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_backfill_goes_on_in_the_process_that_takes_the_tenant_over() {
    let like = TenantConfig { rows: 300, span: chrono::Duration::days(20), ..TenantConfig::default() };
    let cluster = Cluster::like("cluster-backfill", 1, &like, json!({}));
    let tenant = &cluster.tenants[0].simulator;
    let (first, second) = (cluster.process(), cluster.process());
    let mut lost = start(&first);
    let recent = || {
        let rows = tenant.visible_rows();
        rows.iter().filter(|row| Utc::now() - row.received < chrono::Duration::hours(2)).count()
    };
    wait_for("the first poll", || cluster.requests() > 1 && cluster.count() >= recent());
    tenant.hold_pages();
    let polled = cluster.count();
    let mut asked = first.exotrace(&["backfill", "--from", "21d", "--to", "now"]).start();
    wait_for("a part of it", || {
        tenant.let_pass(1);
        cluster.count() >= polled + 20
    });
    lost.kill();
    assert_eq!(asked.end().code(), Some(1));
    assert!(cluster.count() < cluster.rows(), "there was more to do");
    let mut next = start(&second);
    next.wait_for_log("backfill goes on");
    tenant.let_pass(1_000_000);
    next.wait_for_log("backfill is done");
    next.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn dead_letters_are_replayed_by_the_process_that_has_the_tenant() {
    let cluster = Cluster::with("cluster-letters", 2, 20, json!({ "max.message.bytes": "2500" }));
    let (first, second) = (cluster.process(), cluster.process());
    // Nothing that compresses well.
    let noise = |seed: u32| -> String {
        let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let letters = std::iter::successors(Some(seed), next).map(|state| char::from(b'a' + (state >> 16) as u8 % 26));
        letters.take(800).collect()
    };
    let tags: Vec<_> = (1..=5).map(noise).collect();
    let large = format!("name = \"tenant-1\"\ntags = {tags:?}");
    first.change_settings("name = \"tenant-1\"", &large);
    let mut daemon = start(&first);
    let letters = || {
        let listed = first.exotrace(&["replay", "--list", "--json"]).ends(0).json();
        let listed = listed.as_array().unwrap().iter().map(|file| file["letters"].as_u64().unwrap());
        listed.sum::<u64>()
    };
    wait_for("all rows", || cluster.count() == 20 && letters() == 20);
    daemon.stop();
    first.change_settings(&large, "name = \"tenant-1\"");
    let said = first.exotrace(&["replay"]).ends(1).said();
    assert!(said.contains("no exotrace runs with"), "{said}");
    let mut other = start(&second);
    other.wait_for_log("partition begun");
    let mut daemon = start(&first);
    daemon.wait_for_log("partitions assigned");
    // Only when it has the tenant, which it has in the end.
    let ended = first.exotrace(&["replay"]).run();
    let said = ended.said();
    assert!(ended.code() == Some(0) || said.contains("source `tenant-1`"), "{said}");
    other.stop();
    wait_for("the replay", || letters() == 0 || first.exotrace(&["replay"]).run().code() == Some(0));
    daemon.stop();
    assert_eq!(letters(), 0);
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn letters_of_another_process_and_those_of_before_the_cluster_are_left_alone() {
    let cluster = Cluster::new("cluster-letter-file", 1, 10);
    let folders = [cluster.process(), cluster.process()];
    let letter = json!({
        "time": "2026-01-05T10:00:00Z", "source": "tenant-1", "stage": "mapping", "mapping": "2.2", "reason": "x", "record": "{}"
    });
    let line = format!("{letter}\n");
    folders.iter().for_each(|folder| drop(folder.write("letters.ndjson", &line)));
    let mut daemons = folders.each_ref().map(start);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    wait_for("both processes", || {
        let report = folders[0].exotrace(&["cluster", "status", "--json"]).run().json();
        report["processes"].as_array().unwrap().len() == 2
    });
    // One of them has the tenant, as soon as it is taken over.
    wait_for("one that has not", || {
        let replay = |folder: &Folder| folder.exotrace(&["replay", "letters.ndjson"]).run();
        let refused: Vec<_> =
            folders.iter().map(replay).filter(|ended| ended.said().contains("could not replay")).collect();
        refused.len() == 1 && refused[0].code() == Some(2) && refused[0].said().contains("hint: run the command there")
    });
    daemons.iter_mut().for_each(Daemon::stop);
    // What a replay has put aside that broke off before the cluster is of before it as well.
    let of_before = ["state/dead-letter.ndjson", "state/dead-letter.ndjson.replaying"];
    let folder = cluster.process();
    let mut daemon = start(&folder);
    daemon.wait_for_log("partition begun");
    of_before.iter().for_each(|file| drop(folder.write(file, &line)));
    let said = folder.exotrace(&["replay"]).ends(0).said();
    assert_eq!(said.matches("is of a time without `[cluster]`").count(), 2, "{said}");
    of_before.iter().for_each(|file| assert_eq!(folder.read(file), line));
    daemon.stop();
}
