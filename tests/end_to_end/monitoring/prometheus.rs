//! The real Prometheus reads metrics and rules.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use super::{Monitored, STDOUT, tenant};
use crate::harness::{fixture, project, wait_for};

/// Runs a program of Prometheus.
fn promtool(arguments: &[&str], input: &str) {
    let mut process = Command::new(project().join("target/tools/prometheus/root/usr/bin/promtool"))
        .args(arguments)
        .current_dir(fixture("monitoring"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`make test` unpacks it");
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "needs Prometheus, which `make test` unpacks"]
fn prometheus_understands_metrics_and_rules() {
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["test", "rules", "alerts-test.yml"], "");
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    promtool(&["check", "metrics"], &monitored.metrics());
}
