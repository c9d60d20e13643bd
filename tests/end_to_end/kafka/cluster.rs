//! Tenants that processes share: each row once, also when a process and its disk are lost.

use std::{collections::BTreeMap, sync::Arc, thread, time::Duration};

use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use super::{
    by_tenant, output, signing_in,
    source::{address, metric},
    start,
};
use crate::harness::{Daemon, Folder, KafkaNode, SimulatedTenant, documents, wait_for};

mod asked;
mod carried;
mod examined;
mod known_by_id;
mod mapping;
mod reloaded;
mod shown;
mod signed_in;

/// Tenants, brokers, and settings that all processes have.
struct Cluster {
    node: Arc<KafkaNode>,
    name: &'static str,
    tenants: Vec<SimulatedTenant>,
    /// More lines of each source.
    lines: &'static str,
    ledger_topic: String,
    address: String,
    sign_in: String,
}

/// Brokers, where they are reached, and the settings for signing in.
struct Brokers {
    node: Arc<KafkaNode>,
    address: String,
    sign_in: String,
}

impl Cluster {
    /// This number of tenants, with this number of rows each.
    fn new(name: &'static str, tenants: u64, rows: usize) -> Self {
        Self::with(name, tenants, rows, json!({}))
    }

    /// The same with these settings of the topic for documents.
    fn with(name: &'static str, tenants: u64, rows: usize, topic: Value) -> Self {
        Self::like(name, tenants, &TenantConfig { rows, ..TenantConfig::default() }, topic)
    }

    /// This number of tenants like this one.
    fn like(name: &'static str, tenants: u64, like: &TenantConfig, topic: Value) -> Self {
        let node = KafkaNode::shared();
        let (address, sign_in) = (node.open_address(), "tls = false\n".to_owned());
        Self::at(Brokers { node, address, sign_in }, name, tenants, like, topic)
    }

    /// The same at these brokers.
    fn at(brokers: Brokers, name: &'static str, tenants: u64, like: &TenantConfig, topic: Value) -> Self {
        let Brokers { node, address, sign_in } = brokers;
        node.create(name, 3, topic);
        let tenant = |seed: u64| {
            let tenant_id = format!("8f5c2d1e-3b7a-4c09-9e64-{seed:012}");
            SimulatedTenant::new(TenantConfig { seed, tenant_id, ..like.clone() })
        };
        let (tenants, lines) = ((1..=tenants).map(tenant).collect(), "request_budget = 1000000\n");
        let ledger_topic = format!("{name}-ledger");
        let cluster = Self { node, name, tenants, lines, ledger_topic, address, sign_in };
        let said = cluster.process().exotrace(&["cluster", "create", "--partitions", "8"]).ends(0).said();
        assert!(said.contains(&format!("created topic `{name}-ledger` with 8 partitions")), "{said}");
        cluster
    }

    /// What makes a process one of this cluster.
    fn section(&self) -> String {
        let Self { name, ledger_topic, address, sign_in, .. } = self;
        format!(
            "[cluster]\nbrokers = [\"{address}\"]\n{sign_in}group = \"{name}\"\nledger_topic = \"{ledger_topic}\"\n"
        )
    }

    fn settings(&self) -> String {
        let mut settings = format!("state_dir = \"state\"\n# here is [cluster]\n{}", self.section());
        for (tenant, number) in self.tenants.iter().zip(1..) {
            let TenantConfig { tenant_id, client_id, client_secret, .. } = &tenant.config;
            let (url, lines) = (&tenant.url, self.lines);
            settings += &format!(
                "[[source]]\ntype = \"graph\"\nname = \"tenant-{number}\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
                 client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\ninitial_interval = \"2h\"\n\
                 interval = \"1s\"\nbatch_size = 10\n{lines}"
            );
        }
        settings
    }

    /// A folder for a process, which delivers to the same brokers.
    fn process(&self) -> Folder {
        self.process_to(&output(&self.address, self.name, &self.sign_in))
    }

    /// A folder for a process that delivers there.
    fn process_to(&self, output: &str) -> Folder {
        let folder = Folder::with_settings(&(self.settings() + output));
        signing_in::write_secrets(&folder);
        folder
    }

    /// The documents by their tenants.
    fn documents(&self) -> BTreeMap<String, Vec<Value>> {
        by_tenant(&self.node, self.name)
    }

    fn count(&self) -> usize {
        self.node.messages(self.name).len()
    }

    fn rows(&self) -> usize {
        self.tenants.iter().map(|tenant| tenant.simulator.rows().len()).sum()
    }

    /// Every row of every tenant is there once.
    #[track_caller]
    fn check(&self) {
        let documents = self.documents();
        for tenant in &self.tenants {
            let found = documents.get(&tenant.config.tenant_id).map(Vec::as_slice).unwrap_or_default();
            tenant.check(found);
            assert_eq!(found.len(), tenant.simulator.rows().len(), "{}", tenant.config.tenant_id);
        }
    }

    /// Until each tenant was asked some more times.
    fn wait_for_polls(&self) {
        let requests = || self.tenants.iter().map(|tenant| tenant.simulator.page_requests());
        let before: Vec<_> = requests().collect();
        wait_for("some polls of each tenant", || requests().zip(&before).all(|(now, before)| now >= before + 3));
    }

    fn requests(&self) -> u64 {
        self.tenants.iter().map(|tenant| tenant.simulator.page_requests()).sum()
    }
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn processes_share_tenants_and_are_killed_and_lose_their_disks_and_each_row_is_there_once() {
    let cluster = Cluster::new("cluster", 5, 300);
    let folders = [cluster.process(), cluster.process()];
    let mut daemons = folders.each_ref().map(start);
    for round in 1..=4 {
        wait_for("more documents", || cluster.count() >= round * cluster.rows() / 6);
        let victim = round % daemons.len();
        daemons[victim].kill();
        // As a machine that is gone with its disk.
        if round > 2 {
            std::fs::remove_dir_all(folders[victim].path("state")).unwrap();
        }
        daemons[victim] = start(&folders[victim]);
    }
    wait_for("all documents", || cluster.count() >= cluster.rows());
    daemons.iter_mut().for_each(Daemon::stop);
    cluster.check();
}

/// What is committed behind a transaction of another program, as of `exotrace doctor` that was killed, is not readable as
/// long as that is open: who takes a partition over waits, and does not take what is readable for all there is.
#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn who_takes_over_waits_for_a_transaction_of_somebody_else() {
    let node = Arc::new(KafkaNode::new());
    let brokers = Brokers { address: node.open_address(), sign_in: "tls = false\n".to_owned(), node };
    let like = TenantConfig { rows: 60, ..TenantConfig::default() };
    let cluster = Cluster::at(brokers, "cluster-held", 1, &like, json!({}));
    cluster.tenants[0].simulator.hold_pages();
    let (first, second) = (cluster.process(), cluster.process());
    let mut daemon = start(&first);
    cluster.tenants[0].simulator.let_pass(1);
    wait_for("the first page", || cluster.count() > 0);
    cluster.node.hold("cluster-held-ledger");
    cluster.tenants[0].simulator.let_pass(1000);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    daemon.kill();
    let mut next = start(&second);
    next.wait_for_log("partitions assigned");
    let before = cluster.requests();
    thread::sleep(Duration::from_secs(3));
    assert_eq!(cluster.requests(), before, "it collects without its ledger");
    cluster.node.release();
    cluster.wait_for_polls();
    next.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_that_ends_gives_its_tenants_away_and_the_next_one_goes_on() {
    let cluster = Cluster::new("cluster-leaving", 3, 200);
    let (first, second) = (cluster.process(), cluster.process());
    let mut leaving = start(&first);
    wait_for("the first documents", || cluster.count() >= 60);
    let mut staying = start(&second);
    staying.wait_for_log("partitions assigned");
    leaving.stop();
    let log = leaving.log();
    assert!(log.contains("partition released") && !log.contains("partition is given away before"), "{log}");
    wait_for("all documents", || cluster.count() >= cluster.rows());
    staying.stop();
    cluster.check();
    // What was read is known to the process that comes next, also with an empty disk.
    let third = cluster.process();
    let before = cluster.requests();
    let mut next = start(&third);
    wait_for("another poll of each tenant", || cluster.requests() >= before + 6);
    next.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_that_was_away_without_knowing_commits_nothing() {
    let cluster = Cluster::new("cluster-fenced", 2, 300);
    let (first, second) = (cluster.process(), cluster.process());
    let mut frozen = start(&first);
    wait_for("the first documents", || cluster.count() >= 40);
    frozen.signal("STOP");
    let before = cluster.count();
    // The group gives its partitions to another one, which writes on.
    let mut other = start(&second);
    wait_for("documents of the other", || cluster.count() >= before + 40);
    frozen.signal("CONT");
    frozen.wait_for_log("partitions revoked");
    wait_for("all documents", || cluster.count() >= cluster.rows());
    other.stop();
    frozen.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_page_that_comes_when_the_tenant_is_another_process_s_counts_for_nothing() {
    let cluster = Cluster::new("cluster-late-page", 1, 60);
    let tenant = &cluster.tenants[0].simulator;
    let (first, second) = (cluster.process(), cluster.process());
    tenant.hold_pages();
    let mut frozen = start(&first);
    tenant.let_pass(2);
    wait_for("two pages", || cluster.count() == 20);
    // The third is asked for, and the answer comes when the process does not run.
    wait_for("the third request", || cluster.requests() == 3);
    frozen.signal("STOP");
    let mut other = start(&second);
    other.wait_for_log("partition begun");
    tenant.let_pass(1000);
    wait_for("all documents", || cluster.count() == 60);
    frozen.signal("CONT");
    frozen.wait_for_log("partitions revoked");
    other.stop();
    // What it takes over again has nothing new in it.
    let before = cluster.requests();
    wait_for("another poll", || cluster.requests() > before);
    frozen.stop();
    cluster.check();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn who_is_fenced_commits_nothing_and_begins_anew() {
    let cluster = Cluster::new("cluster-taken", 1, 200);
    let folder = cluster.process();
    let mut daemon = start(&folder);
    for round in 1..=4 {
        wait_for("more documents", || cluster.count() >= round * 40);
        // Before, it would take the partition over after the fencing.
        wait_for("the partition to run", || daemon.log().matches("partition begun").count() >= round);
        // In the middle of anything. The tenant is in one of the partitions.
        (0..8).for_each(|partition| cluster.node.fence(&format!("exotrace-cluster-taken-{partition}")));
        wait_for("a refused commit", || daemon.log().matches("partition does not run; trying again").count() >= round);
    }
    wait_for("all documents", || cluster.count() >= cluster.rows());
    daemon.stop();
    cluster.check();
    assert!(daemon.log().contains("another process has taken the partition over"), "{}", daemon.log());
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn what_is_too_large_for_the_topic_is_a_dead_letter_and_the_rest_is_there_once() {
    // Less than the documents of a page have together, and less than one with long tags has.
    let cluster = Cluster::with("cluster-small", 2, 40, json!({ "max.message.bytes": "2500" }));
    let folder = cluster.process();
    // Nothing that compresses well.
    let mut state = 7_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 16) as u8 % 26)
    };
    let tags: Vec<String> = (0..5).map(|_| (0..800).map(|_| letter()).collect()).collect();
    folder.change_settings("name = \"tenant-1\"", &format!("name = \"tenant-1\"\ntags = {tags:?}"));
    let mut daemon = start(&folder);
    let letters = || {
        let files = folder.files().into_iter().filter(|(path, _)| path.ends_with("dead-letter.ndjson"));
        documents(&files.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect::<String>())
    };
    wait_for("all rows", || cluster.count() + letters().len() >= cluster.rows());
    daemon.stop();
    let letters = letters();
    assert_eq!(letters.len(), 40);
    for letter in &letters {
        assert_eq!(letter["source"], "tenant-1");
        assert!(letter["reason"].as_str().unwrap().contains("is larger than topic `cluster-small`"), "{letter}");
    }
    let found = cluster.documents();
    assert_eq!(found.len(), 1);
    cluster.tenants[1].check(&found[&cluster.tenants[1].config.tenant_id]);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn who_takes_over_goes_on_with_the_same_request_budget() {
    let mut cluster = Cluster::new("cluster-budget", 1, 400);
    cluster.lines = "request_budget = 12\n";
    let (first, second) = (cluster.process(), cluster.process());
    let mut daemon = start(&first);
    wait_for("the budget to be used up", || cluster.requests() >= 12);
    daemon.kill();
    let mut next = second.exotrace(&["run", "-v"]).start();
    next.wait_for_log("partition begun");
    // It knows what was sent by another process, whose disk it has not.
    next.wait_for_log("request budget is used up");
    next.stop();
    assert_eq!(cluster.requests(), 12);
    assert_eq!(cluster.count(), cluster.documents()[&cluster.tenants[0].config.tenant_id].len());
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn status_says_who_collects_what_and_what_nobody_does() {
    let cluster = Cluster::new("cluster-status", 3, 20);
    let folder = cluster.process();
    folder.change_settings("state_dir", "listen = \"127.0.0.1:0\"\nstate_dir");
    let status = |code| folder.exotrace(&["cluster", "status", "--json"]).ends(code).json();
    let alone = status(1);
    assert_eq!(alone["processes"], json!([]));
    for source in alone["sources"].as_array().unwrap() {
        assert!(source["polled_at"].is_null() && source["trouble"] == "not_collected", "{alone}");
    }
    let mut daemon = start(&folder);
    wait_for("all documents", || cluster.count() >= cluster.rows());
    let report = status(0);
    assert_eq!(report["processes"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["processes"][0]["partitions"], json!([0, 1, 2, 3, 4, 5, 6, 7]));
    for source in report["sources"].as_array().unwrap() {
        assert_eq!(source["process"], report["processes"][0]["name"], "{report}");
        assert!(source["polled_at"].is_string() && source["failure"].is_null(), "{report}");
        assert!(source["trouble"].is_null(), "{report}");
    }
    let address = address(&daemon);
    assert_eq!(metric(&address, "exotrace_cluster_partitions{group=\"cluster-status\"}"), Some(8));
    assert_eq!(metric(&address, "exotrace_source_owner{source=\"tenant-3\"}"), Some(1));
    let steps = folder.exotrace(&["doctor", "--json"]).run().json();
    let all = ["ledger topic: ok", "mapping topic: ok", "group: ok", "transactions: ok"];
    assert_eq!(super::steps(&steps, "cluster"), all, "{steps}");
    assert!(steps.to_string().contains("is stable; 1 process runs"), "{steps}");
    let text = folder.exotrace(&["cluster", "status"]).ends(0).stdout;
    assert!(text.contains("tenant-3") && text.contains("0-7"), "{text}");
    daemon.stop();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn the_ledger_topic_is_made_once_and_no_other_is_taken_for_it() {
    let cluster = Cluster::new("cluster-topic", 1, 1);
    let folder = cluster.process();
    let create =
        |partitions: &str, code| folder.exotrace(&["cluster", "create", "--partitions", partitions]).ends(code).said();
    assert!(create("8", 0).contains("is there already"));
    assert!(create("9", 1).contains("has 8 partitions, not 9"));
    cluster.node.create("no-ledger", 8, json!({}));
    folder.change_settings("cluster-topic-ledger", "no-ledger");
    assert!(create("8", 1).contains("has `cleanup.policy=delete`, not `compact`"));
    folder.change_settings("no-ledger", "nothing-there");
    let said = folder.exotrace(&["run"]).ends(1).said();
    assert!(said.contains("there is no ledger topic `nothing-there`"), "{said}");
    let said = folder.exotrace(&["run", "--once"]).ends(1).said();
    assert!(said.contains("`--once` does not go with `[cluster]`"), "{said}");
}
