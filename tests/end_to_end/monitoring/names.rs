//! Dashboard, alerts and documentation name what the program tells, and all of it.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{Monitored, STDOUT, WITH_BROKERS, tenant};
use crate::harness::{project, wait_for};

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let found = text.match_indices("exotrace_").chain(text.match_indices("process_"));
    for (at, prefix) in found {
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || "_.-/".contains(before)) {
            continue;
        }
        let rest = text[at + prefix.len()..].split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let name = format!("{prefix}{}", rest.into_iter().next().unwrap());
        // A histogram has three.
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        names.insert(name.to_owned());
    }
    names
}

/// Everything that the program can tell: that a mapping stops included.
fn known() -> BTreeSet<String> {
    let tenant = tenant();
    tenant.write("marked.ndjson", "{\"x\":1}\n");
    let hostile = project().join("tests/guests/trap-on-record.wasm");
    let mapping = format!("[mapping]\npath = \"{}\"\n", hostile.display());
    let files = "[[source]]\ntype = \"file\"\npaths = [\"marked.ndjson\"]\n";
    let monitored = Monitored::start(&tenant, &format!("{mapping}{files}{STDOUT}"));
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    wait_for("the mapping to stop", || monitored.metrics().contains("exotrace_mapping_stops_total"));
    let stopping = monitored.metrics();
    drop(monitored);
    let tenant = super::tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    // One by the ledger, and one that is counted when the ledger has noted the page.
    let of_page = ["exotrace_last_page_timestamp_seconds{", "exotrace_newest_record_timestamp_seconds{"];
    wait_for("a first page", || of_page.iter().all(|name| monitored.metrics().contains(name)));
    let all = stopping + &monitored.metrics();
    let told = all.lines().filter_map(|line| line.strip_prefix("# TYPE ")).flat_map(names);
    told.chain(WITH_BROKERS.map(str::to_owned)).collect()
}

/// Values of the labels that have a few.
fn words() -> BTreeSet<(String, String)> {
    let mut words = BTreeSet::new();
    for (label, values) in [
        ("state", "working starting retrying needs_attention stalled"),
        ("change", "replaced refused rolled_back"),
        ("role", "current canary compared before trial"),
    ] {
        words.extend(values.split(' ').map(|value| (label.to_owned(), value.to_owned())));
    }
    words
}

/// What a text asks these labels for.
fn selected(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\\\"", "\"");
    let mut selected = Vec::new();
    for label in ["state", "change", "role"] {
        for (at, _) in text.match_indices(&format!("{label}=")) {
            // `alertstate` is of Prometheus.
            if text[..at].ends_with(char::is_alphanumeric) {
                continue;
            }
            let value = text[at + label.len()..].trim_start_matches(['=', '~', '"']).split('"').next().unwrap();
            selected.extend(value.split('|').map(|value| (label.to_owned(), value.to_owned())));
        }
    }
    assert!(!selected.is_empty());
    selected
}

#[test]
fn dashboard_alerts_and_documentation_name_metrics_that_there_are() {
    let known = known();
    let read = |path: &str| fs::read_to_string(project().join(path)).unwrap();
    let mut named = BTreeSet::new();
    for path in ["fixtures/monitoring/dashboard.json", "fixtures/monitoring/alerts.yml"] {
        let names = names(&read(path));
        let unknown: Vec<_> = names.difference(&known).collect();
        assert!(names.len() > 8 && unknown.is_empty(), "{path} names {unknown:?}, which nothing tells");
        named.extend(names);
    }
    // And label values that there are.
    let words = words();
    for path in ["fixtures/monitoring/dashboard.json", "fixtures/monitoring/alerts.yml"] {
        for (label, value) in selected(&read(path)) {
            assert!(words.contains(&(label.clone(), value.clone())), "{path}: {label} is never `{value}`");
        }
    }
    let page = read("host/docs/monitoring.md");
    let table: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with("| `exotrace_") || line.starts_with("| `process_"))
        .flat_map(names)
        .collect();
    assert_eq!(table, known, "the table of host/docs/monitoring.md");
    // What can be measured can be seen.
    let unseen: Vec<_> = known
        .difference(&named)
        .filter(|name| !name.contains("newest_record") && !name.contains("virtual_memory"))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    let dashboard: Value = serde_json::from_str(&read("fixtures/monitoring/dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}
