//! Brokers that are lost or stopped, and processes that the network cuts off.

use std::{
    collections::{BTreeMap, HashSet},
    env, fs,
    process::{self, Command},
    thread,
    time::{Duration, Instant},
};

use exotrace_simulator::{DeliveryError, TenantConfig};
use serde_json::json;

use super::{
    by_tenant, open_output,
    source::{address, metric},
    start,
};
use crate::harness::{Daemon, Folder, KafkaNode, SimulatedTenants, id_and_recipient, wait_for};

/// The service takes no more of a tenant in five minutes.
const QUOTA: usize = 100;

/// Memory for all instances of the mapping: each tenant has one.
const MAPPINGS: u32 = u32::MAX;

/// How long brokers are stopped: longer than the ten seconds after which a member of a group is taken for lost, and in
/// `make cluster` longer than a transaction may take.
fn outage() -> Duration {
    Duration::from_secs(env::var("EXOTRACE_OUTAGE").map_or(12, |value| value.parse().unwrap()))
}

/// Tenants that processes share, by the files in their `sources_dir`.
pub(super) struct SharedTenants {
    pub(super) node: KafkaNode,
    tenants: SimulatedTenants,
    pub(super) topic: String,
    lines: &'static str,
}

impl SharedTenants {
    /// Tenants like this one, with these lines of each source.
    pub(super) fn new(topic: &str, node: KafkaNode, like: &TenantConfig, count: u32, lines: &'static str) -> Self {
        node.create(topic, 3, json!({}));
        let tenants = SimulatedTenants::like(like, count, "");
        let shared = Self { node, tenants, topic: topic.to_owned(), lines };
        let nodes = shared.node.nodes().to_string();
        let create = ["cluster", "create", "--partitions", "64", "--replication-factor", &nodes];
        shared.process().exotrace(&create).ends(0);
        shared
    }

    /// A folder for a process: the settings of the cluster, and a file for each tenant.
    pub(super) fn process(&self) -> Folder {
        let (address, topic) = (self.node.open_address(), &self.topic);
        let cluster = format!(
            "state_dir = \"state\"\nlisten = \"127.0.0.1:0\"\nsources_dir = \"tenants.d\"\n[cluster]\nbrokers = [\"{address}\"]\ntls = false\n\
             group = \"{topic}\"\nledger_topic = \"{topic}-ledger\"\n[mapping]\nmax_total_memory_bytes = {MAPPINGS}\n"
        );
        let folder = Folder::with_settings(&(cluster + &open_output(&self.node, topic)));
        fs::create_dir(folder.path("tenants.d")).unwrap();
        for (tenant, number) in self.tenants.all().iter().zip(1..) {
            let TenantConfig { tenant_id, client_id, client_secret, .. } = tenant.config();
            let (url, lines) = (self.tenants.url(), self.lines);
            let source = format!(
                "[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
                 client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\n\
                 initial_interval = \"2h\"\n{lines}"
            );
            folder.write(&SimulatedTenants::file(number), source);
        }
        folder
    }

    /// Until every tenant was asked again, and how long that took.
    pub(super) fn until_all_are_asked(&self) -> Duration {
        let requests = || -> Vec<u64> { self.tenants.all().iter().map(|tenant| tenant.page_requests()).collect() };
        let (before, began) = (requests(), Instant::now());
        wait_for("every tenant to be asked", || requests().iter().zip(&before).all(|(now, before)| now > before));
        began.elapsed()
    }

    /// All rows that are there now are delivered, none of any tenant twice, and no tenant was asked too often; how many
    /// documents there are, and the most requests of a tenant in five minutes.
    #[track_caller]
    pub(super) fn check(&self) -> (usize, usize) {
        let tenants = self.tenants.all();
        let expected: Vec<_> = tenants.iter().map(|tenant| tenant.visible_rows()).collect();
        let mut documents = BTreeMap::new();
        wait_for("all rows", || {
            documents = by_tenant(&self.node, &self.topic);
            tenants.iter().zip(&expected).all(|(tenant, rows)| {
                let found = documents.get(&tenant.config().tenant_id).map(Vec::as_slice).unwrap_or_default();
                let found: HashSet<_> = found.iter().map(id_and_recipient).collect();
                rows.iter().all(|row| found.contains(&[row.id.as_str(), row.recipient.as_str()]))
            })
        });
        for tenant in tenants {
            let id = &tenant.config().tenant_id;
            match tenant.check_delivery(&documents[id]) {
                // Mail has come since then.
                Ok(()) | Err(DeliveryError::Missing { .. }) => {}
                Err(error) => panic!("{id}: {error}"),
            }
        }
        let most = tenants.iter().map(|tenant| tenant.max_page_requests_in_300_s()).max().unwrap();
        assert!(most <= QUOTA, "a tenant was sent {most} requests in five minutes");
        (documents.values().map(Vec::len).sum(), most)
    }
}

/// Six tenants with some mail, to which some comes all the time.
fn like() -> TenantConfig {
    TenantConfig { rows: 20, rows_per_hour: 720, ..TenantConfig::default() }
}

fn partitions(daemon: &Daemon) -> i64 {
    metric(&address(daemon), "exotrace_cluster_partitions").unwrap_or_default()
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_broker_of_three_that_is_lost_costs_nothing() {
    let [first, second, _third] = KafkaNode::three();
    let shared = SharedTenants::new("three", first, &like(), 6, "interval = \"5s\"\n");
    let folders = [(); 2].map(|()| shared.process());
    let mut daemons = folders.each_ref().map(start);
    shared.until_all_are_asked();
    // Not the controller; it leads a third of the partitions.
    second.kill();
    thread::sleep(outage());
    shared.until_all_are_asked();
    second.start_again();
    shared.until_all_are_asked();
    shared.check();
    daemons.iter_mut().for_each(Daemon::stop);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn brokers_that_are_stopped_cost_time_only() {
    let shared = SharedTenants::new("stopped", KafkaNode::new(), &like(), 6, "interval = \"5s\"\n");
    let folders = [(); 2].map(|()| shared.process());
    let mut daemons = folders.each_ref().map(start);
    shared.until_all_are_asked();
    shared.node.kill();
    thread::sleep(outage());
    shared.node.start_again();
    shared.until_all_are_asked();
    shared.check();
    daemons.iter_mut().for_each(Daemon::stop);
}

/// A network of its own without loopback, with one cable to this machine. It reaches over that what this machine has on
/// loopback, since plain HTTP is for loopback alone.
struct Namespace {
    name: String,
}

impl Namespace {
    /// The addresses of this machine and of what is inside: of the block for benchmarks (RFC 2544), which nobody routes.
    const HERE: &str = "198.18.213.1";
    const INSIDE: &str = "198.18.213.2";

    fn new() -> Self {
        let name = format!("exo{}", process::id());
        let this = Self { name };
        let name = &this.name;
        this.ip(&format!("netns add {name}"));
        this.ip(&format!("link add {name} type veth peer name inside netns {name}"));
        this.ip(&format!("address add {}/30 dev {name}", Self::HERE));
        this.ip(&format!("link set {name} up"));
        this.ip(&format!("-n {name} address add {}/30 dev inside", Self::INSIDE));
        this.ip(&format!("-n {name} link set inside up"));
        fs::write(format!("/proc/sys/net/ipv4/conf/{name}/route_localnet"), "1").unwrap();
        this.inside("echo 1 > /proc/sys/net/ipv4/conf/inside/route_localnet");
        this.ip(&format!("-n {name} route add 127.0.0.1/32 via {} dev inside", Self::HERE));
        this
    }

    fn inside(&self, script: &str) {
        let status = Command::new("ip").args(["netns", "exec", &self.name, "sh", "-c", script]).status();
        assert!(status.unwrap().success(), "{script}");
    }

    #[track_caller]
    fn ip(&self, arguments: &str) {
        let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
        assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Packets get lost from now on, both ways; who has sent them hears nothing.
    fn cut(&self) {
        self.ip(&format!("link set {} down", self.name));
    }

    fn mend(&self) {
        self.ip(&format!("link set {} up", self.name));
    }

    /// Starts the program inside.
    fn start(&self, folder: &Folder) -> Daemon {
        folder.exotrace(&["run"]).by_script(&format!("exec ip netns exec {} \"$@\"", self.name)).start()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The cable goes with it.
        drop(Command::new("ip").args(["netns", "delete", &self.name]).status());
    }
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_that_the_network_cuts_off_is_replaced_and_nothing_of_it_counts_when_it_is_back() {
    let network = Namespace::new();
    let shared = SharedTenants::new("cut-off", KafkaNode::new(), &like(), 6, "interval = \"2s\"\n");
    let (outer, inner) = (shared.process(), shared.process());
    // There is no loopback to listen on.
    inner.change_settings("listen = \"127.0.0.1:0\"\n", "");
    let mut outside = start(&outer);
    shared.until_all_are_asked();
    let mut inside = network.start(&inner);
    wait_for("both to have partitions", || partitions(&outside) < 64);
    shared.until_all_are_asked();
    network.cut();
    wait_for("the other one to take over", || partitions(&outside) == 64);
    shared.until_all_are_asked();
    network.mend();
    wait_for("it to be back", || partitions(&outside) < 64);
    shared.until_all_are_asked();
    shared.check();
    inside.stop();
    outside.stop();
}
