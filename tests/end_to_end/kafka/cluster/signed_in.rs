//! A cluster whose brokers want TLS and a sign-in: every client of it has to have both.

use std::sync::Arc;

use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use super::{Brokers, Cluster, address, metric, start};
use crate::{
    harness::{Folder, KafkaNode, PLAIN_PASSWORD, wait_for},
    kafka::{
        signing_in::{trust, ways},
        steps,
    },
};

/// The group and topics of each way.
const NAMES: [&str; 6] = [
    "cluster-plain",
    "cluster-scram-256",
    "cluster-scram-512",
    "cluster-token-file",
    "cluster-token-url",
    "cluster-certificate",
];

fn status(folder: &Folder) -> Value {
    folder.exotrace(&["cluster", "status", "--json"]).run().json()
}

/// All that a cluster asks brokers: making topics, sharing, taking over, looking, deciding, examining.
#[track_caller]
fn check(name: &'static str, brokers: Brokers) {
    let like = TenantConfig { rows: 60, ..TenantConfig::default() };
    let cluster = Cluster::at(brokers, name, 3, &like, json!({}));
    let folders = [cluster.process(), cluster.process()];
    let said = folders[1].exotrace(&["cluster", "create", "--partitions", "8"]).ends(0).said();
    assert_eq!(said.matches("is there already").count(), 2, "{said}");
    let mut leaving = start(&folders[0]);
    wait_for("the first documents", || cluster.count() >= 20);
    let mut staying = start(&folders[1]);
    staying.wait_for_log("partitions assigned");
    leaving.stop();
    wait_for("all documents", || cluster.count() >= cluster.rows());
    wait_for("every source to be read", || folders[1].exotrace(&["cluster", "status"]).run().code() == Some(0));
    let replace = ["mapping", "replace", "1.20", "--cluster", "--accept-new-ids", "--accept-new-schema", "--force"];
    folders[0].exotrace(&replace).ends(0);
    wait_for("the decision to be taken", || status(&folders[0])["processes"][0]["mapping"]["state"] == "taken");
    folders[0].exotrace(&["mapping", "rollback", "--cluster"]).ends(0);
    let report = folders[0].exotrace(&["doctor", "--json"]).run().json();
    let steps = steps(&report, "cluster");
    assert!(steps.iter().all(|step| step.ends_with(": ok")), "{report}");
    staying.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn every_client_of_a_cluster_signs_in_in_every_way() {
    // As long as all of them run: clusters do not share a broker otherwise.
    let node = KafkaNode::shared();
    for (name, (address, sign_in)) in NAMES.into_iter().zip(ways(&node)) {
        check(name, Brokers { node: Arc::clone(&node), address, sign_in });
    }
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_password_that_changes_in_its_file_is_taken_by_a_process_that_runs() {
    let node = Arc::new(KafkaNode::new());
    let sasl = "sasl = { mechanism = \"PLAIN\", username = \"exotrace\", password_file = \"plain-password\" }\n";
    let brokers = Brokers { address: node.sign_in_address(), sign_in: sasl.to_owned() + &trust(), node };
    let like = TenantConfig { rows: 20, ..TenantConfig::default() };
    let cluster = Cluster::at(brokers, "cluster-password", 2, &like, json!({}));
    let folder = cluster.process();
    folder.write("plain-password", "wrong-password-of-tests\n");
    let mut daemon = start(&folder);
    daemon.wait_for_log("could not look at the ledger topic; trying again");
    folder.write("plain-password", format!("{PLAIN_PASSWORD}\n"));
    wait_for("all documents", || cluster.count() >= cluster.rows());
    cluster.node.kill();
    cluster.node.start_again_with("another-password-of-tests");
    daemon.wait_for_log("could not be a member of the cluster");
    folder.write("plain-password", "another-password-of-tests\n");
    daemon.wait_for_log("rejoining the cluster");
    wait_for("the process to be a member", || {
        let report = status(&folder);
        report["processes"][0]["partitions"].as_array().is_some_and(|partitions| partitions.len() == 8)
    });
    cluster.wait_for_polls();
    folder.exotrace(&["cluster", "status"]).ends(0);
    assert!(!daemon.log().contains("password-of-tests"));
    daemon.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_user_who_may_not_write_the_topic_of_documents_needs_attention_until_it_is_granted() {
    let node = KafkaNode::shared();
    let sasl =
        format!("sasl = {{ mechanism = \"PLAIN\", username = \"exotrace\", password = \"{PLAIN_PASSWORD}\" }}\n");
    let (address_of_brokers, sign_in) = (node.sign_in_address(), sasl + &trust());
    let brokers = Brokers { node: Arc::clone(&node), address: address_of_brokers, sign_in };
    let like = TenantConfig { rows: 20, ..TenantConfig::default() };
    let cluster = Cluster::at(brokers, "cluster-unwritable", 1, &like, json!({}));
    let folder = cluster.process();
    let settings = folder.read("exotrace.toml").replace("username = \"exotrace\"", "username = \"guest\"");
    folder.write_settings(&format!("listen = \"127.0.0.1:0\"\n{settings}"));
    node.allow("guest", "read", "group", "cluster-unwritable");
    for topic in ["cluster-unwritable-ledger", "cluster-unwritable-ledger-mapping"] {
        ["read", "write"].iter().for_each(|operation| node.allow("guest", operation, "topic", topic));
    }
    for partition in 0..8 {
        node.allow("guest", "write", "transactional_id", &format!("exotrace-cluster-unwritable-{partition}"));
    }
    // It can be looked at, so that only the transaction shows it.
    node.allow("guest", "describe", "topic", "cluster-unwritable");
    let mut daemon = start(&folder);
    let at = address(&daemon);
    let state = "exotrace_health{part=\"source\",name=\"tenant-1\",state=\"needs_attention\"}";
    wait_for("the source to need attention", || metric(&at, state) == Some(1));
    assert!(daemon.log().contains("grant the user the topic"), "{}", daemon.log());
    assert_eq!(cluster.count(), 0);
    // The ledger has nothing of it, since that cannot be written either.
    let report = folder.exotrace(&["cluster", "status", "--json"]).ends(1).json();
    assert_eq!(report["sources"][0]["trouble"], "never_read", "{report}");
    let text = folder.exotrace(&["cluster", "status"]).ends(1).stdout;
    assert!(text.contains("never read"), "{text}");
    node.allow("guest", "write", "topic", "cluster-unwritable");
    wait_for("all documents", || cluster.count() >= cluster.rows());
    wait_for("the source to work", || metric(&at, state) == Some(0));
    daemon.stop();
    cluster.check();
}
