//! The mapping of all processes: who has which instances, and decisions that every process takes.

use exotrace::mapper::built_in;
use serde_json::Value;

use super::{Cluster, address, metric, start};
use crate::harness::{Daemon, Folder, wait_for};

/// A process that shows its metrics.
fn watched(cluster: &Cluster) -> Folder {
    let folder = cluster.process();
    folder.change_settings("state_dir", "listen = \"127.0.0.1:0\"\nstate_dir");
    folder
}

/// What the processes say of the decision, in the order of their names.
fn states(folder: &Folder) -> Vec<String> {
    let report = folder.exotrace(&["cluster", "status", "--json"]).run().json();
    let state = |process: &Value| process["mapping"]["state"].as_str().unwrap_or("nothing").to_owned();
    report["processes"].as_array().unwrap().iter().map(state).collect()
}

#[track_caller]
fn wait_for_states(folder: &Folder, expected: &[&str]) {
    wait_for(&format!("states {expected:?}"), || {
        let mut states = states(folder);
        states.sort();
        states == expected
    });
}

fn mapping(folder: &Folder) -> String {
    let status = folder.exotrace(&["mapping", "status", "--json"]).ends(0).json();
    status["mapping"].as_str().unwrap().to_owned()
}

/// Mapping 2.2 with other bytes: one that nobody has unless he is given it.
fn own_mapping() -> Vec<u8> {
    let custom_section = [0, 5, 4, b't', b'e', b's', b't'];
    [built_in("2.2").unwrap().bytes, &custom_section].concat()
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_has_instances_for_its_own_tenants_alone() {
    let cluster = Cluster::new("cluster-instances", 6, 20);
    let folders = [watched(&cluster), watched(&cluster)];
    let owned = |address: &str| -> i64 {
        let of = |number: usize| metric(address, &format!("exotrace_source_owner{{source=\"tenant-{number}\"}}"));
        (1..=6).map(|number| of(number).unwrap_or_default()).sum()
    };
    let instances = |address: &str| metric(address, "exotrace_mapping_instances").unwrap();
    let mut first = start(&folders[0]);
    let first_address = address(&first);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    wait_for("an instance for each", || instances(&first_address) == 6);
    let mut second = start(&folders[1]);
    let second_address = address(&second);
    wait_for("tenants of both", || owned(&second_address) > 0 && owned(&first_address) + owned(&second_address) == 6);
    wait_for("instances of its own tenants", || instances(&first_address) == owned(&first_address));
    // It has nothing to map so far, and makes instances when it has.
    assert!(instances(&second_address) <= owned(&second_address));
    second.stop();
    first.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn every_process_takes_a_decision_once_also_one_that_was_away_or_is_new() {
    let cluster = Cluster::new("cluster-decision", 4, 40);
    let folders = [(); 3].map(|()| cluster.process());
    let [first, second, third] = &folders;
    let mut daemons = vec![start(first), start(second)];
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let before = mapping(first);
    let replace = ["mapping", "replace", "1.20", "--cluster", "--accept-new-ids", "--accept-new-schema", "--force"];
    // From a machine without a process of it.
    let said = third.exotrace(&replace).ends(0).stdout;
    assert!(said.contains("mapping 1.20.0 (") && said.contains("`cluster-decision`"), "{said}");
    wait_for_states(first, &["taken", "taken"]);
    assert_eq!([mapping(first), mapping(second)], ["1.20.0", "1.20.0"]);
    let history = first.exotrace(&["mapping", "history"]).ends(0).stdout;
    assert!(history.contains("for the cluster: in place of"), "{history}");
    // One that is new has it before it collects anything.
    daemons.push(start(third));
    daemons[2].wait_for_log("joining the cluster");
    let log = daemons[2].log();
    let taken = log.find("mapping of the cluster taken");
    assert!(taken.is_some() && taken < log.find("joining the cluster"), "{log}");
    // One that has taken it goes on with it, and goes its own way when somebody wants that.
    daemons[0].stop();
    daemons[0] = start(first);
    daemons[0].wait_for_log("joining the cluster");
    assert_eq!(mapping(first), "1.20.0");
    assert!(!daemons[0].log().contains("mapping of the cluster taken"), "{}", daemons[0].log());
    first.exotrace(&["mapping", "replace", "3.0", "--accept-new-ids", "--accept-new-schema", "--force"]).ends(0);
    wait_for_states(second, &["replaced", "taken", "taken"]);
    // Who is away when it is taken back hears of it.
    daemons[1].stop();
    // What is known of a process that is gone goes with the decision that it is of.
    let gone = || {
        let messages = cluster.node.messages("cluster-decision-ledger-mapping");
        messages.into_iter().filter(|message| message["value"].is_null()).collect::<Vec<_>>()
    };
    assert_eq!(gone().len(), 0);
    wait_for("two processes", || states(first).len() == 2);
    let said = first.exotrace(&["mapping", "rollback", "--cluster"]).ends(0).stdout;
    assert!(said.contains(&format!("mapping {before} (")) && said.contains("is to map again"), "{said}");
    let gone = gone();
    assert!(gone.len() == 1 && gone[0]["key"].as_str().unwrap().starts_with("process/"), "{gone:?}");
    daemons[1] = start(second);
    wait_for_states(first, &["taken", "taken", "taken"]);
    folders.iter().for_each(|folder| assert_eq!(mapping(folder), before));
    let said = first.exotrace(&["mapping", "rollback", "--cluster"]).ends(1).said();
    assert!(said.contains("no mapping is known that the cluster could go back to"), "{said}");
    daemons.iter_mut().for_each(Daemon::stop);
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_that_lacks_the_mapping_says_so_and_takes_it_when_it_is_there() {
    let cluster = Cluster::new("cluster-lacking", 2, 20);
    let (first, second) = (watched(&cluster), watched(&cluster));
    for folder in [&first, &second] {
        std::fs::create_dir_all(folder.path("state/mappings")).unwrap();
    }
    let mut daemons = [start(&first), start(&second)];
    wait_for("all documents", || cluster.count() >= cluster.rows());
    first.write("state/mappings/own.wasm", own_mapping());
    let path = first.path("state/mappings/own.wasm");
    let said = first.exotrace(&["mapping", "replace", path.to_str().unwrap(), "--cluster"]).ends(0).stdout;
    assert!(said.contains("hint: put its file into the folder `mappings`"), "{said}");
    wait_for_states(&first, &["taken", "waiting"]);
    daemons[1].wait_for_log("mapping of the cluster is not used");
    let differs = || metric(&address(&daemons[1]), "exotrace_cluster_mapping_differs{group=\"cluster-lacking\"}");
    assert_eq!(differs(), Some(1));
    let text = second.exotrace(&["cluster", "status"]).ends(1).stdout;
    assert!(text.contains("this process does not have it"), "{text}");
    assert!(second.exotrace(&["status"]).run().stdout.contains("of the cluster is not used"));
    second.write("state/mappings/any-name.wasm", own_mapping());
    wait_for_states(&second, &["taken", "taken"]);
    wait_for("the metric", || differs() == Some(0));
    daemons.iter_mut().for_each(Daemon::stop);
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_that_refuses_the_mapping_says_why_and_does_not_try_it_again() {
    let cluster = Cluster::new("cluster-refusing", 1, 40);
    let folder = cluster.process();
    let mut daemon = start(&folder);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let before = mapping(&folder);
    // Its documents follow another schema.
    folder.exotrace(&["mapping", "replace", "ocsf-1.8", "--cluster"]).ends(0);
    wait_for_states(&folder, &["refused"]);
    daemon.stop();
    let mut daemon = start(&folder);
    daemon.wait_for_log("joining the cluster");
    wait_for_states(&folder, &["refused"]);
    assert!(!daemon.log().contains("mapping refused"), "{}", daemon.log());
    assert_eq!(mapping(&folder), before);
    // Settings that name another one are newer than the decision.
    daemon.stop();
    folder.change_settings("# here is [cluster]\n", "[mapping]\nversion = \"3.0\"\n");
    let mut daemon = start(&folder);
    wait_for_states(&folder, &["outdated"]);
    daemon.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_cluster_of_before_gets_the_topic_of_decisions_while_it_runs() {
    let mut cluster = Cluster::new("cluster-older", 1, 20);
    cluster.node.ask(&serde_json::json!({ "do": "create", "topic": "older-ledger", "partitions": 8,
        "settings": { "cleanup.policy": "compact" } }));
    cluster.ledger_topic = "older-ledger".to_owned();
    let folder = cluster.process();
    let mut daemon = start(&folder);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let said = folder.exotrace(&["mapping", "replace", "3.0", "--cluster"]).ends(1).said();
    assert!(said.contains("there is no topic `older-ledger-mapping`"), "{said}");
    let said = folder.exotrace(&["cluster", "create", "--partitions", "8"]).ends(0).said();
    assert!(said.contains("topic `older-ledger` with 8 partitions is there already"), "{said}");
    assert!(said.contains("created topic `older-ledger-mapping` with 1 partition"), "{said}");
    folder.exotrace(&["mapping", "replace", "3.0", "--cluster", "--accept-new-ids", "--accept-new-schema"]).ends(0);
    wait_for_states(&folder, &["taken"]);
    daemon.stop();
    cluster.check();
}
