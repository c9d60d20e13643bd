//! Memory stays flat, regardless of how much a window holds.

use std::fs;

use exotrace_simulator::TenantConfig;

use crate::harness::{Folder, SimulatedTenant, wait_for, wait_for_some};

/// Collects one window of `rows` rows in pages of 5,000. Returns the most memory that the program had, in bytes.
fn peak(rows: usize) -> usize {
    let tenant = SimulatedTenant::with_rows(rows);
    tenant.settings(&(tenant.by_secret() + "batch_size = 5000\n"));
    let mut program = tenant.exotrace(&["run", "--once"]).start();
    // Linux keeps the peak, until the program ends.
    let file = format!("/proc/{}/status", program.id());
    let mut peak = 0;
    wait_for("the end", || {
        let status = fs::read_to_string(&file).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = kilobytes.and_then(|text| text.parse().ok()).map_or(peak, |kilobytes: usize| kilobytes * 1024);
        program.has_ended()
    });
    assert!(program.end().success());
    assert_eq!(program.output().lines().count(), rows);
    peak
}

/// A machine that is busy lets more be under way at a time: what grows with the window does so every time.
#[test]
fn a_window_of_many_pages_takes_no_more_memory_than_one_of_two() {
    let measured = (0..3).map(|_| (peak(10_000), peak(50_000)));
    let mut seen = Vec::new();
    let is_flat = measured.into_iter().any(|(few, many)| {
        seen.push((few, many));
        few > 0 && many < few + few / 4
    });
    assert!(is_flat, "bytes for 10,000 rows and for 50,000: {seen:?}");
}

/// A simulated tenant with more mail than fits into any memory answers at once.
#[test]
fn a_simulated_tenant_makes_the_mail_that_is_asked_for() {
    let folder = Folder::new();
    let rows = ["--rows", "2000000000", "--rows-per-hour", "4000000000"];
    let simulator = folder.bare(&[&["simulate", "--listen", "127.0.0.1:0"], &rows[..]].concat()).start();
    let url = wait_for_some("its address", || {
        let log = simulator.log();
        let rest = log.split_once("simulated tenant at ")?.1;
        Some(rest.split_once(';')?.0.to_owned())
    });
    let TenantConfig { tenant_id, client_id, client_secret, .. } = TenantConfig::default();
    folder.write_settings(&format!(
        "state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\nlocal_domains = [\"contoso.com\"]\n\
         [[output]]\ntype = \"stdout\"\n"
    ));
    let doctor = folder.exotrace(&["doctor"]).ends(0);
    assert!(doctor.stdout.contains("first page"), "{doctor}");
    let status = fs::read_to_string(format!("/proc/{}/status", simulator.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).unwrap();
    assert!(peak.parse::<u64>().unwrap() < 200_000, "{peak} kB");
}
