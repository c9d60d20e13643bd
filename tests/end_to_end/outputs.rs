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
    config::{Config, SourceConfig},
    ledger::Ledger,
    pipeline::service_name,
};
use exotrace_fake_elasticsearch::{self as store, FakeElasticsearch};
use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use crate::{
    harness::{exotrace, guest, project, wait_for},
    tenant::Served,
};

const DEAD_LETTER: &str = "state/dead-letter.ndjson";

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// A tenant, and a folder in which the program collects from it.
struct Setup(Served);

impl Setup {
    fn new(rows: usize) -> Self {
        Self(Served::new(TenantConfig { rows, ..TenantConfig::default() }))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.folder.path().join(name)
    }

    fn settings(&self, outputs: &str) {
        let settings = format!("{}interval = \"1s\"\nbatch_size = 20\n{outputs}", self.0.source());
        fs::write(self.path("exotrace.toml"), settings).unwrap();
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let log = fs::File::create(self.path("log")).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        program.args(arguments).args(["--config", "exotrace.toml"]).current_dir(self.0.folder.path());
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Running(program.spawn().unwrap())
    }

    /// Runs a command to its end; its exit code and what it said.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let code = self.start(arguments).0.wait().unwrap().code();
        (code, self.log())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The documents of all files whose names begin so.
    fn documents(&self, prefix: &str) -> Vec<Value> {
        let names = fs::read_dir(self.0.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
        let texts: Vec<_> = files.map(|path| fs::read_to_string(path).unwrap()).collect();
        texts.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many rows some outputs have accepted while others have not.
    fn accepted(&self) -> usize {
        let config = Config::load(&self.path("exotrace.toml")).unwrap();
        let SourceConfig::Service(service) = &config.sources[0] else { panic!("a service") };
        // While the ledger is being made it cannot be read.
        let Ok(Some(ledger)) = Ledger::open_to_read(&self.path("state")) else { return 0 };
        ledger.accepted(&service_name(service)).map_or(0, |rows| rows.len())
    }

    fn letters(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path(DEAD_LETTER)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many documents there are, whole or not.
    fn count(&self, prefix: &str) -> usize {
        let names = fs::read_dir(self.0.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
        files.map(|path| fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count()).sum()
    }

    #[track_caller]
    fn check(&self, prefix: &str) {
        self.0.tenant.check_delivery(&self.documents(prefix)).unwrap();
    }
}

/// A program that is ended with the test.
struct Running(Child);

impl Running {
    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", self.0.id())]).status().unwrap();
        assert!(sent.success());
    }

    fn ended(&mut self) -> Option<i32> {
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
    // Killed while it waits for the one that is down.
    let killed = setup.start(&["run"]);
    wait_for("a note of what one has accepted", || setup.accepted() == 20);
    killed.signal("KILL");
    drop(killed);
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("could not deliver to `two`: could not open `missing/two.ndjson`"), "{said}");
    assert_eq!(setup.documents("one").len(), 20, "the page that only one has");

    let mut daemon = setup.start(&["run"]);
    wait_for("an attempt", || setup.log().contains("could not deliver; trying again"));
    assert_eq!(setup.count("one"), 20, "nothing again, and nothing further");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());

    fs::create_dir(setup.path("missing")).unwrap();
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
    let mut daemon = setup.start(&["run"]);
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
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    setup.check("trace");
}

#[test]
fn reloading_again_and_again_under_load_loses_and_repeats_nothing() {
    const ROWS: usize = 3000;
    let setup = Setup::new(ROWS);
    let settings = |name| setup.settings(&format!("[[output]]\ntype = \"file\"\npath = \"trace-{name}\"\n"));
    settings("a");
    let mut daemon = setup.start(&["run"]);
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
    assert!(reloads >= 5, "{reloads}: not under load");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    setup.check("trace");
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
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(1));
    assert!(setup.log().contains("ended at once by a second signal"), "{}", setup.log());
}

/// A store that refuses the documents of one message, and how many these are.
fn refusing(setup: &Setup) -> (FakeElasticsearch, usize) {
    let rows = setup.0.tenant.rows();
    let refused = rows[rows.len() / 2].id.clone();
    let count = rows.iter().filter(|row| row.id == refused).count();
    let refused_text = Some(refused);
    (FakeElasticsearch::start(store::Setup { refused_text, ..store::Setup::default() }), count)
}

#[test]
fn what_an_output_rejects_is_replayed_to_it_alone() {
    let setup = Setup::new(50);
    let (fake, refused_count) = refusing(&setup);
    setup.settings(&format!(
        "[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n\
         [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n",
        fake.url()
    ));
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("{refused_count} sent to the dead letter")), "{said}");
    setup.check("trace");
    let letters = setup.letters();
    assert_eq!(letters.len(), refused_count);
    assert_eq!((&letters[0]["stage"], &letters[0]["output"]), (&json!("output"), &json!("siem")));
    assert!(letters[0]["mapping"].as_str().unwrap().starts_with("2.2"), "{}", letters[0]["mapping"]);
    assert!(letters[0]["reason"].as_str().unwrap().contains("failed to parse field"), "{}", letters[0]["reason"]);
    assert!(letters[0]["record"].as_str().unwrap().starts_with('{'));

    // Refused once more, and kept once more.
    let replay = ["replay", DEAD_LETTER];
    let (code, said) = setup.run(&replay);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(setup.letters().len(), refused_count);
    fake.take_everything();
    let (code, said) = setup.run(&replay);
    assert_eq!(code, Some(0), "{said}");
    assert!(!setup.path(DEAD_LETTER).exists());
    let stored: Vec<_> = fake.documents(STREAM).into_values().collect();
    setup.0.tenant.check_delivery(&stored).unwrap();
    setup.check("trace");
}

#[test]
fn a_running_daemon_replays_beside_its_other_work() {
    let setup = Setup::new(50);
    let (fake, count) = refusing(&setup);
    setup.settings(&format!("[[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n", fake.url()));
    let mut daemon = setup.start(&["run"]);
    wait_for("all that is taken", || fake.documents(STREAM).len() == 50 - count);
    wait_for("the rest", || setup.path(DEAD_LETTER).exists() && setup.letters().len() == count);
    let replay = |file: &str| {
        let output = setup.0.exotrace(&["replay", file], &setup.path("exotrace.toml"), &[]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = replay(DEAD_LETTER);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("{count} letters: ")) && said.contains(" sent to the dead letter again"), "{said}");
    assert_eq!(setup.letters().len(), count);

    let (code, said) = replay("nowhere");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("could not read `") && said.contains("nowhere`: No such file"), "{said}");
    fs::write(setup.path("odd"), "nonsense\n").unwrap();
    let (code, said) = replay("odd");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("line 1 is no dead letter: ") && said.contains("1 lines left out"), "{said}");
    fs::write(setup.path("state/dead-letter.ndjson.replaying"), "").unwrap();
    let (code, said) = replay(DEAD_LETTER);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is left from a replay that broke off\nhint: `exotrace replay "), "{said}");
    fs::remove_file(setup.path("state/dead-letter.ndjson.replaying")).unwrap();

    fake.take_everything();
    // Who may not read the settings can name the folder.
    let state = setup.path("state");
    let file = setup.path(DEAD_LETTER);
    let output = exotrace(&["replay", file.to_str().unwrap(), "--state-dir", state.to_str().unwrap()], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stored: Vec<_> = fake.documents(STREAM).into_values().collect();
    setup.0.tenant.check_delivery(&stored).unwrap();
    assert!(!setup.path(DEAD_LETTER).exists());
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    assert!(setup.log().contains("dead letters are replayed"), "{}", setup.log());
    let output = exotrace(&["replay", "README.md", "--state-dir", state.to_str().unwrap()], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no exotrace runs with `"), "{said}");
}

#[test]
fn a_replay_that_is_stopped_keeps_its_letters() {
    let setup = Setup::new(5);
    let (fake, _) = refusing(&setup);
    let output = |url: &str| format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{url}\"\n");
    setup.settings(&output(&fake.url()));
    assert_eq!(setup.run(&["run", "--once"]).0, Some(2), "{}", setup.log());
    let letters = setup.letters();
    // A port at which nobody listens.
    setup.settings(&output("http://127.0.0.1:9"));
    let mut daemon = setup.start(&["run"]);
    wait_for("the start", || setup.log().contains("\"started\""));
    let mut replay = setup.0.start(&["replay", DEAD_LETTER], &setup.path("exotrace.toml"), &[]);
    wait_for("an attempt", || setup.log().contains("could not deliver; trying again"));
    // One at a time; and nobody else is shut out.
    let second = setup.0.exotrace(&["replay", DEAD_LETTER], &setup.path("exotrace.toml"), &[]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && said.contains("another replay is under way\nhint: wait"), "{said}");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    assert_eq!(replay.wait().unwrap().code(), Some(1));
    let kept = fs::read_to_string(setup.path("state/dead-letter.ndjson.replaying")).unwrap();
    assert_eq!(kept.lines().count(), letters.len());
}

/// Files that a component maps which is given by its name; it delivers records as they are.
fn hostile(setup: &Setup, component: &str) {
    fs::write(setup.path("mapping.wasm"), guest(component)).unwrap();
    let settings = "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\nwatch_interval = \"0s\"\n\
                    [[source]]\ntype = \"file\"\npaths = [\"in/*\"]\ninterval = \"20ms\"\n\
                    [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n";
    fs::write(setup.path("exotrace.toml"), settings).unwrap();
}

#[test]
fn a_record_at_which_the_mapping_stops_goes_to_the_dead_letter_alone() {
    let setup = Setup::new(0);
    hostile(&setup, "trap-on-record");
    let records: Vec<_> =
        (0..12).map(|n| if n == 4 { "{\"x\":4}".to_owned() } else { json!({ "n": n }).to_string() }).collect();
    fs::create_dir(setup.path("in")).unwrap();
    fs::write(setup.path("in/a.ndjson"), records.join("\n") + "\n").unwrap();
    let mut daemon = setup.start(&["run"]);
    wait_for("the others", || setup.count("trace") == 11);
    // The daemon lives on, and goes on with what comes.
    fs::write(setup.path("in/b.ndjson"), "{\"n\":12}\n{\"x\":13}\n{\"n\":14}\n").unwrap();
    wait_for("the others of the second file", || setup.count("trace") == 13);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    let numbers: Vec<_> = setup.documents("trace").iter().map(|it| it["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14], "in order");

    let letters = setup.letters();
    assert_eq!(
        letters.iter().map(|it| it["record"].as_str().unwrap()).collect::<Vec<_>>(),
        ["{\"x\":4}", "{\"x\":13}"]
    );
    let letter = &letters[0];
    assert_eq!((&letter["stage"], &letter["output"]), (&json!("mapping"), &Value::Null));
    assert!(letter["mapping"].as_str().unwrap().contains("9.9.9"), "{letter}");
    assert!(letter["reason"].as_str().unwrap().contains("stopped (trap)"), "{letter}");
    assert!(letter["path"].as_str().unwrap().ends_with("in/a.ndjson"), "{letter}");
    assert_eq!(letter["offset"], records[..4].iter().map(|it| it.len() + 1).sum::<usize>());

    // The same mapping stops again; one that does not delivers.
    let replay = ["replay", DEAD_LETTER];
    assert_eq!(setup.run(&replay).0, Some(2), "{}", setup.log());
    assert_eq!((setup.letters().len(), setup.count("trace")), (2, 13));
    hostile(&setup, "honest");
    assert_eq!(setup.run(&replay).0, Some(0), "{}", setup.log());
    assert_eq!(setup.documents("trace")[13..], [json!({ "x": 4 }), json!({ "x": 13 })]);
    assert!(!setup.path(DEAD_LETTER).exists());
}

#[test]
fn a_mapping_that_stops_now_and_then_loses_nothing() {
    let setup = Setup::new(0);
    hostile(&setup, "trap-on-fifth");
    fs::create_dir(setup.path("in")).unwrap();
    let records: Vec<_> = (0..2500).map(|n| json!({ "n": n })).collect();
    let lines: String = records.iter().map(|it| format!("{it}\n")).collect();
    fs::write(setup.path("in/a.ndjson"), lines).unwrap();
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(setup.documents("trace"), records, "each once, in order");
    assert!(!setup.path(DEAD_LETTER).exists());
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
