//! Delivering, with the real program: what is killed, moved away or down loses nothing and repeats nothing.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener as StdListener,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use exotrace::{
    config::{Config, SourceConfig},
    ledger::Ledger,
    pipeline::service_name,
};
use exotrace_simulator::{Tenant, TenantConfig, serve};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::harness::{exotrace, project};

/// A tenant, and a folder in which the program collects from it.
struct Setup {
    tenant: Arc<Tenant>,
    source: String,
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Setup {
    fn new(rows: usize) -> Self {
        let config = TenantConfig { rows, ..TenantConfig::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let TenantConfig { tenant_id, client_id, client_secret, .. } = &config;
        let source = format!(
            "state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \
             \"{client_id}\"\nclient_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\n\
             initial_interval = \"2h\"\ninterval = \"1s\"\nbatch_size = 20\nrequest_budget = 100000\n"
        );
        let tenant = Arc::new(Tenant::new(config));
        runtime.spawn(serve(listener, Arc::clone(&tenant), std::future::pending()));
        Self { tenant, source, folder: tempfile::tempdir().unwrap(), _runtime: runtime }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self, outputs: &str) {
        fs::write(self.path("exotrace.toml"), format!("{}{outputs}", self.source)).unwrap();
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let log = fs::File::create(self.path("log")).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        program.args(arguments).args(["--config", "exotrace.toml"]).current_dir(self.folder.path());
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
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
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

    /// How many documents there are, whole or not.
    fn count(&self, prefix: &str) -> usize {
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let files = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
        files.map(|path| fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count()).sum()
    }

    #[track_caller]
    fn check(&self, prefix: &str) {
        self.tenant.check_delivery(&self.documents(prefix)).unwrap();
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

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for {what}");
        thread::sleep(Duration::from_millis(5));
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
    assert!(fs::read_dir(setup.folder.path()).unwrap().count() > 4, "files were finished");
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
    setup.tenant.advance(Duration::from_secs(20 * 60));
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

/// Something that answers as Elasticsearch does, and may refuse one document of every request.
struct Cluster {
    url: String,
    is_picky: Arc<AtomicBool>,
    ids: Arc<Mutex<Vec<String>>>,
}

impl Cluster {
    fn new() -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (is_picky, ids) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let cluster = Self { url, is_picky: Arc::clone(&is_picky), ids: Arc::clone(&ids) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap() > 0 && line != "\r\n" {
                    let line = std::mem::take(&mut line).to_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let mut items = Vec::new();
                for action in str::from_utf8(&body).unwrap().lines().step_by(2) {
                    let action: Value = serde_json::from_str(action).unwrap();
                    let id = action["create"]["_id"].as_str().unwrap().to_owned();
                    let is_refused = is_picky.load(Ordering::SeqCst) && items.is_empty();
                    items.push(if is_refused {
                        let error = json!({ "type": "document_parsing_exception", "reason": "will not do" });
                        json!({ "create": { "_id": id, "status": 400, "error": error } })
                    } else {
                        ids.lock().unwrap().push(id.clone());
                        json!({ "create": { "_id": id, "status": 201 } })
                    });
                }
                let has_errors = items.iter().any(|item| item["create"]["status"] == 400);
                let answer = json!({ "took": 1, "errors": has_errors, "items": items }).to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    answer.len()
                );
                reader.into_inner().write_all(format!("{head}{answer}").as_bytes()).unwrap();
            }
        });
        cluster
    }
}

#[test]
fn what_an_output_rejects_is_replayed_to_it_alone() {
    let (setup, cluster) = (Setup::new(50), Cluster::new());
    let url = &cluster.url;
    setup.settings(&format!(
        "[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{url}\"\ncompression = \"none\"\n\
         [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n"
    ));
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("3 sent to the dead letter"), "{said}");
    setup.check("trace");
    let letters = fs::read_to_string(setup.path("state/dead-letter.ndjson")).unwrap();
    let letters: Vec<Value> = letters.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(letters.len(), 3);
    assert_eq!((&letters[0]["stage"], &letters[0]["output"]), (&json!("output"), &json!("siem")));
    assert!(letters[0]["reason"].as_str().unwrap().contains("will not do"), "{}", letters[0]["reason"]);
    assert!(letters[0]["record"].as_str().unwrap().starts_with('{'));

    // Refused once more, and kept once more.
    let replay = ["replay", "state/dead-letter.ndjson"];
    let (code, said) = setup.run(&replay);
    assert_eq!(code, Some(2), "{said}");
    cluster.is_picky.store(false, Ordering::SeqCst);
    let (code, said) = setup.run(&replay);
    assert_eq!(code, Some(0), "{said}");
    assert!(!setup.path("state/dead-letter.ndjson").exists());
    let mut ids = cluster.ids.lock().unwrap().clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    setup.check("trace");
}

#[test]
fn documents_say_who_collected_them() {
    let setup = Setup::new(30);
    // Only the mapping of that time says when a record was read, as Elastic has it.
    setup.settings("[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n[mapping]\nversion = \"1.20\"\n");
    for _ in 0..2 {
        assert_eq!(setup.run(&["run", "--once"]).0, Some(0));
        setup.tenant.advance(Duration::from_secs(20 * 60));
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
