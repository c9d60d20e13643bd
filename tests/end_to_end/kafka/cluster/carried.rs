//! A process that collected alone becomes one of a cluster.

use super::{Cluster, start};

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
    let mut daemon = start(&folder);
    cluster.wait_for_polls();
    daemon.stop();
    let log = daemon.log();
    assert_eq!(log.matches("ledger carried over into the cluster").count(), 3, "{log}");
    cluster.check();
    // Once: what the topic knows counts from then on.
    let mut daemon = start(&folder);
    cluster.wait_for_polls();
    daemon.stop();
    assert!(!daemon.log().contains("ledger carried over"), "{}", daemon.log());
    // And others have it from there.
    let other = cluster.process();
    let mut daemon = start(&other);
    cluster.wait_for_polls();
    daemon.stop();
    cluster.check();
}
