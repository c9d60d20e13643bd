//! How commands find the settings file.

use std::process::{Command, Output};

use exotrace_simulator::TenantConfig;

use crate::tenant::Served;

fn exotrace(served: &Served, arguments: &[&str], variable: Option<&str>) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.args(arguments).current_dir(served.folder.path()).env_remove("EXOTRACE_CONFIG");
    program.envs(variable.map(|path| ("EXOTRACE_CONFIG", path)));
    program.output().unwrap()
}

#[track_caller]
fn check(served: &Served, arguments: &[&str], variable: Option<&str>, code: i32, expected: &str) {
    let output = exotrace(served, arguments, variable);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let said = crate::harness::said(said);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(expected), "{arguments:?}: {said}");
}

#[test]
fn the_settings_file_is_named_in_every_usual_way() {
    let served = Served::new(TenantConfig { rows: 1, ..TenantConfig::default() });
    served.settings(&(served.by_secret() + "local_domains = [\"contoso.com\"]\n"));
    for arguments in
        [&["check", "exotrace.toml"][..], &["check", "-c", "exotrace.toml"], &["check", "--config=exotrace.toml"]]
    {
        check(&served, arguments, None, 0, "exotrace.toml is valid");
    }
    check(&served, &["check"], Some("exotrace.toml"), 0, "exotrace.toml is valid");
    // The command line counts more.
    check(&served, &["check", "other.toml"], Some("exotrace.toml"), 78, "could not read `other.toml`");
    check(&served, &["check", "exotrace.toml", "-c", "exotrace.toml"], None, 2, "cannot be used with");
    check(&served, &["status", "exotrace.toml"], None, 0, "no ledger");
    check(&served, &["doctor", "exotrace.toml"], None, 0, "all is well");
    check(&served, &["mapping", "status"], Some("exotrace.toml"), 1, "state");
    check(&served, &["replay", "none.ndjson"], Some("other.toml"), 78, "could not read `other.toml`");
    check(
        &served,
        &["elasticsearch", "template", "--apply"],
        Some("exotrace.toml"),
        78,
        "no output of type `elasticsearch`",
    );
}

#[test]
fn without_any_settings_file_the_ways_to_name_one_are_told() {
    let served = Served::new(TenantConfig { rows: 1, ..TenantConfig::default() });
    let usual = "could not read `/etc/exotrace/exotrace.toml`";
    if std::path::Path::new("/etc/exotrace/exotrace.toml").exists() {
        return;
    }
    for command in ["check", "run", "status"] {
        check(&served, &[command], None, 78, usual);
        check(&served, &[command], None, 78, "name one with `--config FILE` or in `EXOTRACE_CONFIG`");
    }
    check(&served, &["doctor"], None, 78, "hint: name one with `--config FILE` or in `EXOTRACE_CONFIG`");
}
