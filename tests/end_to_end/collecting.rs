//! Collecting through what happens to the program itself: killed at any moment, a disk that is full.

use std::{fs, time::Duration};

use chrono::{DateTime, Utc};
use exotrace_simulator::{Faults, TenantConfig};
use rand::Rng as _;
use serde_json::Value;

use crate::harness::{Daemon, SimulatedTenant, documents, random, wait_for};

/// How often the program is killed.
const KILLS: u32 = 20;

/// Maximum number of page requests answered before it is killed; more would read everything before the last kill.
const REQUESTS: u64 = 6;

/// How many rows the tenant has, but for what faults add.
const ROWS: usize = 3000;

/// How many rows a page has.
const PAGE: usize = 50;

/// What the service does all the while; none of it makes the program wait for long.
const FAULTS: [&str; 12] = [
    "late-rows=0.2",
    "status-changes=0.3",
    "tie=300",
    "empty-page=0.2",
    "quoted-token=0.1",
    "link-cycle=0.1",
    "revoked-token=0.1",
    "odd-status=0.1",
    "html-page=0.03",
    "bom=0.3",
    "null-value=0.03",
    "empty-next-link=0.5",
];

/// Settings for a file of documents: what is written twice would show there.
fn tenant(faults: &[&str]) -> SimulatedTenant {
    let mut config = TenantConfig { rows: ROWS, ..TenantConfig::default() };
    faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
    let tenant = SimulatedTenant::new(config);
    tenant.write_settings(&format!(
        "{}interval = \"100ms\"\nbatch_size = {PAGE}\n[[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n",
        tenant.source()
    ));
    tenant
}

/// Reads until caught up, as often as time goes on until what is late has come.
#[track_caller]
fn read_to_the_end(tenant: &SimulatedTenant) {
    for _ in 0..4 {
        tenant.exotrace(&["run", "--once"]).ends(0);
        tenant.simulator.advance(Duration::from_secs(20 * 60));
    }
    tenant.exotrace(&["run", "--once"]).ends(0);
}

#[test]
fn nothing_is_missing_or_twice_however_often_the_program_is_killed() {
    let tenant = tenant(&FAULTS);
    let mut random = random();
    for round in 0..KILLS {
        let before = tenant.simulator.page_requests();
        let answered = random.random_range(0..=REQUESTS);
        let mut program = tenant.exotrace(&["run"]).start();
        wait_for("page requests", || tenant.simulator.page_requests() >= before + answered);
        assert!(!program.has_ended(), "round {round}");
        program.kill();
        tenant.simulator.advance(Duration::from_secs(random.random_range(0..60)));
    }
    read_to_the_end(&tenant);
    tenant.check_files("documents");
}

/// Runs a script that may mount disks of its own, until the program has said this.
fn until(tenant: &SimulatedTenant, script: &str, said: &str) -> Daemon {
    let script = format!("exec unshare --map-root-user --mount sh -c '{script}' \"$@\"");
    let program = tenant.exotrace(&["run", "--once"]).by_script(&script).start();
    program.wait_for_log(said);
    program
}

/// One answer with a wrong date, however wrong, neither ends collecting nor has anything asked for again.
#[test]
fn answers_with_wrong_dates_end_nothing() {
    for date in ["date=30d", "date=-30d", "date=90m"] {
        let horizon = chrono::Duration::seconds(10);
        let config = TenantConfig { rows: 40, rows_per_hour: 7200, horizon, ..TenantConfig::default() };
        let tenant = SimulatedTenant::new(config);
        let mut faults = Faults::default();
        faults.add(date).unwrap();
        tenant.simulator.set_faults(faults);
        tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"documents\"\n");
        let mut daemon = tenant.exotrace(&["run"]).start();
        if date != "date=-30d" {
            wait_for("documents", || tenant.count("documents") >= 40);
        }
        let polls = tenant.simulator.page_requests();
        wait_for("more polls", || tenant.simulator.page_requests() > polls + 3);
        tenant.simulator.set_faults(Faults::default());
        // What has come by now, and what comes from then on, is read soon.
        for _ in 0..3 {
            let all = tenant.simulator.visible_rows().len();
            wait_for("new mail", || tenant.count("documents") >= all);
        }
        let told = tenant.exotrace(&["status", "--json"]).run().json();
        let time = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        assert!(time(&told["sources"][0]["covered_until"]) <= time(&told["at"]), "{date}: {told}");
        daemon.stop();
        let all = tenant.simulator.rows().len();
        wait_for("the last mail", || tenant.simulator.visible_rows().len() == all);
        tenant.exotrace(&["run", "--once"]).ends(0);
        let gaps = &tenant.exotrace(&["status", "--json"]).run().json()["sources"][0]["gaps"];
        assert_eq!(gaps.as_array().map(Vec::len), Some(0), "{date}: {gaps}");
        tenant.check(&tenant.documents("documents"));
    }
}

#[test]
#[ignore = "needs `unshare` and a disk in memory"]
fn a_full_disk_stops_the_program_only_until_there_is_room() {
    let tenant = tenant(&[]);
    // A disk of its own for the ledger, full but for a little, until a file appears.
    let script = r#"
        mkdir state && mount -t tmpfs -o size=64m none state || exit 77
        "$0" "$@" &
        while ! [ -e state/ledger.sqlite3 ]; do sleep 0.01; done
        cat /dev/zero > state/filler 2> /dev/null
        while ! [ -e make-room ]; do sleep 0.05; done
        rm state/filler
        wait $!
    "#;
    let mut program = until(&tenant, script, "could not use the ledger; trying again");
    let before = tenant.documents("documents").len();
    assert!(before < ROWS, "everything was delivered without a note");
    tenant.write("make-room", "");
    assert!(program.end().success());
    tenant.check_files("documents");
}

#[test]
#[ignore = "needs `unshare` and a disk in memory"]
fn a_full_disk_of_an_output_leaves_no_batch_in_part() {
    let tenant = tenant(&[]);
    // In the middle of a batch there is no room any more, until a file appears.
    let script = r#"
        mkdir disk && mount -t tmpfs -o size=3m none disk || exit 77
        ln -s disk/documents.ndjson documents.ndjson
        "$0" "$@" &
        while ! [ -e make-room ]; do sleep 0.05; done
        cp disk/documents.ndjson before.ndjson
        mount -o remount,size=64m disk
        wait $!
        code=$?
        rm documents.ndjson
        cp disk/documents.ndjson documents.ndjson
        exit $code
    "#;
    let mut program = until(&tenant, script, "could not deliver; trying again");
    tenant.write("make-room", "");
    assert!(program.end().success());
    tenant.check_files("documents");
    let before = fs::read_to_string(tenant.path("before.ndjson")).unwrap();
    let count = documents(&before).len();
    assert!(before.ends_with('\n') && count > 0 && count < ROWS, "{count}");
    assert_eq!(count % PAGE, 0, "whole batches");
}
