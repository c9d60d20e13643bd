//! The real rsyslog and syslog-ng with `exotrace map` as their program: the configurations of `fixtures/pipelines`.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::harness::{Folder, PROGRAM, documents, fixture, project, wait_for_some};

/// A daemon, ended with its program when the test is.
struct Shipper {
    process: Child,
    folder: Folder,
}

impl Drop for Shipper {
    fn drop(&mut self) {
        drop(Command::new("kill").arg(self.process.id().to_string()).status());
        drop(self.process.wait());
    }
}

/// The folders below `root` that have such files.
fn folders_of(root: &Path, name: &str) -> BTreeSet<PathBuf> {
    let found = Command::new("find").arg(root).args(["-name", name, "-printf", "%h\n"]).output().unwrap();
    let folders: BTreeSet<_> = str::from_utf8(&found.stdout).unwrap().lines().map(PathBuf::from).collect();
    assert!(!folders.is_empty(), "no {name}");
    folders
}

fn folder_of(root: &Path, name: &str) -> String {
    folders_of(root, name).first().unwrap().display().to_string()
}

impl Shipper {
    /// Starts a daemon on the records of the fixtures, with a configuration of the fixtures.
    fn start(root: &Path, program: &str, configuration: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let place = folder.root().display().to_string();
        let text = fs::read_to_string(fixture("pipelines").join(configuration)).unwrap();
        let text = text.replace("/var/log/exchange", &place).replace("/var/spool/rsyslog", &place);
        let text = text.replace("/usr/local/bin/exotrace", PROGRAM);
        folder.write(configuration, text);
        folder.write("trace.ndjson", fs::read(fixture("records/well-formed.ndjson")).unwrap());
        let process = Command::new(root.join("usr/sbin").join(program))
            .current_dir(folder.root())
            .env("LD_LIBRARY_PATH", env::join_paths(folders_of(root, "*.so.*")).unwrap())
            .args(arguments)
            .stdin(Stdio::null())
            .spawn()
            .expect("`make test` unpacks it");
        Self { process, folder }
    }

    /// Waits until a file has `count` lines.
    fn documents(&self, file: &str, count: usize) -> Vec<Value> {
        wait_for_some(&format!("{count} lines in {file}"), || {
            let text = fs::read_to_string(self.folder.path(file)).ok()?;
            (text.ends_with('\n') && text.lines().count() >= count).then(|| documents(&text))
        })
    }

    fn check(&self, file: &str) {
        let found = self.documents(file, 7);
        let sender = |document: &Value| document["email"]["from"]["address"][0].clone();
        assert_eq!((found.len(), sender(&found[0])), (7, "news@mail.fabrikam.com".into()));
        assert!(found.iter().all(|document| document["ecs"]["version"] == "8.11.0"));
    }
}

/// A line that is not a record, and one that is; both are answered at once, with nothing after them.
const MORE: &str = "no record\n{\"receivedDateTime\":\"2026-03-04T05:06:07Z\",\"id\":\"last\"}\n";

fn check_more(found: &[Value]) {
    assert_eq!(found[7]["event"]["kind"], "pipeline_error");
    assert_eq!(found[7]["event"]["original"], "no record");
    assert_eq!(found[8]["email"]["local_id"], "last");
}

#[test]
#[ignore = "needs rsyslog and syslog-ng, which `make test` unpacks"]
fn rsyslog_filters_and_delivers() {
    let root = project().join("target/tools/syslog/root");
    let modules = folder_of(&root, "mmexternal.so");
    let daemon =
        Shipper::start(&root, "rsyslogd", "rsyslog.conf", &["-n", "-f", "rsyslog.conf", "-i", "none", "-M", &modules]);
    daemon.check("filtered.ndjson");
    daemon.check("documents.ndjson");
    daemon.folder.append("trace.ndjson", MORE);
    check_more(&daemon.documents("filtered.ndjson", 9));
    check_more(&daemon.documents("documents.ndjson", 9));
}

#[test]
#[ignore = "needs rsyslog and syslog-ng, which `make test` unpacks"]
fn syslog_ng_delivers() {
    let root = project().join("target/tools/syslog/root");
    let modules = format!("--module-path={}", folder_of(&root, "libaffile.so"));
    let arguments = ["-F", "-f", "syslog-ng.conf", "-R", "persist", "-c", "control", "-p", "none", &modules];
    let daemon = Shipper::start(&root, "syslog-ng", "syslog-ng.conf", &arguments);
    daemon.check("documents.ndjson");
    daemon.folder.append("trace.ndjson", MORE);
    check_more(&daemon.documents("documents.ndjson", 9));
}
