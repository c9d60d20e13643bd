//! Every panel of Grafana's dashboard shows something when a real Prometheus scrapes the real program.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Monitored, STDOUT, WITH_BROKERS, tenant};
use crate::harness::{exotrace, fixture, free_address, project, wait_for, wait_for_some};

/// The dashboard that is committed is the one that the program prints.
#[test]
fn the_dashboard_is_the_one_that_the_program_prints() {
    let printed = exotrace(&["assets", "grafana"], "").with(0).stdout;
    let path = fixture("monitoring/dashboard.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    assert!(fs::read_to_string(path).unwrap() == printed, "UPDATE_GOLDEN=1 writes fixtures/monitoring/dashboard.json");
}

/// A Prometheus that scrapes one program every second.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    fn start(scraped: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("prometheus.yml");
        let rules = fixture("monitoring/alerts.yml");
        let settings_text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [ {} ]\nscrape_configs:\n  - job_name: \
             exotrace\n    static_configs: [ {{ targets: [ '{scraped}' ] }} ]\n",
            rules.display()
        );
        fs::write(&settings, settings_text).unwrap();
        let address = free_address(3);
        let process = Command::new(project().join("target/tools/prometheus/root/usr/bin/prometheus"))
            .arg(format!("--config.file={}", settings.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`make test` unpacks it");
        let prometheus = Self { process, address, _folder: folder };
        wait_for("Prometheus", || prometheus.get("/-/ready").is_ok_and(|(status, _)| status == 200));
        prometheus
    }

    fn get(&self, target: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(stream, "GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| std::io::Error::other("no answer"))?;
        Ok((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
    }

    /// The series that an expression gives now, or over the last seconds.
    fn series(&self, expression: &str, is_range: bool) -> Vec<Value> {
        let query: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let target = match is_range {
            true => format!("/api/v1/query_range?query={query}&start={}&end={now}&step=1", now - 10),
            false => format!("/api/v1/query?query={query}"),
        };
        let (status, body) = self.get(&target).unwrap();
        assert_eq!(status, 200, "{expression}: {body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {body}");
        answer["data"]["result"].as_array().unwrap().clone()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What Grafana puts in for its variables.
fn filled(expression: &str) -> String {
    let filled = expression
        .replace("$__rate_interval", "20s")
        .replace("$__interval", "20s")
        .replace("$__range", "20s")
        .replace("$instance", ".*")
        .replace("$source", ".*");
    assert!(!filled.contains('$'), "{filled}");
    filled
}

#[test]
#[ignore = "needs Prometheus, which `make test` unpacks"]
fn every_panel_shows_something() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, &format!("[archive]\ndir = \"raw\"\n{STDOUT}"));
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    let prometheus = Prometheus::start(monitored.address);
    let dashboard = exotrace(&["assets", "grafana"], "").json();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut expressions = 0;
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().unwrap() {
            let (expression, is_instant) = (filled(target["expr"].as_str().unwrap()), target["instant"] == true);
            if WITH_BROKERS.iter().any(|metric| expression.contains(metric)) {
                // That Prometheus understands it is all that can be seen here.
                prometheus.series(&expression, !is_instant);
                continue;
            }
            wait_for_some(&format!("{}: {expression}", panel["title"]), || {
                let series = prometheus.series(&expression, !is_instant);
                (!series.is_empty()).then_some(())
            });
            // What series are called by is theirs.
            let series = prometheus.series(&expression, !is_instant);
            let legend = target["legendFormat"].as_str().unwrap();
            for label in legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
                assert!(series.iter().any(|it| it["metric"].get(label).is_some()), "{label}: {series:?}");
            }
            expressions += 1;
        }
        for column in columns(panel) {
            let is_there = panel["targets"].as_array().unwrap().iter().any(|target| {
                let series = prometheus.series(&filled(target["expr"].as_str().unwrap()), false);
                let value = format!("Value #{}", target["refId"].as_str().unwrap());
                column == value || series.iter().any(|it| it["metric"].get(&column).is_some())
            });
            assert!(is_there, "{}: no column `{column}`", panel["title"]);
        }
    }
    assert!(expressions > 50, "{expressions}");
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        prometheus.series(&filled(annotation["expr"].as_str().unwrap()), true);
    }
}

/// The columns that a table shows.
fn columns(panel: &Value) -> Vec<String> {
    let steps = panel["transformations"].as_array().into_iter().flatten();
    let organize = steps.filter(|step| step["id"] == "organize");
    organize.flat_map(|step| step["options"]["renameByName"].as_object().unwrap().keys().cloned()).collect()
}
