//! Ranges that no command about the past takes: each is named, alone and beside a running process.

use crate::harness::{SimulatedTenant, wait_for};

const SETTINGS: &str = "interval = \"1h\"\n[[source]]\ntype = \"file\"\nname = \"old\"\npaths = [\"in.ndjson\"]\n\
                        [[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n";

#[test]
fn ranges_that_cannot_be_are_named_by_every_command() {
    let tenant = SimulatedTenant::with_rows(5);
    tenant.write("in.ndjson", "");
    tenant.write_settings(&(tenant.source() + SETTINGS));
    let check_all = || {
        for command in ["trace", "backfill", "audit"] {
            for (arguments, expected) in [
                (["--from", "1h", "--to", "2h"].as_slice(), "before it begins at "),
                (&["--from", "2026-11-01", "--to", "2026-11-01"], "before it begins at "),
                (&["--from", "2h", "--to", "2100-01-01"], "which is in the future"),
                (&["--from", "2100-01-01", "--to", "2100-01-02"], "which is in the future"),
                (&["--from", "91days", "--to", "now"], "the service keeps 90 days"),
                (&["--from", "91days", "--to", "90days"], "the service keeps 90 days"),
                (&["--from", "2h", "--to", "now", "--source", "x"], "no source is called `x`"),
                (&["--from", "2h", "--to", "now", "--source", "old"], "which cannot be asked for a range of time"),
            ] {
                let said = tenant.exotrace(&[&[command], arguments].concat()).ends(2).said();
                assert!(said.contains(expected), "{command} {arguments:?}: {said}");
            }
        }
    };
    check_all();
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the socket", || tenant.path("state/control.sock").exists());
    check_all();
    daemon.stop();
}
