//! What `exotrace doctor` tells.

use serde_json::Value;

use crate::harness::SimulatedTenant;

/// The result and the hint of every step.
#[track_caller]
fn examine(tenant: &SimulatedTenant, source: &str, code: i32) -> Vec<(String, String, String)> {
    tenant.settings(source);
    let ended = tenant.exotrace(&["doctor", "--json"]).ends(code);
    let report = ended.json();
    assert_eq!(report["ok"], code == 0, "{ended}");
    assert_eq!(report["failed"].as_u64() > Some(0), code == 1 || code == 78, "{ended}");
    let text = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    let steps = report["steps"].as_array().unwrap().iter();
    steps.map(|step| (text(step, "step"), text(step, "result"), text(step, "detail") + &text(step, "hint"))).collect()
}

/// The domain of the simulated tenant.
const LOCAL: &str = "local_domains = [\"contoso.com\"]\n";

/// Only `failing` fails, for this reason, and steps after it are left out.
#[track_caller]
fn check(faults: &[&str], change: impl Fn(String) -> String, failing: &str, reason: &str) {
    let tenant = SimulatedTenant::misbehaving(faults);
    let steps = examine(&tenant, &change(tenant.by_secret()), 1);
    let failed: Vec<_> = steps.iter().filter(|(_, result, _)| result == "failed").collect();
    assert_eq!(failed.len(), 1, "{steps:?}");
    assert_eq!(failed[0].0, failing, "{steps:?}");
    assert!(failed[0].2.contains(reason), "{steps:?}");
}

#[test]
fn the_doctor_is_content_when_all_is_well() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let steps = examine(&tenant, &(tenant.by_secret() + LOCAL), 0);
    let names: Vec<_> = steps.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "settings",
            "state folder",
            "mapping component",
            "geo databases",
            "files",
            "sign-in host",
            "sign-in host, HTTP",
            "service host",
            "service host, HTTP",
            "sign-in",
            "clock",
            "permission",
            "service principal",
            "first page",
            "local domains",
            "stream",
        ]
    );
    let others: Vec<_> = steps.iter().filter(|(_, result, _)| result != "ok").collect();
    assert!(others.len() == 1 && others[0].0 == "geo databases" && others[0].1 == "none", "{others:?}");
    assert!(!tenant.path("state").exists(), "nothing is left behind");
}

#[test]
fn the_doctor_tells_troubles_apart() {
    let same = |source| source;
    check(&[], |source| source.replace("simulated-secret", "guess"), "sign-in", "`source.client_secret` is wrong");
    check(&[], |source| source + "login_url = \"http://127.0.0.1:9\"\n", "sign-in host", "could not connect");
    check(&[], |source| source + "url = \"https://no-such-host.invalid\"\n", "service host", "could not look up");
    check(&["no-permission"], same, "permission", "`ExchangeMessageTrace.Read.All` with admin consent");
    check(&["service-principal-missing"], same, "service principal", "the credentials are right");
    check(&["broken-page=1"], same, "first page", "");
    check(&["sign-in-error=7000222"], same, "sign-in", "has expired; make a new one");
    check(&[], |source| source + "ca_file = \"no-such-file\"\n", "files", "`source.ca_file`");
}

#[test]
fn local_domains_that_no_row_has_are_a_warning() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let of = |source: &str, result: &str| {
        let steps = examine(&tenant, &(tenant.by_secret() + source), 0);
        let found =
            steps.iter().filter(|(_, found, _)| found == result).map(|(step, _, said)| format!("{step}: {said}"));
        found.collect::<Vec<_>>().join("\n")
    };
    let said = of("local_domains = [\"contoso.example\"]\n", "warning");
    assert!(said.starts_with("local domains: 0 of 20 rows of the last hour"), "{said}");
    assert!(said.contains("most have `contoso.com`"), "{said}");
    let said = of("", "warning");
    assert!(said.contains("settings: ") && said.contains("no `email.direction` is written"), "{said}");
}

#[test]
fn the_doctor_reads_the_settings_first() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let steps = examine(&tenant, "intervall = 5\n", 78);
    assert!(steps.iter().all(|(step, result, _)| step == "settings" && result == "failed"), "{steps:?}");
    assert!(steps.iter().any(|(.., said)| said.contains("unknown key")), "{steps:?}");
}

#[test]
fn a_person_sees_what_to_do() {
    let tenant = SimulatedTenant::misbehaving(&["service-principal-missing"]);
    tenant.settings(&(tenant.by_secret() + LOCAL));
    let said = tenant.exotrace(&["doctor"]).run().stdout;
    assert!(said.contains("\n  ok         sign-in             the token is good until "), "{said}");
    assert!(said.contains("\n  FAILED     service principal   "), "{said}");
    assert!(said.contains("\n                                 hint: the service principal `8bd644d1"), "{said}");
    assert!(said.ends_with("1 step failed, 2 steps not asked\n"), "{said}");
}
