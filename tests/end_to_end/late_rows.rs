//! Rows that show up late: how late is measured, and `additional_look_back = "auto"` reads back as far as that.

use std::time::Duration;

use exotrace_simulator::TenantConfig;
use serde_json::Value;

use crate::harness::SimulatedTenant;

/// A tenant that gets mail for two days, of which a tenth shows up late by up to that time.
fn tenant(lateness: &str, look_back: &str) -> SimulatedTenant {
    let mut config = TenantConfig { rows: 60, rows_per_hour: 60, ..TenantConfig::default() };
    config.horizon = chrono::Duration::hours(50);
    for fault in ["late-rows=0.1", &format!("lateness={lateness}")] {
        config.faults.add(fault).unwrap();
    }
    let tenant = SimulatedTenant::new(config);
    tenant.write_settings(&format!(
        "{}additional_look_back = \"{look_back}\"\nbatch_size = 20\n\
         [[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n",
        tenant.source()
    ));
    tenant
}

/// Polls at the end of every hour; gives how many requests each poll has sent.
fn poll_for(tenant: &SimulatedTenant, hours: u32) -> Vec<u64> {
    let mut requests = Vec::new();
    for _ in 0..hours {
        let before = tenant.simulator.page_requests();
        tenant.exotrace(&["run", "--once"]).ends(0);
        requests.push(tenant.simulator.page_requests() - before);
        tenant.simulator.advance(Duration::from_secs(3600));
    }
    requests
}

fn status(tenant: &SimulatedTenant) -> Value {
    tenant.exotrace(&["status", "--json"]).run().json()["sources"][0].clone()
}

#[test]
fn auto_reads_back_as_far_as_rows_are_late() {
    let tenant = tenant("100m", "auto");
    poll_for(&tenant, 3);
    assert_eq!(status(&tenant)["look_back_seconds"], 3600, "nothing is known yet: {}", status(&tenant));
    poll_for(&tenant, 48);
    let found = status(&tenant);
    assert_eq!(found["look_back_seconds"], 7200, "{found}");
    let buckets = found["lateness"].as_array().unwrap();
    let late = |seconds: u64| buckets.iter().find(|it| it["up_to_seconds"] == seconds).unwrap()["rows"].as_u64();
    assert!(late(0) > Some(1000) && late(7200) > Some(0), "{found}");
    let text = tenant.exotrace(&["status"]).run().stdout;
    assert!(
        text.contains("  lateness    99.9 % of rows are at most 2h late; polls read 2h again (auto; once a day 48h)"),
        "{text}"
    );
    // It has found all of them, and none twice.
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.check_files("documents");
}

/// Prints what `host/docs/sources.md` says of the cost.
#[test]
fn looking_back_costs_requests() {
    let mut costs = Vec::new();
    for look_back in ["1h", "6h", "24h", "auto"] {
        let tenant = tenant("100m", look_back);
        let requests = poll_for(&tenant, 50);
        let last_day: u64 = requests[26..].iter().sum();
        println!("{look_back}: {last_day} requests for 24 polls of 60 rows an hour, with 20 rows a page");
        costs.push(last_day);
    }
    let [one, six, day, auto] = costs[..] else { panic!("{costs:?}") };
    assert!(one < auto && auto < day && six < day && auto * 2 < day, "{costs:?}");
}
