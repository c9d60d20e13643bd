//! `sources_dir`: a file for each tenant, which may come, change and go while the program runs.

use std::fs;

use crate::harness::{Daemon, SimulatedTenants, wait_for};

fn start(tenants: &SimulatedTenants) -> Daemon {
    tenants.exotrace(&["run"]).start()
}

fn reloads(daemon: &Daemon) -> usize {
    daemon.log().matches("settings reloaded").count()
}

/// Does something that other settings come of, and waits until they are in use.
#[track_caller]
fn reload(daemon: &Daemon, change: impl FnOnce()) {
    let before = reloads(daemon);
    change();
    wait_for("the settings to be reloaded", || reloads(daemon) > before);
}

#[test]
fn tenants_come_change_and_go_while_the_others_are_collected() {
    let tenants = SimulatedTenants::new(3);
    tenants.write_files(&[1, 2]);
    let mut daemon = start(&tenants);
    tenants.wait_for_mail(&[1, 2]);
    assert_eq!(tenants.tenant(3).page_requests(), 0);

    reload(&daemon, || tenants.write_files(&[3]));
    tenants.wait_for_new_mail(&[1, 2, 3]);

    let changed = tenants.source(2, "").replace("\"of-2\"", "\"of-2\", \"changed\"");
    assert!(tenants.tagged("changed").is_empty());
    reload(&daemon, || drop(tenants.write(&SimulatedTenants::file(2), changed)));
    tenants.wait_for_new_mail(&[1, 2, 3]);
    assert!(!tenants.tagged("changed").is_empty());

    reload(&daemon, || fs::remove_file(tenants.path(&SimulatedTenants::file(1))).unwrap());
    let (asked, delivered) = (tenants.tenant(1).page_requests(), tenants.tagged("of-1").len());
    tenants.wait_for_new_mail(&[2, 3]);
    assert_eq!((tenants.tenant(1).page_requests(), tenants.tagged("of-1").len()), (asked, delivered));

    // It goes on where it was.
    reload(&daemon, || tenants.write_files(&[1]));
    tenants.wait_for_mail(&[1, 2, 3]);
    daemon.stop();
}

#[test]
fn a_broken_file_is_refused_and_what_ran_before_goes_on() {
    let tenants = SimulatedTenants::new(3);
    tenants.write_files(&[1, 2]);
    let mut daemon = start(&tenants);
    tenants.wait_for_mail(&[1, 2]);
    tenants.exotrace(&["status"]).ends(0);

    let broken = tenants.source(3, "").replace("interval = \"1s\"", "interval = \"1 apple\"");
    tenants.write(&SimulatedTenants::file(3), broken);
    daemon.wait_for_log("could not reload the settings; the old ones stay in use");
    let fault = "tenants.d/tenant-003.toml:8: `source.interval`: `1 apple` is not a length of time";
    assert!(daemon.log().contains(fault), "{}", daemon.log());
    let said = tenants.exotrace(&["status"]).ends(1).stdout;
    assert!(said.contains(&format!("settings were not reloaded, and the old ones are in use: {fault}")), "{said}");
    assert!(said.contains("running: process "), "{said}");
    let parts = tenants.exotrace(&["status", "--json"]).ends(1).json()["process"]["parts"].clone();
    let refused = parts.as_array().unwrap().iter().find(|part| part["part"] == "settings");
    assert_eq!(refused.unwrap()["state"], "needs_attention");
    let said = tenants.exotrace(&["check"]).ends(78);
    assert!(said.stderr.contains(&format!("error: {fault}")), "{said}");

    tenants.wait_for_new_mail(&[1, 2]);
    assert_eq!((reloads(&daemon), tenants.tenant(3).page_requests()), (0, 0));

    reload(&daemon, || tenants.write_files(&[3]));
    tenants.wait_for_mail(&[1, 2, 3]);
    tenants.exotrace(&["status"]).ends(0);
    daemon.stop();
    // Nothing runs that could say so.
    tenants.write(&SimulatedTenants::file(3), "[[source]\n");
    let said = tenants.exotrace(&["status"]).ends(1).stdout;
    assert!(said.contains("settings cannot be used: tenants.d/tenant-003.toml:1: "), "{said}");
}

#[test]
fn two_files_with_a_source_of_the_same_name_are_refused() {
    let tenants = SimulatedTenants::new(2);
    tenants.write_files(&[1]);
    let mut daemon = start(&tenants);
    tenants.wait_for_mail(&[1]);
    tenants.write(&SimulatedTenants::file(2), tenants.source(2, "name = \"tenant-001\"\n"));
    daemon.wait_for_log("could not reload the settings; the old ones stay in use");
    let fault = "tenants.d/tenant-002.toml:12: `source.name`: two sources have the same name";
    assert!(daemon.log().contains(fault), "{}", daemon.log());
    let said = tenants.exotrace(&["check"]).ends(78);
    let hint = "hint: the other one is in `tenants.d/tenant-001.toml`; give each a `name` of its own";
    assert!(said.stderr.contains(fault) && said.stderr.contains(hint), "{said}");
    tenants.wait_for_new_mail(&[1]);
    assert_eq!(tenants.tenant(2).page_requests(), 0);
    daemon.stop();
    tenants.exotrace(&["run"]).ends(78);
}

#[test]
fn without_any_source_nothing_begins_and_what_runs_goes_on() {
    let tenants = SimulatedTenants::new(1);
    let expected = "exotrace.toml:2: there is no `[[source]]`, and no file in `sources_dir`";
    tenants.write("tenants.d/.tenant-001.toml", tenants.source(1, ""));
    for command in ["check", "doctor", "run"] {
        let ended = tenants.exotrace(&[command]).ends(78);
        assert!(ended.stdout.contains(expected) || ended.said().contains(expected), "{ended}");
    }
    fs::rename(tenants.path("tenants.d/.tenant-001.toml"), tenants.path(&SimulatedTenants::file(1))).unwrap();
    let mut daemon = start(&tenants);
    tenants.wait_for_mail(&[1]);
    fs::remove_file(tenants.path(&SimulatedTenants::file(1))).unwrap();
    daemon.wait_for_log("could not reload the settings; the old ones stay in use");
    assert!(daemon.log().contains(expected), "{}", daemon.log());
    let said = tenants.exotrace(&["status"]).ends(1).stdout;
    assert!(said.contains(expected), "{said}");
    tenants.wait_for_new_mail(&[1]);
    daemon.stop();
}

#[test]
fn secrets_of_a_tenant_are_beside_its_file_and_doctor_looks_at_it() {
    let tenants = SimulatedTenants::new(2);
    tenants.write_files(&[1]);
    let secret = &tenants.tenant(2).config().client_secret;
    let by_value = format!("client_secret = \"{secret}\"");
    let by_file = tenants.source(2, "").replace(&by_value, "client_secret_file = \"two.secret\"");
    tenants.write(&SimulatedTenants::file(2), by_file);
    let said = tenants.exotrace(&["doctor"]).ends(78).all();
    assert!(said.contains("tenants.d/tenant-002.toml:5: `source.client_secret_file`: could not read"), "{said}");
    tenants.write("tenants.d/two.secret", format!("{secret}\n"));
    tenants.exotrace(&["doctor"]).ends(0);
    tenants.exotrace(&["run", "--once"]).ends(0);
    tenants.wait_for_mail(&[1, 2]);
    // `check` says what is odd with the file and the line where it is.
    let said = tenants.exotrace(&["check"]).ends(0).stderr;
    for number in [1, 2] {
        let expected = format!("warning: tenants.d/tenant-00{number}.toml:1: `source.local_domains` is missing");
        assert!(said.contains(&expected), "{said}");
    }
}
