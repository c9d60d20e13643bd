//! As many tenants as a provider has, processes that die all the time, and ledgers as large as they get. `make cluster`
//! runs it: it takes minutes.

use std::{
    env, fs, thread,
    time::{Duration, Instant},
};

use exotrace_simulator::{RecordForm, TenantConfig, write_records};
use serde_json::json;

use super::{cluster_faults::SharedTenants, open_output, start};
use crate::harness::{Daemon, Exotrace, Folder, KafkaNode, wait_for, wait_long_for};

/// A process dies this often.
const BETWEEN_KILLS: Duration = Duration::from_secs(10);

fn number(variable: &str, usual: u64) -> u64 {
    env::var(variable).map_or(usual, |value| value.parse().unwrap())
}

#[test]
#[ignore = "takes minutes: `make cluster` runs it"]
fn each_row_of_300_tenants_is_there_once_while_processes_die_and_lose_their_disks() {
    let count = u32::try_from(number("EXOTRACE_TENANTS", 300)).unwrap();
    let kills = number("EXOTRACE_KILLS", 30);
    let like = TenantConfig { rows: 20, rows_per_hour: 120, ..TenantConfig::default() };
    let shared = SharedTenants::new("bars", KafkaNode::new(), &like, count, "interval = \"30s\"\n");
    let folders = [(); 3].map(|()| shared.process());
    let mut daemons = folders.each_ref().map(start);
    println!("{count} tenants: all were asked {:.0?} after the start", shared.until_all_are_asked());
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
    println!("all were asked again {:.0?} after a process was lost", shared.until_all_are_asked());
    let (documents, requests) = shared.check();
    println!("{documents} documents, each once; no tenant was sent more than {requests} requests in five minutes");
    daemons.iter_mut().skip(1).for_each(Daemon::stop);
}

#[test]
#[ignore = "takes minutes: `make cluster` runs it"]
fn a_ledger_of_a_million_rows_is_taken_over() {
    let rows = usize::try_from(number("EXOTRACE_ROWS", 1_000_000)).unwrap();
    let mut like = TenantConfig { rows, ..TenantConfig::default() };
    // As many pages as there are, at once.
    like.faults.add("throttle=1000000").unwrap();
    let lines = "interval = \"5s\"\nrequest_budget = 1000000\n";
    let shared = SharedTenants::new("large", KafkaNode::new(), &like, 1, lines);
    let folders = [(); 2].map(|()| shared.process());
    let began = Instant::now();
    let mut first = start(&folders[0]);
    wait_long_for("all rows", || shared.node.count(&shared.topic)[0] >= rows as u64);
    println!("{rows} rows were collected in {:.0?}", began.elapsed());
    first.kill();
    let (mut second, began) = (start(&folders[1]), Instant::now());
    let ready = "ledger of the partition is up to date";
    wait_for("the ledger", || second.log().lines().any(|line| line.contains(ready)));
    let took = began.elapsed();
    let log = second.log();
    println!(
        "a process with an empty disk had the ledger {took:.1?} after it was started, with the ten seconds in which"
    );
    println!("the loss is noticed: {}", log.lines().find(|line| line.contains(ready)).unwrap_or_default());
    shared.until_all_are_asked();
    second.stop();
    assert_eq!(shared.node.count(&shared.topic), [rows as u64; 2], "messages, and ids");
}

#[test]
#[ignore = "takes minutes: `make cluster` runs it"]
fn records_of_a_topic_are_mapped_once_by_one_two_and_four_processes() {
    let count = usize::try_from(number("EXOTRACE_RECORDS", 2_000_000)).unwrap();
    let node = KafkaNode::new();
    let folder = Folder::new();
    let file = folder.path("records.ndjson");
    let tenant = TenantConfig { rows: count, people: Some(20_000), ..TenantConfig::default() };
    write_records(&tenant, RecordForm::Graph, &mut fs::File::create(&file).unwrap()).unwrap();
    let mapped = cpu_of(Exotrace::new(folder.root(), &["map", "--jobs", "1", "records.ndjson"]));
    println!("`exotrace map` takes {:.1} µs of processor a record", micros(mapped, count));
    node.create("raw", 4, json!({}));
    node.write_lines_of("raw", &file);
    for processes in [1, 2, 4] {
        let topic = format!("mapped-by-{processes}");
        node.create(&topic, 4, json!({}));
        let folders: Vec<_> = (0..processes).map(|_| mapping_process(&node, &topic)).collect();
        let mut daemons: Vec<_> = folders.iter().map(start).collect();
        let began = Instant::now();
        for victim in 1..processes {
            thread::sleep(BETWEEN_KILLS);
            daemons[victim].kill();
            daemons[victim] = start(&folders[victim]);
        }
        wait_long_for("all records", || node.read_by(&topic) >= count as u64);
        let rate = count as f64 / began.elapsed().as_secs_f64();
        let used: Duration = daemons.iter().map(|daemon| cpu_so_far(daemon.id())).sum();
        daemons.iter_mut().for_each(Daemon::stop);
        assert_eq!(node.count(&topic), [count as u64; 2], "messages, and ids");
        println!(
            "{processes} processes, {} killed: {rate:.0} records a second, each once; those that lived to the end took {:.1} µs of processor a record",
            processes - 1,
            micros(used, count)
        );
    }
}

/// A folder for a process that maps the records of topic `raw`, in transactions.
fn mapping_process(node: &KafkaNode, topic: &str) -> Folder {
    let address = node.open_address();
    let settings = format!(
        "state_dir = \"state\"\n[[source]]\ntype = \"kafka\"\nbrokers = [\"{address}\"]\ntls = false\ntopic = \"raw\"\n\
         group = \"{topic}\"\n{}transactional = true\n",
        open_output(node, topic)
    );
    Folder::with_settings(&settings)
}

fn micros(time: Duration, records: usize) -> f64 {
    time.as_secs_f64() * 1e6 / records as f64
}

/// The processor time of a program that is run to its end.
fn cpu_of(exotrace: Exotrace) -> Duration {
    let children = || {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        ticks(&stat, 13)
    };
    let before = children();
    exotrace.run().with(0);
    children() - before
}

/// The processor time that a process has taken so far.
fn cpu_so_far(id: u32) -> Duration {
    ticks(&fs::read_to_string(format!("/proc/{id}/stat")).unwrap(), 11)
}

/// User and system time of `/proc/*/stat`, from this field behind the name on; hundredths of a second on Linux.
fn ticks(stat: &str, first: usize) -> Duration {
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(first).take(2).map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
