//! A cluster whose output has no part in its transactions: what is sent again is known by its `_id`.

use std::collections::BTreeSet;

use exotrace_fake_elasticsearch::{Failure, FakeElasticsearch, Setup};

use super::{Cluster, start};
use crate::harness::{Daemon, wait_for};

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn processes_that_deliver_to_elasticsearch_are_killed_and_lose_their_disks_and_each_row_is_there_once() {
    let cluster = Cluster::new("cluster-elasticsearch", 4, 250);
    // It has taken what it gives no answer to: that comes again in any case.
    let failures = vec![Failure::StoreAndCut, Failure::Cut, Failure::StoreAndCut];
    let fake = FakeElasticsearch::start(Setup { failures, ..Setup::default() });
    let output = format!("[[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n", fake.url());
    let folders = [cluster.process_to(&output), cluster.process_to(&output)];
    let mut daemons = folders.each_ref().map(start);
    for (round, victim) in [(1, 0), (2, 1), (3, 0)] {
        wait_for("more documents", || fake.documents(STREAM).len() >= round * cluster.rows() / 5);
        daemons[victim].kill();
        std::fs::remove_dir_all(folders[victim].path("state")).unwrap();
        daemons[victim] = start(&folders[victim]);
    }
    wait_for("all documents", || fake.documents(STREAM).len() >= cluster.rows());
    // What was under way is done, and the next poll finds nothing more.
    cluster.wait_for_polls();
    daemons.iter_mut().for_each(Daemon::stop);
    let stored = fake.documents(STREAM);
    for tenant in &cluster.tenants {
        let ids = tenant.visible_ids();
        let of_tenant: Vec<_> = ids.iter().filter_map(|id| stored.get(id)).cloned().collect();
        assert_eq!(of_tenant.len(), tenant.simulator.rows().len(), "{}", tenant.config.tenant_id);
        tenant.check(&of_tenant);
    }
    let expected: BTreeSet<_> = cluster.tenants.iter().flat_map(|tenant| tenant.visible_ids()).collect();
    assert_eq!(stored.into_keys().collect::<BTreeSet<_>>(), expected);
    assert_eq!(fake.stop_failing(), 0);
    // Nothing was taken for a document that the store does not want.
    for folder in &folders {
        assert!(folder.files().iter().all(|(path, _)| !path.ends_with("dead-letter.ndjson")));
    }
}
