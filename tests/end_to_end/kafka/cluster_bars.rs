//! As many tenants as a provider has, and processes that die all the time. `make cluster` runs it: it takes minutes.

use std::{
    collections::{BTreeMap, HashSet},
    env, fs, thread,
    time::{Duration, Instant},
};

use exotrace_simulator::{DeliveryError, TenantConfig};
use serde_json::{Value, json};

use super::open_output;
use crate::harness::{Daemon, Folder, KafkaNode, SimulatedTenants, id_and_recipient, wait_for};

/// A process dies this often.
const BETWEEN_KILLS: Duration = Duration::from_secs(10);

/// The service takes no more of a tenant in five minutes.
const QUOTA: usize = 100;

/// Memory for all instances of the mapping: each tenant has one.
const MAPPINGS: u32 = u32::MAX;

const TOPIC: &str = "cluster-bars";

fn number(variable: &str, usual: u64) -> u64 {
    env::var(variable).map_or(usual, |value| value.parse().unwrap())
}

/// A folder for a process: the settings of the cluster, and a file for each tenant.
fn process(node: &KafkaNode, tenants: &SimulatedTenants) -> Folder {
    let address = node.open_address();
    let cluster = format!(
        "state_dir = \"state\"\nsources_dir = \"tenants.d\"\n[cluster]\nbrokers = [\"{address}\"]\ntls = false\n\
         group = \"{TOPIC}\"\nledger_topic = \"{TOPIC}-ledger\"\n[mapping]\nmax_total_memory_bytes = {MAPPINGS}\n"
    );
    let folder = Folder::with_settings(&(cluster + &open_output(node, TOPIC)));
    fs::create_dir(folder.path("tenants.d")).unwrap();
    for (tenant, number) in tenants.all().iter().zip(1..) {
        let TenantConfig { tenant_id, client_id, client_secret, .. } = tenant.config();
        let url = tenants.url();
        let source = format!(
            "[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
             client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\ninterval = \"30s\"\n\
             initial_interval = \"2h\"\n"
        );
        folder.write(&SimulatedTenants::file(number), source);
    }
    folder
}

fn start(folder: &Folder) -> Daemon {
    folder.exotrace(&["run"]).start()
}

fn requests(tenants: &SimulatedTenants) -> Vec<u64> {
    tenants.all().iter().map(|tenant| tenant.page_requests()).collect()
}

/// Until every tenant was asked again, and how long that took.
fn until_all_are_asked(tenants: &SimulatedTenants) -> Duration {
    let (before, began) = (requests(tenants), Instant::now());
    wait_for("every tenant to be asked", || requests(tenants).iter().zip(&before).all(|(now, before)| now > before));
    began.elapsed()
}

#[test]
#[ignore = "takes minutes: `make cluster` runs it"]
fn each_row_of_300_tenants_is_there_once_while_processes_die_and_lose_their_disks() {
    let count = u32::try_from(number("EXOTRACE_TENANTS", 300)).unwrap();
    let kills = number("EXOTRACE_KILLS", 30);
    let node = KafkaNode::shared();
    node.create(TOPIC, 3, json!({}));
    let like = TenantConfig { rows: 20, rows_per_hour: 120, ..TenantConfig::default() };
    let tenants = SimulatedTenants::like(&like, count, "");
    let folders = [(); 3].map(|()| process(&node, &tenants));
    folders[0].exotrace(&["cluster", "create", "--partitions", "64"]).ends(0);
    let mut daemons = folders.each_ref().map(start);
    println!("{count} tenants: all were asked {:.0?} after the start", until_all_are_asked(&tenants));
    for kill in 1..=kills {
        thread::sleep(BETWEEN_KILLS);
        let victim = usize::try_from(kill).unwrap() % daemons.len();
        daemons[victim].kill();
        if kill % 3 == 0 {
            fs::remove_dir_all(folders[victim].path("state")).unwrap();
        }
        daemons[victim] = start(&folders[victim]);
    }
    // One that does not come back: the others take its tenants over.
    daemons[0].kill();
    println!("all were asked again {:.0?} after a process was lost", until_all_are_asked(&tenants));
    check(&node, &tenants);
    daemons.iter_mut().skip(1).for_each(Daemon::stop);
}

/// All rows that are there now are delivered, none of any tenant twice, and no tenant was asked too often.
fn check(node: &KafkaNode, tenants: &SimulatedTenants) {
    let expected: Vec<_> = tenants.all().iter().map(|tenant| tenant.visible_rows()).collect();
    let mut documents = BTreeMap::new();
    wait_for("all rows", || {
        documents = by_tenant(node);
        tenants.all().iter().zip(&expected).all(|(tenant, rows)| {
            let found = documents.get(&tenant.config().tenant_id).map(Vec::as_slice).unwrap_or_default();
            let found: HashSet<_> = found.iter().map(id_and_recipient).collect();
            rows.iter().all(|row| found.contains(&[row.id.as_str(), row.recipient.as_str()]))
        })
    });
    for tenant in tenants.all() {
        let id = &tenant.config().tenant_id;
        match tenant.check_delivery(&documents[id]) {
            // Mail has come since then.
            Ok(()) | Err(DeliveryError::Missing { .. }) => {}
            Err(error) => panic!("{id}: {error}"),
        }
        let most = tenant.max_page_requests_in_300_s();
        assert!(most <= QUOTA, "{id} was sent {most} requests in five minutes");
    }
    let most = tenants.all().iter().map(|tenant| tenant.max_page_requests_in_300_s()).max().unwrap();
    let count: usize = documents.values().map(Vec::len).sum();
    println!("{count} documents, each once; no tenant was sent more than {most} requests in five minutes");
}

fn by_tenant(node: &KafkaNode) -> BTreeMap<String, Vec<Value>> {
    let mut documents: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for message in node.messages(TOPIC) {
        let tenant = message["headers"]["exotrace-tenant"].as_str().unwrap().to_owned();
        let document = serde_json::from_str(message["value"].as_str().unwrap()).unwrap();
        documents.entry(tenant).or_default().push(document);
    }
    documents
}
