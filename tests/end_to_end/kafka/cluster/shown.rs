//! What a process of a cluster shows of the ledgers of its partitions.

use exotrace_simulator::TenantConfig;
use serde_json::json;

use super::{Cluster, address, metric, start};
use crate::harness::{Terminal, plain, wait_for};

/// The names of what only a ledger knows.
const OF_LEDGER: [&str; 4] = [
    "exotrace_covered_until_timestamp_seconds",
    "exotrace_last_page_timestamp_seconds",
    "exotrace_gaps",
    "exotrace_request_budget_left",
];

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn metrics_have_what_the_ledgers_of_partitions_know() {
    let mut cluster = Cluster::new("cluster-shown", 4, 20);
    cluster.lines = "request_budget = 90\n";
    let folders = [cluster.process(), cluster.process()];
    for folder in &folders {
        folder.change_settings("state_dir", "listen = \"127.0.0.1:0\"\nstate_dir");
    }
    let mut first = start(&folders[0]);
    let first_address = address(&first);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let of =
        |address: &str, name: &str, tenant: usize| metric(address, &format!("{name}{{source=\"tenant-{tenant}\"}}"));
    for name in OF_LEDGER {
        for tenant in 1..=4 {
            wait_for(&format!("{name} of tenant {tenant}"), || of(&first_address, name, tenant).is_some());
        }
    }
    assert!((1..=4).all(|tenant| of(&first_address, "exotrace_request_budget_left", tenant).unwrap() < 90));
    assert_eq!(metric(&first_address, "exotrace_ledger_readable"), Some(1));
    // Of each source, only the process tells that has it.
    let mut second = start(&folders[1]);
    let second_address = address(&second);
    let shown = |address: &str, name: &str| (1..=4).filter(|tenant| of(address, name, *tenant).is_some()).count();
    for name in OF_LEDGER {
        wait_for(&format!("{name} of both"), || {
            let both = [&first_address, &second_address].map(|address| shown(address, name));
            both[0] > 0 && both[1] > 0 && both[0] + both[1] == 4
        });
    }
    second.stop();
    first.stop();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_bar_shows_how_far_a_range_has_come_that_a_partition_reads() {
    let like = TenantConfig { rows: 60, ..TenantConfig::default() };
    let cluster = Cluster::like("cluster-bar", 2, &like, json!({}));
    let folder = cluster.process();
    let mut daemon = start(&folder);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let tenant = &cluster.tenants[1].simulator;
    tenant.hold_pages();
    let range = ["--from", "2h", "--to", "now", "--source", "tenant-2"];
    let mut terminal = Terminal::start(folder.exotrace(&[&["backfill", "--dry-run"], &range[..]].concat()), 80);
    wait_for("a bar", || plain(&terminal.shown()).contains("dry run ░"));
    tenant.let_pass(1_000);
    let shown = terminal.end();
    assert!(plain(&shown).contains("60 rows"), "{shown:?}");
    daemon.stop();
    cluster.check();
}
