//! Every command ends with the codes that `host/docs/exit-codes.md` says, and each of these is tried.

use std::{
    collections::BTreeSet,
    fs, io,
    process::{Command, Stdio},
};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};

use crate::harness::{Exotrace, Folder, PROGRAM, SimulatedTenant, fixture, project, wait_for};

const CODES: [i32; 4] = [0, 1, 2, 78];

/// A folder with settings for each way to end.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("good.ndjson", fs::read(fixture("records/well-formed.ndjson")).unwrap());
    folder.write("bad.csv", "sender,recipient\na@b.example,c@d.example\n");
    folder.write("error.json", "{\"error\":{\"code\":\"Forbidden\"}}\n");
    folder.write("letters", "no letter\n");
    settings(&folder, "good", "good.ndjson", "type = \"file\"\npath = \"good.json\"\n");
    settings(&folder, "unread", "*.csv", "type = \"file\"\npath = \"unread.json\"\n");
    settings(&folder, "broken", "good.ndjson", "type = \"file\"\npath = \"/dev/null/x.json\"\n");
    settings(&folder, "killed", "good.ndjson", "type = \"file\"\npath = \"killed.json\"\n");
    folder.write("wrong.toml", "nonsense = 1\n");
    folder
}

/// Settings `NAME.toml` that read these files.
fn settings(folder: &Folder, name: &str, paths: &str, output: &str) {
    let settings = format!(
        "state_dir = \"state-{name}\"\n[[source]]\ntype = \"file\"\nlocal_domains = [\"contoso.com\"]\n\
         paths = [\"{paths}\"]\n[[output]]\n{output}"
    );
    folder.write(&format!("{name}.toml"), settings);
}

/// The commands of the table, each with the codes that it says something of.
fn table() -> BTreeSet<(String, i32)> {
    let text = fs::read_to_string(project().join("host/docs/exit-codes.md")).unwrap();
    let mut table = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{line}");
        for command in cells[0].split(", ").map(|name| name.trim_matches('`')) {
            let said = CODES.iter().zip(&cells[1..]).filter(|(_, cell)| !cell.is_empty());
            table.extend(said.map(|(code, _)| (command.to_owned(), *code)));
        }
    }
    table
}

#[test]
fn every_command_ends_as_the_table_says() {
    let folder = folder();
    let mut tried = BTreeSet::new();
    // A machine that gives too little.
    folder.bare(&["check", "good.toml"]).by_script("ulimit -v 3000000 && exec \"$@\"").ends(1);
    tried.insert(("check".to_owned(), 1));
    let mut check = |command: &str, code: i32, arguments: &[&str]| {
        folder.bare(arguments).ends(code);
        tried.insert((command.to_owned(), code));
    };
    check("map", 0, &["map", "good.ndjson"]);
    check("map", 1, &["map", "none.ndjson"]);
    check("map", 2, &["map", "error.json"]);
    check("map", 2, &["map", "--mapping", "9.9", "good.ndjson"]);
    check("map", 78, &["map", "--config", "wrong.toml", "good.ndjson"]);

    check("check", 0, &["check", "good.toml"]);
    check("check", 2, &["check", "--nonsense"]);
    check("check", 78, &["check", "wrong.toml"]);

    check("doctor", 0, &["doctor", "good.toml"]);
    check("doctor", 1, &["doctor", "broken.toml"]);
    check("doctor", 78, &["doctor", "wrong.toml"]);
    let receiver = FakeElasticsearch::start(Setup::default());
    settings(&folder, "silent", "good.ndjson", &format!("type = \"http\"\nurl = \"{}/in\"\n", receiver.url()));
    check("doctor", 2, &["doctor", "silent.toml"]);

    check("status", 0, &["status", "good.toml"]);
    check("replay", 0, &["replay", "--config", "good.toml"]);
    check("replay --list", 0, &["replay", "--list", "--config", "good.toml"]);
    check("run", 0, &["run", "--once", "good.toml"]);
    check("run", 1, &["run", "--once", "broken.toml"]);
    check("run", 2, &["run", "--once", "unread.toml"]);
    check("run", 2, &["run", "--nonsense"]);
    check("run", 2, &["run", "--log-level", "inof", "good.toml"]);
    check("run", 78, &["run", "wrong.toml"]);
    check("status", 1, &["status", "broken.toml"]);
    check("status", 1, &["status", "unread.toml"]);
    check("status", 2, &["status", "--watch=0", "good.toml"]);
    check("status", 78, &["status", "wrong.toml"]);

    check("replay", 1, &["replay", "none", "--config", "good.toml"]);
    check("replay", 2, &["replay", "letters", "--config", "good.toml"]);
    check("replay", 78, &["replay", "--config", "wrong.toml"]);
    check("replay --list", 1, &["replay", "--list", "none", "--config", "good.toml"]);
    check("replay --list", 2, &["replay", "--list", "--json=1", "--config", "good.toml"]);
    check("replay --list", 78, &["replay", "--list", "--config", "wrong.toml"]);

    let tenant = SimulatedTenant::with_rows(1);
    folder.write_settings(&format!("{}[archive]\ndir = \"kept\"\n[[output]]\ntype = \"stdout\"\n", tenant.source()));
    let trace = |arguments: &[&'static str]| [&["trace", "--config", "exotrace.toml"], arguments].concat();
    check("trace", 0, &trace(&["--recipient", "nobody@nowhere.example"]));
    check("trace", 2, &trace(&["--since", "91days"]));
    check("trace", 78, &["trace", "--config", "wrong.toml"]);
    let range = |command: &'static str| vec![command, "--from", "2h", "--to", "now", "--config", "exotrace.toml"];
    check("audit", 1, &range("audit"));
    check("audit", 2, &["audit", "--from", "1h", "--to", "2h", "--config", "exotrace.toml"]);
    check("audit", 78, &["audit", "--from", "2h", "--to", "now", "--config", "wrong.toml"]);
    check("backfill", 0, &range("backfill"));
    check("backfill", 2, &["backfill", "--from", "1h", "--to", "2h", "--config", "exotrace.toml"]);
    check("backfill", 78, &["backfill", "--cancel", "--config", "wrong.toml"]);
    check("audit", 0, &range("audit"));
    check("remap", 0, &range("remap"));
    check("remap", 2, &["remap", "--from", "1h", "--to", "2h", "--config", "exotrace.toml"]);
    check("remap", 78, &["remap", "--from", "2h", "--to", "now", "--config", "wrong.toml"]);
    fs::remove_dir_all(folder.path("kept/graph")).unwrap();
    folder.write("kept/graph", "no folder");
    check("remap", 1, &range("remap"));
    let unreachable = format!(
        "{}[[output]]\ntype = \"stdout\"\n",
        tenant.source().replace("client_secret = \"", "client_secret = \"not-")
    );
    folder.write_settings(&unreachable);
    check("trace", 1, &trace(&[]));
    check("backfill", 1, &range("backfill"));

    check("tap", 1, &["tap", "good.toml"]);
    check("tap", 2, &["tap", "--source", "nobody", "good.toml"]);
    check("tap", 78, &["tap", "wrong.toml"]);

    check("mapping", 0, &["mapping", "list"]);
    check("mapping", 1, &["mapping", "status", "--state-dir", "nowhere"]);
    check("mapping", 2, &["mapping", "diff", "9.9", "2.2", "good.ndjson"]);
    check("mapping", 78, &["mapping", "status", "--config", "wrong.toml"]);

    let authorization = Some("ApiKey another".to_owned());
    let cluster = FakeElasticsearch::start(Setup { authorization, ..Setup::default() });
    let output = format!("type = \"elasticsearch\"\nurl = \"{}\"\napi_key = \"id:key\"\n", cluster.url());
    settings(&folder, "refused", "good.ndjson", &output);
    check("elasticsearch", 1, &["elasticsearch", "template", "--apply", "--config", "refused.toml"]);
    check("elasticsearch", 0, &["elasticsearch", "template"]);
    check("elasticsearch", 2, &["elasticsearch", "nonsense"]);
    check("elasticsearch", 78, &["elasticsearch", "template", "--apply", "--config", "wrong.toml"]);

    check("assets", 0, &["assets", "kibana"]);
    check("assets", 1, &["assets", "grafana", "--apply", "--url", "http://127.0.0.1:9"]);
    check("assets", 2, &["assets", "grafana", "--apply", "--url", "http://grafana.example.com"]);

    check("privacy", 0, &["privacy", "keygen", "pseudonyms.key"]);
    check("privacy", 1, &["privacy", "keygen", "none/pseudonyms.key"]);
    check("privacy", 2, &["privacy", "keygen", "pseudonyms.key"]);
    check("privacy", 78, &["privacy", "explain", "good.toml"]);

    check("cluster", 2, &["cluster", "create", "--config", "good.toml"]);
    check("cluster", 78, &["cluster", "status", "good.toml"]);

    check("completions", 0, &["completions", "bash"]);
    check("completions", 2, &["completions", "csh"]);
    check("man", 0, &["man", "pages"]);
    check("man", 1, &["man", "good.toml/pages"]);
    check("man", 2, &["man"]);

    check("demo", 0, &["demo", "--rows", "1"]);
    check("demo", 2, &["demo", "--rows", "many"]);
    check("init", 0, &["init", "new.toml", "--source", "file", "--paths", "*.csv", "--output", "stdout"]);
    check("init", 1, &["init", "nowhere/new.toml", "--source", "file", "--paths", "*.csv", "--output", "stdout"]);
    check("init", 2, &["init", "new.toml"]);
    check("config", 0, &["config", "schema"]);
    check("config", 2, &["config", "nonsense"]);
    check("simulate", 0, &["simulate", "--list-faults"]);
    check("simulate", 1, &["simulate", "--listen", "192.0.2.1:1"]);
    check("simulate", 2, &["simulate", "--nonsense"]);
    // Of the machine it needs a temporary folder alone.
    folder.bare(&["demo"]).env("TMPDIR", "/nowhere").ends(1);
    tried.insert(("demo".to_owned(), 1));
    // With brokers, in `kafka/cluster.rs`.
    tried.extend([0, 1].map(|code| ("cluster".to_owned(), code)));
    tried.insert(("tap".to_owned(), tap(&folder)));
    assert_eq!(tried, table());
}

/// How a command ends that watches a process until that ends.
fn tap(folder: &Folder) -> i32 {
    let mut daemon = folder.bare(&["run", "good.toml"]).start();
    wait_for("the socket", || folder.path("state-good/control.sock").exists());
    let mut tap = folder.bare(&["tap", "good.toml"]).start();
    daemon.wait_for_log("tap began");
    daemon.stop();
    tap.end().code().unwrap()
}

#[test]
fn a_level_that_does_not_exist_ends_every_command_before_anything() {
    for command in [&["run"][..], &["status"], &["mapping", "list"], &["map"]] {
        let said = Exotrace::new(&project(), command).env("EXOTRACE_LOG", "inof").ends(2).stderr;
        assert!(
            said.starts_with("error: invalid value `inof` for `EXOTRACE_LOG`: `inof` is not a level\nhint: "),
            "{said}"
        );
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = folder();
    folder.write("shown.wasm", fs::read(fixture("wit/0.2.0/component.wasm")).unwrap());
    for command in [
        "mapping list",
        "mapping inspect shown.wasm",
        "mapping export out",
        "config schema",
        "completions bash",
        "man pages",
        "map --mapping 1.20 good.ndjson",
        "check --config good.toml",
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut program = Command::new(PROGRAM);
        program.args(command.split(' ')).current_dir(folder.path("")).stdin(Stdio::null()).stdout(writer);
        let output = program.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
    }
}
