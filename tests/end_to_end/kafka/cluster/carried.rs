//! A process that collected alone becomes one of a cluster.

use super::{Cluster, start};
use crate::harness::wait_for;

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_ledger_of_before_the_cluster_is_carried_over() {
    let cluster = Cluster::new("cluster-carried", 3, 60);
    let folder = cluster.process();
    let section = cluster.section();
    folder.change_settings(&section, "");
    folder.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(cluster.count(), cluster.rows());
    folder.change_settings("# here is [cluster]\n", &format!("# here is [cluster]\n{section}"));
    let before = cluster.requests();
    let mut daemon = start(&folder);
    wait_for("some polls of each tenant", || cluster.requests() >= before + 9);
    daemon.stop();
    let log = daemon.log();
    assert_eq!(log.matches("ledger of before the cluster is carried over").count(), 3, "{log}");
    cluster.check();
    // Once: what the topic knows counts from then on.
    let mut daemon = start(&folder);
    let before = cluster.requests();
    wait_for("some polls of each tenant", || cluster.requests() >= before + 9);
    daemon.stop();
    assert!(!daemon.log().contains("ledger of before the cluster"), "{}", daemon.log());
    // And others have it from there.
    let other = cluster.process();
    let mut daemon = start(&other);
    let before = cluster.requests();
    wait_for("some polls of each tenant", || cluster.requests() >= before + 9);
    daemon.stop();
    cluster.check();
}
