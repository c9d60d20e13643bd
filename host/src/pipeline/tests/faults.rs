//! The faults of the service (host/docs/facts/ms-api.md, section 8): nothing is missing, nothing comes twice.

use std::time::Duration;

use exotrace_simulator::TenantConfig;

use super::harness::TestSetup;

async fn check(faults: &[&str]) -> TestSetup {
    let setup = TestSetup::misbehaving(150, faults).await;
    setup.collect_all().await;
    setup.assert_all_delivered();
    assert_eq!(setup.status().gaps, []);
    setup
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_sent_again() {
    check(&["throttle-random=0.3"]).await;
    check(&["throttle-random=0.3", "retry-after=date"]).await;
    check(&["throttle-random=0.3", "retry-after=none"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_service_pass() {
    check(&["server-error=0.3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_break_off_are_read_again() {
    check(&["cut=0.3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_end_in_the_middle() {
    check(&["revoked-token=0.3"]).await;
    let tenant = TenantConfig { token_lifetime: Duration::from_millis(20), rows: 150, ..TenantConfig::default() };
    let setup = TestSetup::with(tenant, "graph").await;
    setup.collect_all().await;
    setup.assert_all_delivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_sign_in_is_tried_again() {
    check(&["sign-in-busy=0.5", "revoked-token=0.3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_links_are_given_up() {
    check(&["quoted-token=0.3"]).await;
    check(&["bad-recipient=0.3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn circular_links_are_given_up() {
    check(&["repeated-link=0.3"]).await;
    check(&["link-cycle=0.3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_gets_no_token() {
    let setup = check(&["foreign-link=0.3"]).await;
    assert!(setup.status().failure.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_pages_are_passed() {
    check(&["empty-page=0.4"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_rows_are_found() {
    let setup = check(&["late-rows=0.3"]).await;
    assert!(setup.status().late > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_delivered() {
    let setup = check(&["status-changes=0.5"]).await;
    assert!(setup.status().changed > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_is_followed() {
    check(&["clock-skew=-20m"]).await;
    check(&["clock-skew=20m"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_recipients_at_one_millisecond_are_no_trouble() {
    let mut setup = TestSetup::misbehaving(50, &["tie=6000", "quoted-token=0.2"]).await;
    setup.config.batch_size = 1000;
    setup.collect_all().await;
    setup.assert_all_delivered();
    assert_eq!(setup.status().gaps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_no_pages_are_asked_for_again() {
    check(&["broken-page=0.3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_something_else_are_asked_for_again() {
    check(&["html-page=0.3"]).await;
    check(&["null-value=0.3"]).await;
    check(&["bom=0.5", "server-error=0.2", "sign-in-busy=0.3", "revoked-token=0.2"]).await;
    check(&["empty-next-link"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_row_is_kept() {
    let setup = check(&["broken-row=0.5", "unknown-keys=0.5"]).await;
    let failed = setup.sink.documents().iter().filter(|document| document["event"]["kind"] == "pipeline_error").count();
    assert!(failed > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_statuses_are_kept() {
    let setup = TestSetup::misbehaving(150, &["odd-status=0.5"]).await;
    setup.collect_all().await;
    let mut delivered: Vec<_> = setup.sink.delivered().into_iter().map(|[id, recipient, ..]| (id, recipient)).collect();
    let mut rows: Vec<_> = setup.tenant.rows().iter().map(|row| (row.id.clone(), row.recipient.clone())).collect();
    delivered.sort_unstable();
    rows.sort_unstable();
    assert_eq!(delivered, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_at_once_change_nothing() {
    for seed in 1..=5 {
        let mut tenant = TenantConfig { rows: 150, seed, ..TenantConfig::default() };
        for fault in [
            "throttle-random=0.05",
            "server-error=0.05",
            "cut=0.05",
            "revoked-token=0.05",
            "quoted-token=0.1",
            "bad-recipient=0.1",
            "repeated-link=0.1",
            "link-cycle=0.1",
            "empty-page=0.1",
            "foreign-link=0.1",
            "late-rows=0.2",
            "status-changes=0.3",
            "broken-page=0.05",
            "broken-row=0.1",
            "unknown-keys=0.2",
            "clock-skew=7m",
            "html-page=0.05",
            "bom=0.2",
            "null-value=0.05",
            "empty-next-link=0.5",
        ] {
            tenant.faults.add(fault).unwrap();
        }
        let setup = TestSetup::with(tenant, "graph").await;
        setup.collect_all().await;
        setup.assert_all_delivered();
        assert_eq!(setup.status().gaps, []);
    }
}

async fn check_legacy(faults: &[&str]) {
    let mut tenant = TenantConfig { rows: 150, ..TenantConfig::default() };
    for fault in faults {
        tenant.faults.add(fault).unwrap();
    }
    let setup = TestSetup::with(tenant, "reporting_webservice").await;
    setup.collect_all().await;
    let mut delivered: Vec<_> = setup.sink.delivered().into_iter().map(|[id, recipient, ..]| (id, recipient)).collect();
    let mut rows: Vec<_> = setup.tenant.rows().iter().map(|row| (row.id.clone(), row.recipient.clone())).collect();
    delivered.sort_unstable();
    rows.sort_unstable();
    assert_eq!(delivered, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_service_is_read_in_whole() {
    check_legacy(&[]).await;
    check_legacy(&["legacy-verbose"]).await;
    check_legacy(&["legacy-atom=0.3", "server-error=0.2", "cut=0.2", "throttle-random=0.2"]).await;
}
