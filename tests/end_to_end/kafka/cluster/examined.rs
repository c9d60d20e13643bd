//! What `doctor` says of a cluster: each thing that is missing or not allowed, and what to do.

use std::sync::Arc;

use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use super::{Brokers, Cluster};
use crate::{
    harness::{Folder, KafkaNode, PLAIN_PASSWORD},
    kafka::{signing_in::trust, steps},
};

/// The steps about the cluster have these results, and the report has this in it.
#[track_caller]
fn check(folder: &Folder, expected: &[&str], said: &str) -> Value {
    let report = folder.exotrace(&["doctor", "--json"]).run().json();
    assert_eq!(steps(&report, "cluster"), expected, "{report:#}");
    assert!(report.to_string().contains(said), "{said}: {report:#}");
    report
}

const ALL: [&str; 4] = ["ledger topic: ok", "mapping topic: ok", "group: ok", "transactions: ok"];

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn doctor_looks_at_both_topics_of_a_cluster() {
    let cluster = Cluster::new("cluster-doctor", 1, 1);
    let (node, folder) = (&cluster.node, cluster.process());
    check(&folder, &ALL, "`cluster-doctor-ledger` has 8 partitions, is compacted, and may be read and written");
    // What is sent in vain is not there for anybody.
    for topic in ["cluster-doctor-ledger", "cluster-doctor-ledger-mapping"] {
        assert_eq!(node.messages(topic).len(), 0);
    }
    let settings = folder.read("exotrace.toml");
    let to = |ledger: &str| {
        folder.write_settings(&settings.replace("cluster-doctor-ledger", ledger));
    };
    let failed = ["ledger topic: failed", "mapping topic: failed", "group: ok", "transactions: ok"];
    to("cluster-doctor-nothing");
    check(&folder, &failed, "`exotrace cluster create --partitions 64` makes it, once");
    // As another cluster of a version that had one topic.
    node.create("cluster-doctor-old", 8, json!({ "cleanup.policy": "compact" }));
    to("cluster-doctor-old");
    let lacks = ["ledger topic: ok", "mapping topic: failed", "group: ok", "transactions: ok"];
    check(&folder, &lacks, "there is no topic `cluster-doctor-old-mapping`");
    node.create("cluster-doctor-old-mapping", 2, json!({ "cleanup.policy": "compact" }));
    check(&folder, &lacks, "has 2 partitions, not 1");
    node.create("cluster-doctor-other", 8, json!({}));
    node.create("cluster-doctor-other-mapping", 1, json!({ "cleanup.policy": "compact,delete" }));
    to("cluster-doctor-other");
    let report = check(&folder, &failed, "has `cleanup.policy=delete`, not `compact`");
    assert!(report.to_string().contains("kafka-configs.sh --alter"), "{report:#}");
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn doctor_says_what_a_user_may_not_do_in_a_cluster() {
    let node = KafkaNode::shared();
    let sasl =
        format!("sasl = {{ mechanism = \"PLAIN\", username = \"exotrace\", password = \"{PLAIN_PASSWORD}\" }}\n");
    let (address, sign_in) = (node.sign_in_address(), sasl + &trust());
    let brokers = Brokers { node: Arc::clone(&node), address, sign_in };
    let like = TenantConfig { rows: 1, ..TenantConfig::default() };
    let cluster = Cluster::at(brokers, "cluster-guarded", 1, &like, json!({}));
    let folder = cluster.process();
    folder.change_settings("username = \"exotrace\"", "username = \"guest\"");
    let [ledger, mapping] = ["cluster-guarded-ledger", "cluster-guarded-ledger-mapping"];
    let allow = |operation: &str, topics: &[&str]| {
        topics.iter().for_each(|topic| node.allow("guest", operation, "topic", topic));
    };
    // Everything is asked as one of the group.
    let all_failed = ALL.map(|step| step.replace("ok", "failed"));
    let all_failed = all_failed.each_ref().map(String::as_str);
    check(&folder, &all_failed, "grant the user `Read` and `Describe` on the consumer group");
    node.allow("guest", "read", "group", "cluster-guarded");
    let failed = ["ledger topic: failed", "mapping topic: failed", "group: ok", "transactions: failed"];
    check(&folder, &failed, "`Read` for a source, all three for the topics of a cluster");
    allow("describe", &[ledger, mapping]);
    check(&folder, &failed, "could not read topic `cluster-guarded-ledger`");
    allow("read", &[ledger]);
    let expected = [&["ledger topic: ok", "ledger topic: not_asked"], &failed[1..]].concat();
    check(&folder, &expected, "is known only with `DescribeConfigs` on the topic");
    allow("read", &[mapping]);
    allow("describe_configs", &[ledger, mapping]);
    check(&folder, &[&ALL[..3], &failed[3..]].concat(), "transactional ids that begin with `exotrace-`");
    node.allow("guest", "write", "transactional_id", "exotrace-cluster-guarded-doctor");
    let unwritable = [&failed[..3], &ALL[3..]].concat();
    check(&folder, &unwritable, "could not write to topic `cluster-guarded-ledger`");
    allow("write", &[ledger]);
    check(
        &folder,
        &[&ALL[..1], &unwritable[1..]].concat(),
        "could not write to topic `cluster-guarded-ledger-mapping`",
    );
    allow("write", &[mapping]);
    check(&folder, &ALL, "allowed, as far as the transactional id of this command shows");
}
