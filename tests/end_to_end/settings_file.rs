//! How commands find the settings file.

use crate::harness::SimulatedTenant;

#[track_caller]
fn check(tenant: &SimulatedTenant, arguments: &[&str], variable: Option<&str>, code: i32, expected: &str) {
    let program = tenant.bare(arguments);
    let program = variable.into_iter().fold(program, |it, path| it.env("EXOTRACE_CONFIG", path));
    let ended = program.ends(code);
    assert!(ended.stdout.contains(expected) || ended.said().contains(expected), "{ended}");
}

#[test]
fn the_settings_file_is_named_in_every_usual_way() {
    let tenant = SimulatedTenant::with_rows(1);
    tenant.settings(&(tenant.by_secret() + "local_domains = [\"contoso.com\"]\n"));
    for arguments in
        [&["check", "exotrace.toml"][..], &["check", "-c", "exotrace.toml"], &["check", "--config=exotrace.toml"]]
    {
        check(&tenant, arguments, None, 0, "exotrace.toml is valid");
    }
    check(&tenant, &["check"], Some("exotrace.toml"), 0, "exotrace.toml is valid");
    // The command line counts more.
    check(&tenant, &["check", "other.toml"], Some("exotrace.toml"), 78, "could not read `other.toml`");
    check(&tenant, &["check", "exotrace.toml", "-c", "exotrace.toml"], None, 2, "cannot be used with");
    check(&tenant, &["status", "exotrace.toml"], None, 0, "no ledger");
    check(&tenant, &["doctor", "exotrace.toml"], None, 0, "all is well");
    check(&tenant, &["mapping", "status"], Some("exotrace.toml"), 1, "state");
    // What the variable names is said to come from it.
    let of_variable =
        "no settings file where the environment variable `EXOTRACE_CONFIG` says: could not read `other.toml`";
    check(&tenant, &["check"], Some("other.toml"), 78, of_variable);
    check(&tenant, &["doctor"], Some("other.toml"), 78, of_variable);
    check(&tenant, &["replay", "none.ndjson"], Some("other.toml"), 78, "could not read `other.toml`");
    check(
        &tenant,
        &["elasticsearch", "template", "--apply"],
        Some("exotrace.toml"),
        78,
        "no output of type `elasticsearch`",
    );
}

#[test]
#[ignore = "needs a machine without `/etc/exotrace/exotrace.toml`"]
fn without_any_settings_file_the_ways_to_name_one_are_told() {
    let tenant = SimulatedTenant::with_rows(1);
    let usual = "could not read `/etc/exotrace/exotrace.toml`";
    for command in ["check", "run", "status"] {
        check(&tenant, &[command], None, 78, usual);
        check(&tenant, &[command], None, 78, "name one with `--config FILE` or in `EXOTRACE_CONFIG`");
    }
    check(&tenant, &["doctor"], None, 78, "hint: name one with `--config FILE` or in `EXOTRACE_CONFIG`");
}
