//! Delivering, with the real program: what is killed, moved away or down loses nothing and repeats nothing.

use std::{
    fs,
    net::TcpListener as StdListener,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use exotrace::{
    config::{Config, ServiceConfig},
    ledger::Ledger,
    sources::microsoft::service_name,
};
use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use crate::{
    harness::{exotrace, project, said, wait_for},
    tenant::Served,
};

/// A tenant, and a folder in which the program collects from it.
pub(crate) struct Setup(pub(crate) Served);

impl Setup {
    pub(crate) fn new(rows: usize) -> Self {
        Self(Served::new(TenantConfig { rows, ..TenantConfig::default() }))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.folder.path().join(name)
    }

    pub(crate) fn settings(&self, outputs: &str) {
        let settings = format!("{}interval = \"1s\"\nbatch_size = 20\n{outputs}", self.0.source());
        fs::write(self.path("exotrace.toml"), settings).unwrap();
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let log = fs::File::create(self.path("log")).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        program.args(arguments).args(["--config", "exotrace.toml"]).current_dir(self.0.folder.path());
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Running(program.spawn().unwrap())
    }

    /// Runs a command to its end; its exit code and what it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let code = self.start(arguments).0.wait().unwrap().code();
        (code, said(self.log()))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The documents of all files whose names begin so.
    pub(crate) fn documents(&self, prefix: &str) -> Vec<Value> {
        let names = fs::read_dir(self.0.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
        let texts: Vec<_> = files.map(|path| fs::read_to_string(path).unwrap()).collect();
        texts.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many rows some outputs have accepted while others have not.
    pub(crate) fn accepted(&self) -> usize {
        let config = Config::load(&self.path("exotrace.toml")).unwrap();
        let service = config.sources[0].of_kind::<ServiceConfig>().expect("a service");
        // While the ledger is being made it cannot be read.
        let Ok(Some(ledger)) = Ledger::open_to_read(&self.path("state")) else { return 0 };
        ledger.accepted(&service_name(service)).map_or(0, |rows| rows.len())
    }

    /// How many documents there are, whole or not.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        let names = fs::read_dir(self.0.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
        files.map(|path| fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count()).sum()
    }

    /// Stops the daemon, reads what is left, and checks that everything is there.
    #[track_caller]
    fn finish(&self, mut daemon: Running) {
        daemon.signal("TERM");
        assert_eq!(daemon.ended(), Some(0), "{}", self.log());
        let (code, said) = self.run(&["run", "--once"]);
        assert_eq!(code, Some(0), "{said}");
        self.check("trace");
    }

    #[track_caller]
    pub(crate) fn check(&self, prefix: &str) {
        self.0.tenant.check_delivery(&self.documents(prefix)).unwrap();
    }
}

/// A program that is ended with the test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", self.0.id())]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    pub(crate) fn ended(&mut self) -> Option<i32> {
        wait_for("the program to end", || self.0.try_wait().unwrap().is_some());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_file_has_everything_once_however_often_the_program_is_killed() {
    let setup = Setup::new(400);
    setup.settings("[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\nrotate_bytes = 300000\n");
    for round in 0..6 {
        let before = setup.count("trace");
        if before >= 400 {
            break;
        }
        let mut program = setup.start(&["run"]);
        wait_for("a page", || setup.count("trace") != before);
        // At another place each time.
        thread::sleep(Duration::from_millis(7 * round));
        program.signal("KILL");
        program.ended();
    }
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    setup.check("trace");
    assert!(fs::read_dir(setup.0.folder.path()).unwrap().count() > 4, "files were finished");
}

#[test]
fn an_output_that_is_down_makes_no_other_repeat() {
    let setup = Setup::new(60);
    let two = "[[output]]\ntype = \"file\"\npath = \"one.ndjson\"\n\
               [[output]]\ntype = \"file\"\nname = \"two\"\npath = \"missing/two.ndjson\"\n";
    setup.settings(two);
    // A folder would be made.
    fs::write(setup.path("missing"), "in the way").unwrap();
    // Killed while it waits for the one that is down.
    let killed = setup.start(&["run"]);
    wait_for("a note of what one has accepted", || setup.accepted() == 20);
    killed.signal("KILL");
    drop(killed);
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("could not deliver to `two`: could not make the folder of `missing/two.ndjson`"), "{said}");
    assert_eq!(setup.documents("one").len(), 20, "the page that only one has");

    let mut daemon = setup.start(&["run"]);
    wait_for("an attempt", || setup.log().contains("could not deliver; trying again"));
    assert_eq!(setup.count("one"), 20, "nothing again, and nothing further");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());

    fs::remove_file(setup.path("missing")).unwrap();
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    setup.check("one");
    fs::rename(setup.path("missing/two.ndjson"), setup.path("two.ndjson")).unwrap();
    setup.check("two");
}

#[test]
fn settings_are_reloaded_without_losing_a_record() {
    let setup = Setup::new(100);
    setup.settings("[[output]]\ntype = \"file\"\npath = \"trace-a\"\n");
    let daemon = setup.start(&["run"]);
    wait_for("a page", || setup.path("trace-a").exists() && setup.count("trace-a") > 0);
    setup.settings("[[output]]\ntype = \"nothing\"\n");
    daemon.signal("HUP");
    wait_for("a refusal", || setup.log().contains("there is no `nothing`"));
    wait_for("the rest", || setup.count("trace-a") == 100);
    assert!(!setup.log().contains("settings are reloaded"));

    setup.settings("[[output]]\ntype = \"file\"\npath = \"trace-b\"\n");
    daemon.signal("HUP");
    wait_for("a reload", || setup.log().contains("settings are reloaded"));
    setup.0.tenant.advance(Duration::from_secs(20 * 60));
    setup.finish(daemon);
}

#[test]
fn reloading_again_and_again_under_load_loses_and_repeats_nothing() {
    const ROWS: usize = 3000;
    let setup = Setup::new(ROWS);
    let settings = |name| setup.settings(&format!("[[output]]\ntype = \"file\"\npath = \"trace-{name}\"\n"));
    settings("a");
    let daemon = setup.start(&["run"]);
    let mut reloads = 0;
    loop {
        let before = setup.count("trace");
        if before >= ROWS {
            break;
        }
        wait_for("a page", || setup.count("trace") > before);
        settings(["b", "a"][reloads % 2]);
        daemon.signal("HUP");
        reloads += 1;
        wait_for("a reload", || setup.log().matches("settings are reloaded").count() == reloads);
    }
    assert!(reloads >= 3, "{reloads}: not under load");
    setup.finish(daemon);
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let setup = Setup::new(10);
    // Takes a request, and never answers.
    let silent = StdListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    setup.settings(&format!("[[output]]\ntype = \"http\"\nurl = \"{url}\"\nrequest_timeout = \"10m\"\n"));
    let mut daemon = setup.start(&["run"]);
    let _request = silent.accept().unwrap();
    daemon.signal("TERM");
    wait_for("the first signal to be heard", || setup.log().contains("stopping"));
    // Signals within a second are one, so the first that ends it is one behind that.
    wait_for("the end", || {
        daemon.signal("TERM");
        daemon.has_ended()
    });
    assert_eq!(daemon.ended(), Some(1));
    assert!(setup.log().contains("ended at once by a second signal"), "{}", setup.log());
}

#[test]
fn documents_say_who_collected_them() {
    let setup = Setup::new(30);
    // Only the mapping of that time says when a record was read, as Elastic has it.
    setup.settings("[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n[mapping]\nversion = \"1.20\"\n");
    for _ in 0..2 {
        assert_eq!(setup.run(&["run", "--once"]).0, Some(0));
        setup.0.tenant.advance(Duration::from_secs(20 * 60));
    }
    let documents = setup.documents("trace");
    let agent = &documents[0]["agent"];
    assert_eq!((&agent["type"], &agent["version"]), (&json!("exotrace"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(documents.iter().all(|document| document["agent"]["id"] == agent["id"]));
    assert_eq!(documents[0]["data_stream"]["type"], "logs");
    assert_eq!(documents[0]["event"]["dataset"], documents[0]["data_stream"]["dataset"]);
    assert!(documents[0]["event"]["created"].is_string() && documents[0]["input"]["type"].is_string());
    let id = fs::read_to_string(setup.path("state/agent-id")).unwrap();
    assert_eq!(agent["id"], id.trim());
}

#[test]
fn the_sample_settings_for_systemd_are_right() {
    let credentials = tempfile::tempdir().unwrap();
    fs::write(credentials.path().join("client-secret"), "simulated-secret\n").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.args(["check", "--config", "fixtures/systemd/exotrace.toml"]).current_dir(project());
    let Output { status, stderr, .. } = program.env("CREDENTIALS_DIRECTORY", credentials.path()).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    // The unit runs what the program knows.
    let unit = fs::read_to_string(project().join("fixtures/systemd/exotrace.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/exotrace run --config /etc/exotrace/exotrace.toml\n"));
    assert!(exotrace(&["run", "--help"], "").status.success());
}

#[test]
fn systemd_understands_the_unit() {
    let unit = fs::read_to_string(project().join("fixtures/systemd/exotrace.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exotrace.service");
    fs::write(&file, unit.replace("/usr/local/bin/exotrace", env!("CARGO_BIN_EXE_exotrace"))).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&file).output() {
        Ok(Output { status, stderr, .. }) => {
            let said = String::from_utf8_lossy(&stderr);
            // It also speaks of other units of the machine.
            let ours: Vec<_> = said.lines().filter(|line| line.contains("exotrace")).collect();
            assert!(status.success() && ours.is_empty(), "{said}");
        }
        Err(error) => println!("the unit is not tested: no `systemd-analyze` on this machine: {error}"),
    }
}
