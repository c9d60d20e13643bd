//! Documents of the running program, as they pass.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    process::Stdio,
};

use serde_json::Value;

use crate::harness::{Daemon, Ended, Folder, documents, graph_records, wait_for};

/// The program, reading what is put into `in`.
struct Tapped {
    daemon: Daemon,
    folder: Folder,
}

impl Tapped {
    fn start() -> Self {
        Self::with_mapping("version = \"2.2\"\n")
    }

    /// Starts it with these settings of the mapping.
    fn with_mapping(mapping: &str) -> Self {
        let folder = Folder::with_settings(&format!(
            "state_dir = \"state\"\n[mapping]\n{mapping}[[source]]\ntype = \"file\"\nname = \"files\"\npaths = [\"in/*.ndjson\"]\n\
             interval = \"50ms\"\nlocal_domains = [\"contoso.com\"]\n[[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n"
        ));
        fs::create_dir(folder.path("in")).unwrap();
        let daemon = folder.exotrace(&["run"]).start();
        daemon.wait_for_log("\"message\":\"started\"");
        wait_for("the socket", || folder.path("state/control.sock").exists());
        Self { daemon, folder }
    }

    /// Has it read a file of these records.
    fn read(&self, name: &str, records: &str) {
        self.folder.write("new", records);
        fs::rename(self.folder.path("new"), self.folder.path(&format!("in/{name}.ndjson"))).unwrap();
    }

    /// Begins to watch, and waits until that is so.
    fn tap(&self, arguments: &[&str]) -> Daemon {
        let before = self.watchers_seen();
        let tap = self.folder.exotrace(&[&["tap"], arguments].concat()).start();
        wait_for("somebody to watch", || self.watchers_seen() > before);
        tap
    }

    fn watchers_seen(&self) -> usize {
        self.daemon.log().matches("\"tap began\"").count()
    }

    fn delivered(&self) -> Vec<Value> {
        self.folder.documents("out")
    }
}

#[test]
fn documents_are_masked_unless_their_values_are_wanted() {
    let tapped = Tapped::start();
    let mut masked = tapped.tap(&["--count", "3"]);
    let mut lines = tapped.tap(&["--json", "--count", "3"]);
    let mut shown = tapped.tap(&["--json", "--show-values", "--source", "files", "--count", "3"]);
    tapped.read("a", &graph_records(0..3));
    for tap in [&mut masked, &mut lines, &mut shown] {
        assert_eq!(tap.end().code(), Some(0), "{}", tap.log());
    }
    let (text, json) = (masked.output(), lines.output());
    assert!(text.contains("files, mapped by 2.2.0, ") && text.contains("\"aaa@aaaaaaa.aaa\""), "{text}");
    assert!(!text.contains("contoso") && !json.contains("contoso"), "{text}{json}");
    assert!(masked.log().contains("values are masked; `--show-values` shows them"), "{}", masked.log());
    assert!(masked.log().contains("3 documents shown"), "{}", masked.log());
    let found: Vec<_> = documents(&shown.output()).into_iter().map(|mut line| line["document"].take()).collect();
    // They are shown before outputs have them.
    wait_for("everything to be delivered", || tapped.folder.count("out") == 3);
    assert_eq!(found, tapped.delivered(), "what outputs get");
    let (first, names) = (documents(&json).remove(0), |value: &Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    });
    assert_eq!(names(&first["document"]), names(&found[0]));
    // Who looked is noted, and nothing of what was seen.
    let log = tapped.daemon.log();
    assert!(log.contains("\"by\":\"uid ") && !log.contains("bob0@fabrikam.com"), "{log}");
}

#[test]
fn only_documents_that_meet_every_condition_are_shown() {
    let tapped = Tapped::start();
    let broken = "{\"id\":\"x\",\"receivedDateTime\":\"yesterday\",\"senderAddress\":\"eve@contoso.com\"}\n";
    let all = ["--json", "--show-values", "--count", "1"];
    let wanted = |conditions: &[&str]| tapped.tap(&[&all[..], conditions].concat());
    let mut one = wanted(&["--where", "email.to.address=bob7@*", "--where", "/event/outcome=success"]);
    let mut failed = wanted(&["--outcome", "failed"]);
    let mut named = wanted(&["--where", "error.message"]);
    tapped.read("a", &(graph_records(0..20) + broken));
    for tap in [&mut one, &mut failed, &mut named] {
        assert_eq!(tap.end().code(), Some(0), "{}", tap.log());
    }
    let document = |tap: &Daemon| documents(&tap.output()).remove(0);
    assert_eq!(document(&one)["document"]["email"]["to"]["address"][0], "bob7@fabrikam.com");
    assert!(one.log().contains("1 document shown, 7 others did not match"), "{}", one.log());
    assert_eq!(document(&failed)["outcome"], "failed");
    assert_eq!(document(&failed), {
        let mut other = document(&named);
        other["passed_at"] = document(&failed)["passed_at"].clone();
        other
    });
    let end =
        |arguments: &[&str], code: i32| -> Ended { tapped.folder.exotrace(&[&["tap"], arguments].concat()).ends(code) };
    let said = end(&["--source", "nobody"], 2).said();
    assert!(said.contains("there is no source `nobody`") && said.contains("hint: there is `files`"), "{said}");
    assert!(end(&["--where", "=x"], 2).said().contains("`event.outcome=failure`"));
}

/// A reader that takes nothing gets less, and what it did not get is counted; mail flows on.
#[test]
fn who_does_not_keep_up_delays_nothing_and_is_told() {
    let tapped = Tapped::start();
    let mut stream = UnixStream::connect(tapped.folder.path("state/control.sock")).unwrap();
    stream.write_all(b"{\"tap\":[]}\n").unwrap();
    wait_for("somebody to watch", || tapped.watchers_seen() > 0);
    let records = 30_000;
    tapped.read("a", &graph_records(0..records));
    wait_for("everything to be delivered", || tapped.folder.count("out") as u64 == records);
    let (mut shown, mut left_out) = (0, 0);
    for line in BufReader::new(&stream).lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        shown += u64::from(message.get("document").is_some());
        left_out += message["left_out"].as_u64().unwrap_or(0);
        if shown + left_out == records {
            break;
        }
    }
    assert!(shown > 1000 && left_out > 1000, "{shown} shown, {left_out} left out");
    // A fifth has no place, and one that ends makes room.
    drop(stream);
    wait_for("the end of it", || tapped.daemon.log().contains("tap ended"));
    let mut taps: Vec<_> = (0..4).map(|_| tapped.tap(&[])).collect();
    let said = tapped.folder.exotrace(&["tap"]).ends(1).said();
    assert!(said.contains("4 commands show documents already") && said.contains("hint: end one of them"), "{said}");
    taps.pop().unwrap().kill();
    wait_for("room", || tapped.daemon.log().matches("tap ended").count() == 2);
    drop(tapped.tap(&[]));
}

#[test]
fn it_ends_with_the_process_and_follows_one_that_reloads() {
    let mut tapped = Tapped::start();
    let (mut all, mut some) = (tapped.tap(&["--json"]), tapped.tap(&["--count", "100"]));
    let mut interrupted = tapped.tap(&[]);
    interrupted.signal("INT");
    assert!(!interrupted.end().success());
    let before = tapped.watchers_seen();
    tapped.daemon.signal("HUP");
    wait_for("both to watch again", || tapped.watchers_seen() == before + 2);
    tapped.read("a", &graph_records(0..5));
    wait_for("documents", || documents(&all.output()).len() == 5);
    tapped.daemon.stop();
    assert_eq!((all.end().code(), some.end().code()), (Some(0), Some(2)));
    assert!(all.log().contains("exotrace has ended; 5 documents shown"), "{}", all.log());
    let said = tapped.folder.exotrace(&["tap"]).ends(1).said();
    assert!(said.contains("no exotrace runs with") && said.contains("hint: start `exotrace run`"), "{said}");
}

/// As with `| head -n 1`, also when nothing passes any more.
#[test]
fn it_ends_when_its_reader_has_seen_enough() {
    let tapped = Tapped::start();
    let mut command = tapped.folder.exotrace(&["tap", "--json"]).command();
    let mut tap = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("somebody to watch", || tapped.watchers_seen() > 0);
    tapped.read("a", &graph_records(0..2));
    let mut lines = BufReader::new(tap.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with('{'));
    drop(lines);
    let mut status = None;
    wait_for("its end", || {
        status = tap.try_wait().unwrap();
        status.is_some()
    });
    assert!(status.unwrap().success());
    wait_for("the process to see it", || tapped.daemon.log().contains("tap ended"));
}

#[test]
fn what_a_profile_hides_is_hidden_here_as_well() {
    let folder = Folder::new();
    folder.bare(&["privacy", "keygen", "key"]).ends(0);
    let key = folder.path("key");
    let tapped = Tapped::with_mapping(&format!(
        "version = \"3.0\"\n[mapping.privacy]\nkey_id = \"k1\"\nkey_file = \"{}\"\n",
        key.display()
    ));
    let mut tap = tapped.tap(&["--json", "--show-values", "--count", "1"]);
    tapped.read("a", &graph_records(0..1));
    assert_eq!(tap.end().code(), Some(0), "{}", tap.log());
    assert!(tap.log().contains("people are hidden in the documents already: profile "), "{}", tap.log());
    assert!(!tap.output().contains("bob0@fabrikam.com"), "{}", tap.output());
}
