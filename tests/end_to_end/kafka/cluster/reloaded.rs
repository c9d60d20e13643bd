//! Settings that change while a process of a cluster runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Cluster, start};
use crate::harness::{Daemon, Folder, wait_for};

/// Settings without the source of a tenant.
fn without(settings: &str, tenant: usize) -> String {
    let begin = settings.find(&format!("[[source]]\ntype = \"graph\"\nname = \"tenant-{tenant}\"")).unwrap();
    let end = settings[begin + 1..].find("[[").map_or(settings.len(), |end| begin + 1 + end);
    [&settings[..begin], &settings[end..]].concat()
}

/// Has a process read these settings, and waits until it goes on with them.
#[track_caller]
fn reload(folder: &Folder, daemon: &Daemon, settings: &str) {
    let before = daemon.log().matches("settings reloaded").count();
    folder.write_settings(settings);
    daemon.signal("HUP");
    wait_for("other settings", || daemon.log().matches("settings reloaded").count() > before);
}

fn of_tenant<'d>(documents: &'d [Value], cluster: &Cluster, tenant: usize) -> Vec<&'d Value> {
    let id = &cluster.tenants[tenant - 1].config.tenant_id;
    documents.iter().filter(|message| message["headers"]["exotrace-tenant"] == id.as_str()).collect()
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_takes_other_settings_as_one_without_a_cluster_does() {
    let cluster = Cluster::new("cluster-reloaded", 3, 40);
    cluster.node.create("cluster-reloaded-2", 1, json!({}));
    let folder = cluster.process();
    let requests = |tenant: usize| cluster.tenants[tenant - 1].simulator.page_requests();
    let all = folder.read("exotrace.toml");
    // The third tenant is not known yet, and the secret of the second one is wrong.
    let secret = format!("client_secret = \"{}\"", cluster.tenants[1].config.client_secret);
    let (first_half, second_half) = all.split_at(all.find("name = \"tenant-2\"").unwrap());
    let wrong = [first_half, &second_half.replacen(&secret, "client_secret = \"wrong\"", 1)].concat();
    folder.write_settings(&without(&wrong, 3));
    let mut daemon = start(&folder);
    wait_for("the first tenant", || cluster.count() >= 40);
    daemon.wait_for_log("AADSTS7000215");
    assert_eq!([requests(2), requests(3)], [0, 0]);
    // A secret, a source that is new, another topic and another mapping.
    let other = all.replace("topic = \"cluster-reloaded\"", "topic = \"cluster-reloaded-2\"");
    let other = other + "[mapping]\nversion = \"1.20\"\n";
    reload(&folder, &daemon, &other);
    wait_for("the other tenants", || cluster.node.messages("cluster-reloaded-2").len() >= 80);
    let messages = cluster.node.messages("cluster-reloaded-2");
    for tenant in [2, 3] {
        let messages = of_tenant(&messages, &cluster, tenant);
        assert_eq!(messages.len(), 40);
        let mapping = |message: &&&Value| message["headers"]["exotrace-mapping"].as_str().unwrap().starts_with("1.20");
        assert!(messages.iter().all(|message| mapping(&message)), "{messages:?}");
    }
    // A source that is gone.
    reload(&folder, &daemon, &without(&other, 1));
    let before = requests(1);
    let others = requests(2) + requests(3);
    wait_for("polls of the others", || requests(2) + requests(3) >= others + 6);
    assert_eq!(requests(1), before);
    let report = folder.exotrace(&["cluster", "status", "--json"]).ends(0).json();
    assert_eq!(report["sources"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["processes"][0]["partitions"], json!([0, 1, 2, 3, 4, 5, 6, 7]), "{report}");
    daemon.stop();
    assert_eq!((cluster.count(), cluster.node.messages("cluster-reloaded-2").len()), (40, 80));
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn what_makes_it_another_cluster_needs_a_restart_and_the_process_says_so() {
    let cluster = Cluster::new("cluster-kept", 1, 20);
    let folder = cluster.process();
    let mut daemon = start(&folder);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let settings = folder.read("exotrace.toml");
    for (from, to, expected) in [
        (
            "group = \"cluster-kept\"",
            "group = \"another\"",
            "`cluster.group` is `another` now, and this process uses `cluster-kept`",
        ),
        (
            "ledger_topic = \"cluster-kept-ledger\"",
            "ledger_topic = \"another\"",
            "`cluster.ledger_topic` is `another` now, and this process uses `cluster-kept-ledger`",
        ),
        (&*cluster.section(), "", "`[cluster]` is not in the settings now, and this process is one of a cluster"),
    ] {
        folder.write_settings(&settings.replace(from, to));
        daemon.signal("HUP");
        daemon.wait_for_log(expected);
    }
    assert_eq!(daemon.log().matches("restart").count(), 3, "{}", daemon.log());
    // It goes on with what it had.
    cluster.wait_for_polls();
    reload(&folder, &daemon, &settings);
    cluster.wait_for_polls();
    daemon.stop();
    cluster.check();
}

/// How many rows were read of each partition when it was taken over.
fn read_rows(daemon: &Daemon) -> BTreeMap<u64, u64> {
    let mut read = BTreeMap::new();
    for line in daemon.log().lines().filter(|line| line.contains("ledger of the partition is up to date")) {
        let fields = &serde_json::from_str::<Value>(line).unwrap()["fields"];
        read.insert(fields["partition"].as_u64().unwrap(), fields["rows"].as_u64().unwrap());
    }
    read
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_ledger_of_another_topic_is_not_taken_for_a_copy() {
    let cluster = Cluster::new("cluster-moved", 1, 30);
    let (moved, first) = (cluster.process(), cluster.process());
    let mut daemon = start(&moved);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    daemon.stop();
    // Another ledger, in which there is more.
    let to_other = |folder: &Folder| folder.change_settings("cluster-moved-ledger", "cluster-moved-other");
    [&moved, &first].into_iter().for_each(to_other);
    first.exotrace(&["cluster", "create", "--partitions", "8"]).ends(0);
    let mut daemon = start(&first);
    wait_for("all documents again", || cluster.count() >= 2 * cluster.rows());
    (0..3).for_each(|_| cluster.wait_for_polls());
    daemon.stop();
    let written = cluster.node.messages("cluster-moved-other").len() as u64;
    let mut daemon = start(&moved);
    wait_for("a ledger", || !read_rows(&daemon).is_empty());
    daemon.stop();
    assert_eq!(read_rows(&daemon).into_values().sum::<u64>(), written);
}
