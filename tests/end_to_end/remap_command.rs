//! `[archive]` and `exotrace remap`: raw records are kept, and mapped again once each, after crashes too.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::{TenantConfig, delivered};
use rand::Rng as _;
use serde_json::{Value, json};

use crate::harness::{Exotrace, Folder, SimulatedTenant, assert_same, documents, random, wait_for, wait_for_some};

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

const FILE: &str = "[[output]]\ntype = \"file\"\nname = \"first\"\npath = \"documents.ndjson\"\n";

/// An output that nothing was delivered to so far.
const AGAIN: &str = "[[output]]\ntype = \"file\"\nname = \"again\"\npath = \"again.ndjson\"\n";

/// A tenant whose rows of the last hour are kept.
fn tenant(rows: usize, faults: &[&str], outputs: &str) -> SimulatedTenant {
    let mut config = TenantConfig { rows, ..TenantConfig::default() };
    faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
    let tenant = SimulatedTenant::new(config);
    let lines = "interval = \"1h\"\nadditional_look_back = \"3h\"\nbatch_size = 20\n[archive]\ndir = \"kept\"\n";
    tenant.write_settings(&format!("{}{lines}{outputs}", tenant.source()));
    tenant
}

fn to_store(fake: &FakeElasticsearch) -> String {
    format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", fake.url())
}

/// All of the mail, up to now.
fn range() -> [String; 2] {
    let now = Utc::now();
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    [text(now - chrono::Duration::days(21)), text(now)]
}

fn remap(folder: &Folder, [from, to]: &[String; 2], more: &[&str]) -> Exotrace {
    folder.exotrace(&[&["remap", "--from", from, "--to", to], more].concat())
}

/// Records, repeated, documents and duplicates of a remap.
fn counts(done: &Value) -> [u64; 4] {
    ["records", "repeated", "documents", "duplicates"].map(|name| done[name].as_u64().unwrap())
}

/// The files that are kept of a source.
fn kept(folder: &Folder, source: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder.path("kept").join(source)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The records that are kept of a source, as every other program reads them.
fn records(folder: &Folder, source: &str) -> Vec<Value> {
    let decoded = kept(folder, source).into_iter().map(|file| zstd::decode_all(fs::File::open(file).unwrap()).unwrap());
    decoded.flat_map(|text| documents(&String::from_utf8(text).unwrap())).collect()
}

/// Documents without what is of the process that delivered them.
fn without_agent(documents: Vec<Value>) -> Vec<Value> {
    let mut documents = documents;
    for document in &mut documents {
        document.as_object_mut().unwrap().remove("agent");
    }
    documents.sort_by_key(ToString::to_string);
    documents
}

#[test]
fn every_record_is_kept_as_the_service_has_it() {
    let tenant = tenant(60, &[], FILE);
    tenant.exotrace(&["run", "--once"]).ends(0);
    let found: BTreeSet<_> = records(&tenant, "graph").iter().map(ToString::to_string).collect();
    let rows = tenant.simulator.visible_rows();
    let rows: BTreeSet<_> = rows.iter().map(|row| serde_json::to_value(row).unwrap().to_string()).collect();
    assert_eq!(found, rows);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(tenant.path("kept")), mode(tenant.path("kept/graph"))), (0o700, 0o700));
    let files = kept(&tenant, "graph");
    assert_eq!(mode(files[0].clone()), 0o600);
    // What maps files maps these as well.
    let file = files[0].to_str().unwrap();
    let mapped = tenant.bare(&["map", "--mapping", "2.2", file]).ends(0).documents();
    assert!(!mapped.is_empty() && mapped.len() <= 60);
    // A poll that finds nothing new keeps nothing.
    let before = tenant.files();
    tenant.exotrace(&["run", "--once"]).ends(0);
    let sizes = |files: Vec<(PathBuf, Vec<u8>)>| -> usize {
        files.iter().filter(|(path, _)| path.starts_with(tenant.path("kept"))).map(|(_, bytes)| bytes.len()).sum()
    };
    assert_eq!(sizes(tenant.files()), sizes(before));
}

#[test]
fn a_remap_gives_the_same_documents_to_another_output() {
    let tenant = tenant(200, &["status-changes=0.3"], FILE);
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.append("exotrace.toml", AGAIN);
    let dry = remap(&tenant, &range(), &["--output", "again", "--dry-run", "--json"]).ends(0).json();
    assert!(!tenant.path("again.ndjson").exists());
    let done = remap(&tenant, &range(), &["--output", "again", "--json"]).ends(0).json();
    assert_eq!(counts(&done), [200, 0, 200, 0], "{done}");
    assert_eq!((counts(&dry), &dry["is_dry_run"]), (counts(&done), &json!(true)));
    let found = without_agent(tenant.documents("again"));
    assert_same("the documents", &json!(found), &json!(without_agent(tenant.documents("documents"))));
    // Nothing of that is kept once more, and polls have nothing to do with it.
    assert_eq!(records(&tenant, "graph").len(), 200);
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.check_files("again");
    let text = remap(&tenant, &range(), &["--output", "again", "--dry-run"]).ends(0).stdout;
    assert!(text.starts_with("dry run, nothing is delivered: 200 records by mapping 2.2"), "{text}");
}

#[test]
fn a_store_refuses_what_it_has_and_takes_what_another_mapping_gives() {
    let fake = FakeElasticsearch::start(Setup::default());
    let tenant = tenant(120, &[], &to_store(&fake));
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the documents", || fake.documents(STREAM).len() == 120);
    let done = remap(&tenant, &range(), &["--json"]).ends(0).json();
    assert_eq!(counts(&done), [120, 0, 120, 120], "the ids are the same: {done}");
    assert_eq!(fake.documents(STREAM).len(), 120);
    let done = remap(&tenant, &range(), &["--mapping", "3.0", "--output", "siem", "--json"]).ends(0).json();
    assert_eq!((counts(&done), done["mapping"].as_str()), ([120, 0, 120, 0], Some("3.0.0")), "{done}");
    let stored = fake.documents(STREAM);
    assert_eq!(stored.len(), 240);
    let again = remap(&tenant, &range(), &["--mapping", "3.0.0", "--json"]).ends(0).json();
    assert_eq!(counts(&again), [120, 0, 120, 120], "{again}");
    assert_eq!(fake.documents(STREAM), stored);
    // What maps mail is what it was.
    let status = tenant.exotrace(&["status", "--json"]).run().json();
    assert!(status["process"]["mapping"].as_str().unwrap().starts_with("2.2"), "{status}");
    daemon.stop();
    assert!(daemon.log().contains("remap is done"), "{}", daemon.log());
}

const FAULTS: [&str; 7] = [
    "late-rows=0.3",
    "status-changes=0.3",
    "empty-page=0.2",
    "quoted-token=0.1",
    "link-cycle=0.1",
    "revoked-token=0.1",
    "html-page=0.03",
];

#[test]
fn it_goes_on_after_every_kill() {
    let tenant = tenant(3000, &FAULTS, FILE);
    let mut random = random();
    // Pages are killed as well, so that some are kept twice.
    for _ in 0..5 {
        let before = tenant.count("documents");
        let mut program = tenant.exotrace(&["run", "--once"]).start();
        let more = random.random_range(1..200);
        wait_for("documents", || program.has_ended() || tenant.count("documents") >= before + more);
        program.kill();
    }
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.append("exotrace.toml", AGAIN);
    let (range, more) = (range(), ["--output", "again", "--json"]);
    let is_over = || tenant.exotrace(&["status", "--json"]).run().json()["archive"]["remap"].is_null();
    let mut kills = 0;
    while kills < 12 {
        let before = tenant.count("again");
        let mut program = remap(&tenant, &range, &more).start();
        let wanted = random.random_range(1..400);
        wait_for("documents", || program.has_ended() || tenant.count("again") >= before + wanted);
        if program.has_ended() {
            break;
        }
        program.kill();
        kills += 1;
        // It may have been done when it was killed, and would begin again.
        if is_over() {
            break;
        }
    }
    assert!(kills > 0, "it was never killed");
    // Done or not, it is done now, and everything is there once.
    let states = |prefix: &str| {
        let states: Vec<_> = delivered(&tenant.documents(prefix)).iter().map(|it| format!("{it:?}")).collect();
        (states.iter().cloned().collect::<BTreeSet<_>>(), states.len())
    };
    let (expected, _) = states("documents");
    if !is_over() {
        remap(&tenant, &range, &more).ends(0);
    }
    let (found, count) = states("again");
    assert_eq!((found.len(), expected.difference(&found).next()), (count, None), "{} states", expected.len());
}

#[test]
fn a_remap_that_was_killed_delivers_nothing_twice() {
    let tenant = tenant(1500, &[], FILE);
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.append("exotrace.toml", AGAIN);
    let (range, more) = (range(), ["--output", "again", "--json"]);
    let mut program = remap(&tenant, &range, &more).start();
    wait_for("some documents", || program.has_ended() || tenant.count("again") >= 100);
    program.kill();
    let before = tenant.count("again");
    if before < 1500 {
        let status = tenant.exotrace(&["status", "--json"]).run().json();
        let fraction = status["archive"]["remap"].as_f64().unwrap();
        assert!((0.0..1.0).contains(&fraction), "{status}");
        let done = remap(&tenant, &range, &more).ends(0).json();
        assert_eq!(done["records"], 1500, "{done}");
        assert!(done["documents"].as_u64() < Some(1500), "it started again: {done}");
        tenant.check_files("again");
        assert_eq!(tenant.documents("again").len(), 1500);
    }
    // Another mapping is another remap.
    let other = remap(&tenant, &range, &["--output", "again", "--mapping", "1.20", "--json"]).ends(0).json();
    assert_eq!(counts(&other)[..3], [1500, 0, 1500], "{other}");
}

#[test]
fn what_was_kept_twice_comes_once() {
    let tenant = tenant(100, &[], FILE);
    tenant.exotrace(&["run", "--once"]).ends(0);
    // As after a crash before the ledger has moved.
    fs::remove_dir_all(tenant.path("state")).unwrap();
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(records(&tenant, "graph").len(), 200);
    tenant.append("exotrace.toml", AGAIN);
    let done = remap(&tenant, &range(), &["--output", "again", "--json"]).ends(0).json();
    assert_eq!(counts(&done), [100, 100, 100, 0], "{done}");
    tenant.check_files("again");
    let text = remap(&tenant, &range(), &["--output", "again", "--dry-run"]).ends(0).stdout;
    assert!(text.contains("100 kept twice"), "{text}");
}

#[test]
fn files_are_kept_with_their_places() {
    let folder = Folder::new();
    let record = |hour: u32| {
        format!("{{\"Received\":\"2026-03-04T{hour:02}:06:07Z\",\"SenderAddress\":\"a@b.c\",\"Size\":{hour}}}\n")
    };
    folder.write("in/one.ndjson", (0..20).map(record).collect::<String>());
    let settings =
        "state_dir = \"state\"\n[archive]\ndir = \"kept\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n";
    folder.write_settings(&format!("{settings}{FILE}{AGAIN}"));
    folder.exotrace(&["run", "--once"]).ends(0);
    fs::remove_file(folder.path("again.ndjson")).unwrap();
    let range = ["2026-03-04T05:00:00Z", "2026-03-04T12:06:07Z"].map(str::to_owned);
    let done = remap(&folder, &range, &["--output", "again", "--json"]).ends(0).json();
    assert_eq!(counts(&done), [8, 0, 8, 0], "both ends are included: {done}");
    let hour = |it: &Value| it["email"]["attachments"]["file"]["size"].as_u64().unwrap();
    let mut first = folder.documents("documents");
    first.retain(|it| (5..=12).contains(&hour(it)));
    assert!(first.iter().all(|it| it["log"]["offset"].is_u64()));
    let found = without_agent(folder.documents("again"));
    assert_same("the documents", &json!(found), &json!(without_agent(first)));
}

#[test]
fn what_is_damaged_is_left_out_and_said() {
    let tenant = tenant(100, &[], FILE);
    tenant.exotrace(&["run", "--once"]).ends(0);
    let file = kept(&tenant, "graph").remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 0x55;
    fs::write(&file, &bytes).unwrap();
    let ended = remap(&tenant, &range(), &["--output", "first", "--dry-run", "--json"]).ends(2);
    assert!(ended.stderr.contains("of the archive are damaged"), "{ended}");
    let done = ended.json();
    assert!(done["damaged"].as_u64() > Some(0) && done["records"].as_u64() < Some(100), "{done}");
}

#[test]
fn a_folder_that_cannot_be_used_stops_the_source_until_it_can() {
    let tenant = tenant(40, &[], FILE);
    tenant.write("kept", "a file");
    let said = tenant.exotrace(&["check"]).ends(78).said();
    assert!(said.contains("`archive.dir`: could not use ") && said.contains("is a file, not a folder"), "{said}");
    let said = tenant.exotrace(&["run", "--once"]).ends(1).said();
    assert!(said.contains("could not keep raw records: "), "{said}");
    assert_eq!(tenant.count("documents"), 0, "nothing is delivered that is not kept");
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("could not keep raw records; trying again");
    let status = || tenant.exotrace(&["status", "--json"]).run().json();
    let found =
        wait_for_some("the trouble", || Some(status()).filter(|it| it["archive"]["state"] == "needs_attention"));
    assert!(found["trouble"].to_string().contains("archive: could not keep raw records"), "{found}");
    daemon.kill();
    fs::remove_file(tenant.path("kept")).unwrap();
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.check_files("documents");
    assert_eq!(records(&tenant, "graph").len(), 40);
}

#[test]
fn old_files_go_and_the_rest_is_shown() {
    let tenant = tenant(40, &[], FILE);
    tenant.change_settings("dir = \"kept\"\n", "dir = \"kept\"\nkeep_for = \"90d\"\n");
    let check = tenant.exotrace(&["check", "--json"]).ends(0).json();
    assert_eq!(check["archive"]["keep_for"], "90days");
    assert!(tenant.exotrace(&["check"]).ends(0).stdout.contains("kept, kept for 90days\n"));
    let old = tenant.write("kept/graph/2020-01-01T00.ndjson.zst", "");
    tenant.write("kept/graph/notes.txt", "mine");
    fs::set_permissions(tenant.path("kept"), fs::Permissions::from_mode(0o777)).unwrap();
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert!(!old.exists() && tenant.path("kept/graph/notes.txt").exists());
    assert_eq!(fs::metadata(tenant.path("kept")).unwrap().permissions().mode() & 0o022, 0, "nobody else writes there");
    let status = tenant.exotrace(&["status", "--json"]).run().json();
    let files = status["archive"]["files"].as_u64();
    assert!(matches!(files, Some(1 | 2)) && status["archive"]["bytes"].as_u64() > Some(100), "{status}");
    let text = tenant.exotrace(&["status"]).run().stdout;
    assert!(text.contains("\narchive in `") && text.contains("kept`\n  20"), "{text}");
    let doctor = tenant.exotrace(&["doctor", "--json"]).run().json();
    let steps = doctor["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["step"] == "archive").unwrap_or_else(|| panic!("{doctor}"));
    assert!(step["result"] == "ok" && step["detail"].as_str().unwrap().contains("are free"), "{step}");
}

#[test]
fn one_range_is_read_at_a_time() {
    let tenant = tenant(300, &[], FILE);
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the documents", || tenant.count("documents") == 300);
    // From then on nobody but the audit asks for pages.
    wait_for("the end of the poll", || {
        let source = &tenant.exotrace(&["status", "--json"]).run().json()["sources"][0];
        source["covered_until"].is_string() && source["reading"].is_null()
    });
    tenant.simulator.hold_pages();
    let requests = tenant.simulator.page_requests();
    let mut audit = tenant.exotrace(&["audit", "--from", "2h", "--to", "now"]).start();
    wait_for("the audit", || tenant.simulator.page_requests() > requests);
    let range = range();
    let [from, to] = &range;
    for command in [
        vec!["remap", "--from", from, "--to", to],
        vec!["remap", "--from", from, "--to", to, "--dry-run"],
        vec!["backfill", "--from", from, "--to", to],
        vec!["audit", "--from", from, "--to", to],
    ] {
        let said = tenant.exotrace(&command).ends(2).said();
        assert!(said.contains("a backfill, an audit or a remap is under way"), "{command:?}: {said}");
    }
    audit.kill();
    tenant.simulator.let_pass(1_000_000);
    daemon.stop();
    // Alone, the folder is locked.
    tenant.simulator.hold_pages();
    let requests = tenant.simulator.page_requests();
    let mut alone = tenant.exotrace(&["audit", "--from", "2h", "--to", "now"]).start();
    wait_for("the audit", || tenant.simulator.page_requests() > requests);
    let said = remap(&tenant, &range, &[]).ends(1).said();
    assert!(said.contains("is in use by process"), "{said}");
    alone.kill();
}

#[test]
fn what_cannot_be_mapped_again_is_named() {
    let tenant = tenant(30, &[], FILE);
    tenant.write("no.wasm", "nothing");
    let check = |arguments: &[&str], expected: &str| {
        let said = tenant.exotrace(&[&["remap"], arguments].concat()).ends(2).said();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    };
    let both = ["--from", "2h", "--to", "now"];
    check(&both, "nothing of source `graph` was kept yet");
    tenant.exotrace(&["run", "--once"]).ends(0);
    let check_all = || {
        let with = |more: &[&'static str], expected: &str| check(&[&both, more].concat(), expected);
        check(&["--from", "1h", "--to", "2h"], "before it begins at ");
        check(&["--from", "2026-03-04", "--to", "2026-03-04"], "before it begins at ");
        check(&["--from", "2h", "--to", "2100-01-01"], "which is in the future");
        check(
            &["--from", "2026-03-04", "--to", "2026-03-05"],
            "the archive has no mail received from 2026-03-04T00:00:00Z to 2026-03-05T00:00:00Z\nhint: records of source \
             `graph` were kept from 20",
        );
        with(&["--source", "other"], "no source is called `other`\nhint: there are `graph`");
        with(&["--output", "other"], "no output is called `other`\nhint: there are `first`");
        with(&["--mapping", "0.7"], "built in are ");
        with(&["--mapping", "./no.wasm"], "no.wasm");
        with(&["--mapping", "./not-there.wasm"], "not-there.wasm");
    };
    check(&["--from", "2h"], "--to");
    check(&["--from", "yesterday", "--to", "now"], "not a time");
    check_all();
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the socket", || tenant.path("state/control.sock").exists());
    check_all();
    daemon.stop();
    tenant.change_settings("[archive]\ndir = \"kept\"\n", "");
    check(&both, "the settings have no `[archive]`: no raw records are kept");
}
