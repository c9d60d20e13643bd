//! Collecting through what happens to the program itself: killed at any moment, a disk that is full.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use exotrace_simulator::TenantConfig;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use crate::{harness::wait_for, tenant::Served};

/// How often the program is killed.
const KILLS: u32 = 200;

/// How many rows the tenant has, but for what faults add.
const ROWS: usize = 3000;

/// How many rows a page has.
const PAGE: usize = 50;

/// What the service does all the while; none of it makes the program wait for long.
const FAULTS: [&str; 8] = [
    "late-rows=0.2",
    "status-changes=0.3",
    "tie=300",
    "empty-page=0.2",
    "quoted-token=0.1",
    "link-cycle=0.1",
    "revoked-token=0.1",
    "odd-status=0.1",
];

/// A tenant, and a folder with settings for a file of documents: what is written twice would show there.
struct Setup(Served);

impl Setup {
    fn new(faults: &[&str]) -> Self {
        let mut config = TenantConfig { rows: ROWS, ..TenantConfig::default() };
        for fault in faults {
            config.faults.add(fault).unwrap();
        }
        let served = Served::new(config);
        let settings = format!(
            "{}interval = \"100ms\"\nbatch_size = {PAGE}\n[[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n",
            served.source()
        );
        fs::write(served.folder.path().join("exotrace.toml"), settings).unwrap();
        Self(served)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.folder.path().join(name)
    }

    /// What the program has said.
    fn log(&self) -> String {
        fs::read_to_string(self.file("exotrace.log")).unwrap_or_default()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let log = fs::File::options().create(true).append(true).open(self.file("exotrace.log")).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        program.args(["run", "--config", "exotrace.toml"]).args(arguments).current_dir(self.0.folder.path());
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Reads until caught up, as often as time goes on until what is late has come.
    #[track_caller]
    fn read_to_the_end(&self) {
        for _ in 0..4 {
            let status = self.start(&["--once"]).wait().unwrap();
            assert!(status.success(), "{status}: {}", self.log());
            self.0.tenant.advance(Duration::from_secs(20 * 60));
        }
        assert!(self.start(&["--once"]).wait().unwrap().success(), "{}", self.log());
    }

    fn documents(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.file("documents.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn nothing_is_missing_or_twice_however_often_the_program_is_killed() {
    let setup = Setup::new(&FAULTS);
    let mut random = StdRng::seed_from_u64(4);
    // The first pass reads from where it begins: a machine may be so busy that no run of those to come gets there.
    let mut program = setup.start(&[]);
    wait_for("a first page", || fs::metadata(setup.file("documents.ndjson")).is_ok_and(|file| file.len() > 0));
    program.kill().unwrap();
    program.wait().unwrap();
    for round in 0..KILLS {
        let mut program = setup.start(&[]);
        thread::sleep(Duration::from_millis(random.random_range(20..600)));
        assert!(program.try_wait().unwrap().is_none(), "round {round}: {}", setup.log());
        program.kill().unwrap();
        program.wait().unwrap();
        setup.0.tenant.advance(Duration::from_secs(random.random_range(0..60)));
    }
    setup.read_to_the_end();
    setup.0.tenant.check_delivery(&setup.documents()).unwrap();
}

/// Runs a script that may mount disks of its own, with the program as `$0`, until the program has said this.
fn until(setup: &Setup, script: &str, said: &str) -> Child {
    let mut shell = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_exotrace")])
        .current_dir(setup.0.folder.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !setup.log().contains(said) {
        let ended = shell.try_wait().unwrap();
        assert!(ended.is_none() && started.elapsed() < Duration::from_secs(60), "{ended:?}: {}", setup.log());
        thread::sleep(Duration::from_millis(20));
    }
    shell
}

#[test]
fn a_full_disk_stops_the_program_only_until_there_is_room() {
    let setup = Setup::new(&[]);
    // A disk of its own for the ledger, full but for a little, until a file appears.
    let script = r#"
        mkdir state && mount -t tmpfs -o size=64m none state || exit 77
        "$0" run --once --config exotrace.toml 2> exotrace.log &
        while ! [ -e state/ledger.sqlite3 ]; do sleep 0.01; done
        cat /dev/zero > state/filler 2> /dev/null
        while ! [ -e make-room ]; do sleep 0.05; done
        rm state/filler
        wait $!
    "#;
    let mut shell = until(&setup, script, "could not use the ledger; trying again");
    let before = setup.documents().len();
    assert!(before < ROWS, "everything was delivered without a note");
    fs::write(setup.file("make-room"), "").unwrap();
    assert!(shell.wait().unwrap().success(), "{}", setup.log());
    setup.0.tenant.check_delivery(&setup.documents()).unwrap();
}

#[test]
fn a_full_disk_of_an_output_leaves_no_batch_in_part() {
    let setup = Setup::new(&[]);
    // In the middle of a batch there is no room any more, until a file appears.
    let script = r#"
        mkdir disk && mount -t tmpfs -o size=3m none disk || exit 77
        ln -s disk/documents.ndjson documents.ndjson
        "$0" run --once --config exotrace.toml 2> exotrace.log &
        while ! [ -e make-room ]; do sleep 0.05; done
        cp disk/documents.ndjson before.ndjson
        mount -o remount,size=64m disk
        wait $!
        code=$?
        rm documents.ndjson
        cp disk/documents.ndjson documents.ndjson
        exit $code
    "#;
    let mut shell = until(&setup, script, "could not deliver; trying again");
    fs::write(setup.file("make-room"), "").unwrap();
    assert!(shell.wait().unwrap().success(), "{}", setup.log());
    setup.0.tenant.check_delivery(&setup.documents()).unwrap();
    let before = fs::read_to_string(setup.file("before.ndjson")).unwrap();
    let documents: Vec<Value> = before.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = documents.len();
    assert!(before.ends_with('\n') && count > 0 && count < ROWS, "{count}");
    assert_eq!(count % PAGE, 0, "whole batches");
}
