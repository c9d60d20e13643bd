//! Every command ends with the codes that `host/docs/exit-codes.md` says, and each of these is tried.

use std::{collections::BTreeSet, fs, process::Command};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};

use crate::harness::project;

const CODES: [i32; 4] = [0, 1, 2, 78];

/// A folder with settings for each way to end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::copy(project().join("fixtures/records/well-formed.ndjson"), folder.path("good.ndjson")).unwrap();
        fs::write(folder.path("bad.csv"), "sender,recipient\na@b.example,c@d.example\n").unwrap();
        fs::write(folder.path("error.json"), "{\"error\":{\"code\":\"Forbidden\"}}\n").unwrap();
        fs::write(folder.path("letters"), "no letter\n").unwrap();
        folder.settings("good", "good.ndjson", "type = \"file\"\npath = \"good.json\"\n");
        folder.settings("unread", "*.csv", "type = \"file\"\npath = \"unread.json\"\n");
        folder.settings("broken", "good.ndjson", "type = \"file\"\npath = \"/dev/null/x.json\"\n");
        folder.settings("killed", "good.ndjson", "type = \"file\"\npath = \"killed.json\"\n");
        fs::write(folder.path("wrong.toml"), "nonsense = 1\n").unwrap();
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Settings `NAME.toml` that read these files.
    fn settings(&self, name: &str, paths: &str, output: &str) {
        let settings = format!(
            "state_dir = \"state-{name}\"\n[[source]]\ntype = \"file\"\nlocal_domains = [\"contoso.com\"]\n\
             paths = [\"{paths}\"]\n[[output]]\n{output}"
        );
        fs::write(self.path(&format!("{name}.toml")), settings).unwrap();
    }

    #[track_caller]
    fn check(&self, command: &str, code: i32, arguments: &[&str], tried: &mut BTreeSet<(String, i32)>) {
        let output = Command::new(env!("CARGO_BIN_EXE_exotrace"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("EXOTRACE_CONFIG")
            .env_remove("EXOTRACE_LOG")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&said));
        tried.insert((command.to_owned(), code));
    }
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
    let folder = Folder::new();
    let mut tried = BTreeSet::new();
    let mut check = |command: &str, code: i32, arguments: &[&str]| folder.check(command, code, arguments, &mut tried);
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
    folder.settings("silent", "good.ndjson", &format!("type = \"http\"\nurl = \"{}/in\"\n", receiver.url()));
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

    check("mapping", 0, &["mapping", "list"]);
    check("mapping", 1, &["mapping", "status", "--state-dir", "nowhere"]);
    check("mapping", 2, &["mapping", "diff", "9.9", "2.2", "good.ndjson"]);
    check("mapping", 78, &["mapping", "status", "--config", "wrong.toml"]);

    let authorization = Some("ApiKey another".to_owned());
    let cluster = FakeElasticsearch::start(Setup { authorization, ..Setup::default() });
    let output = format!("type = \"elasticsearch\"\nurl = \"{}\"\napi_key = \"id:key\"\n", cluster.url());
    folder.settings("refused", "good.ndjson", &output);
    check("elasticsearch", 1, &["elasticsearch", "template", "--apply", "--config", "refused.toml"]);
    check("elasticsearch", 0, &["elasticsearch", "template"]);
    check("elasticsearch", 2, &["elasticsearch", "nonsense"]);
    check("elasticsearch", 78, &["elasticsearch", "template", "--apply", "--config", "wrong.toml"]);

    check("demo", 0, &["demo", "--rows", "1"]);
    check("demo", 2, &["demo", "--rows", "many"]);
    check("simulate", 0, &["simulate", "--list-faults"]);
    check("simulate", 1, &["simulate", "--listen", "192.0.2.1:1"]);
    check("simulate", 2, &["simulate", "--nonsense"]);
    // Of the machine it needs a temporary folder alone.
    let demo = Command::new(env!("CARGO_BIN_EXE_exotrace")).arg("demo").env("TMPDIR", "/nowhere").output().unwrap();
    assert_eq!(demo.status.code(), Some(1));
    tried.insert(("demo".to_owned(), 1));
    assert_eq!(tried, table());
}

#[test]
fn a_level_that_does_not_exist_ends_every_command_before_anything() {
    for command in [&["run"][..], &["status"], &["mapping", "list"], &["map"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_exotrace"))
            .args(command)
            .env("EXOTRACE_LOG", "inof")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.starts_with("error: invalid value `inof` for `EXOTRACE_LOG`: `inof` is no level\nhint: "),
            "{said}"
        );
    }
}
