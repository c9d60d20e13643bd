//! Delivering, with the real program: what is killed, moved away or down loses nothing and repeats nothing.

use std::{fs, net::TcpListener, process::Command, time::Duration};

use chrono::Utc;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::harness::{Daemon, Folder, PROGRAM, SimulatedTenant, exotrace, project, wait_for};

/// How many rows some outputs have accepted while others have not.
fn accepted(tenant: &SimulatedTenant) -> i64 {
    let path = tenant.path("state").join("ledger.sqlite3");
    // While the ledger is being made it cannot be read.
    let Ok(ledger) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return 0 };
    ledger.query_row("SELECT count(*) FROM accepted", [], |row| row.get(0)).unwrap_or(0)
}

/// Stops the daemon, reads what is left, and checks that everything is there.
#[track_caller]
fn finish(tenant: &SimulatedTenant, mut daemon: Daemon) {
    daemon.stop();
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.check_files("trace");
}

#[test]
fn a_file_has_everything_once_however_often_the_program_is_killed() {
    let tenant = SimulatedTenant::with_rows(400);
    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\nrotate_bytes = 300000\n");
    for round in 0..6 {
        let before = tenant.count("trace");
        if before >= 400 {
            break;
        }
        let mut program = tenant.exotrace(&["run"]).start();
        // At another place each time: some documents further.
        wait_for("documents", || tenant.count("trace") > (before + 7 * round).min(399));
        program.kill();
    }
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.check_files("trace");
    let names = fs::read_dir(tenant.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files = names.filter(|name| name.starts_with("trace") && !name.ends_with(".exotrace"));
    assert!(files.count() > 1, "files were finished");
}

#[test]
fn an_output_that_is_down_makes_no_other_repeat() {
    let tenant = SimulatedTenant::with_rows(60);
    let two = "[[output]]\ntype = \"file\"\npath = \"one.ndjson\"\n\
               [[output]]\ntype = \"file\"\nname = \"two\"\npath = \"missing/two.ndjson\"\n";
    tenant.deliver_to(two);
    // A folder would be made.
    tenant.write("missing", "in the way");
    // Killed while it waits for the one that is down.
    let mut killed = tenant.exotrace(&["run"]).start();
    wait_for("a note of what one has accepted", || accepted(&tenant) == 20);
    killed.kill();
    let said = tenant.exotrace(&["run", "--once"]).ends(1).said();
    assert!(said.contains("could not deliver to `two`: could not make the folder of `missing/two.ndjson`"), "{said}");
    assert_eq!(tenant.documents("one").len(), 20, "the page that only one has");

    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("could not deliver; trying again");
    assert_eq!(tenant.count("one"), 20, "nothing again, and nothing further");
    daemon.stop();

    fs::remove_file(tenant.path("missing")).unwrap();
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.check_files("one");
    fs::rename(tenant.path("missing/two.ndjson"), tenant.path("two.ndjson")).unwrap();
    tenant.check_files("two");
}

#[test]
fn settings_are_reloaded_without_losing_a_record() {
    let tenant = SimulatedTenant::with_rows(100);
    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"trace-a\"\n");
    let daemon = tenant.exotrace(&["run"]).start();
    wait_for("a page", || tenant.path("trace-a").exists() && tenant.count("trace-a") > 0);
    tenant.deliver_to("[[output]]\ntype = \"nothing\"\n");
    daemon.signal("HUP");
    daemon.wait_for_log("there is no `nothing`");
    wait_for("the rest", || tenant.count("trace-a") == 100);
    assert!(!daemon.log().contains("settings reloaded"));

    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"trace-b\"\n");
    daemon.signal("HUP");
    daemon.wait_for_log("settings reloaded");
    tenant.simulator.advance(Duration::from_secs(20 * 60));
    finish(&tenant, daemon);
}

#[test]
fn reloading_again_and_again_under_load_loses_and_repeats_nothing() {
    const RELOADS: usize = 6;
    let tenant = SimulatedTenant::with_rows(600);
    // The service answers two pages between two reloads: at each there is more to read.
    tenant.simulator.hold_pages();
    let deliver_to = |name| tenant.deliver_to(&format!("[[output]]\ntype = \"file\"\npath = \"trace-{name}\"\n"));
    deliver_to("a");
    let daemon = tenant.exotrace(&["run"]).start();
    for reload in 1..=RELOADS {
        let before = tenant.count("trace");
        tenant.simulator.let_pass(2);
        wait_for("a page", || tenant.count("trace") > before);
        deliver_to(["b", "a"][reload % 2]);
        daemon.signal("HUP");
        wait_for("a reload", || daemon.log().matches("settings reloaded").count() == reload);
    }
    assert!(tenant.count("trace") < 600, "not under load");
    tenant.simulator.let_pass(1000);
    finish(&tenant, daemon);
}

#[test]
fn finished_files_that_are_too_old_are_deleted_at_the_start() {
    let tenant = SimulatedTenant::with_rows(20);
    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\nkeep_for = \"21d\"\n");
    let name = |days| {
        let time = Utc::now() - chrono::Duration::days(days);
        time.format("trace-%Y%m%dT%H%M%S.000Z.ndjson").to_string()
    };
    let (young, old) = (name(20), name(22));
    for file in [young.as_str(), old.as_str(), "trace-of-others.ndjson"] {
        tenant.write(file, "");
    }
    let ended = tenant.exotrace(&["run", "--once"]).ends(0);
    assert!(ended.stderr.contains("finished file deleted"), "{ended}");
    let exists = |name: &str| tenant.path(name).exists();
    assert_eq!(
        [young.as_str(), old.as_str(), "trace-of-others.ndjson", "trace.ndjson"].map(exists),
        [true, false, true, true]
    );
    tenant.check_files("trace.ndjson");
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let tenant = SimulatedTenant::with_rows(10);
    // Takes a request, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    tenant.deliver_to(&format!("[[output]]\ntype = \"http\"\nurl = \"{url}\"\nrequest_timeout = \"10m\"\n"));
    let mut daemon = tenant.exotrace(&["run"]).start();
    let _request = silent.accept().unwrap();
    daemon.signal("TERM");
    daemon.wait_for_log("stopping");
    // Signals within a second are one, so the first that ends it is one behind that.
    wait_for("the end", || {
        daemon.signal("TERM");
        daemon.has_ended()
    });
    assert_eq!(daemon.end().code(), Some(1));
    assert!(daemon.log().contains("ended at once by a second signal"));
}

#[test]
fn documents_say_who_collected_them() {
    let tenant = SimulatedTenant::with_rows(30);
    // Only the mapping of that time says when a record was read, as Elastic has it.
    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n[mapping]\nversion = \"1.20\"\n");
    for _ in 0..2 {
        tenant.exotrace(&["run", "--once"]).ends(0);
        tenant.simulator.advance(Duration::from_secs(20 * 60));
    }
    let documents = tenant.documents("trace");
    let agent = &documents[0]["agent"];
    assert_eq!((&agent["type"], &agent["version"]), (&json!("exotrace"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(documents.iter().all(|document| document["agent"]["id"] == agent["id"]));
    assert_eq!(documents[0]["data_stream"]["type"], "logs");
    assert_eq!(documents[0]["event"]["dataset"], documents[0]["data_stream"]["dataset"]);
    assert!(documents[0]["event"]["created"].is_string() && documents[0]["input"]["type"].is_string());
    let id = tenant.read("state/agent-id");
    assert_eq!(agent["id"], id.trim());
}

#[test]
fn the_sample_settings_for_systemd_are_right() {
    let folder = Folder::new();
    folder.write("client-secret", "simulated-secret\n");
    let sample = fs::read_to_string(project().join("host/packaging/exotrace.toml")).unwrap();
    folder.write_settings(&sample.replace("/etc/exotrace/", ""));
    folder.exotrace(&["check"]).ends(0);
    // The unit runs what the program knows.
    let unit = fs::read_to_string(project().join("host/packaging/exotrace.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/exotrace run --config /etc/exotrace/exotrace.toml\n"));
    assert!(exotrace(&["run", "--help"], "").status.success());
}

#[test]
#[ignore = "needs `systemd-analyze`"]
fn systemd_understands_the_unit() {
    let unit = fs::read_to_string(project().join("host/packaging/exotrace.service")).unwrap();
    let folder = Folder::new();
    let unit = unit.replace("/usr/local/bin/exotrace", PROGRAM);
    let file = folder.write("exotrace.service", unit);
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // It also speaks of other units of the machine.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("exotrace")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}
