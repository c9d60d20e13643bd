use std::time::Duration;

use super::*;
use crate::{
    cli::status::{report::ReplayReport, trouble},
    control::About,
    ledger::{Gap, InProgress, LastRun, SourceStatus, Trouble, Window},
    observe::health::State,
    pipeline::RequestBudget,
    sources::microsoft::state::ServiceProgress,
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const NOW: &str = "2026-03-04T12:00:00Z";

fn report(status: Option<SourceStatus>) -> StatusReport {
    let window = Window { start: at("2026-03-04T10:00:00Z"), end: at(NOW) };
    let reading = InProgress { window, reached: Some(at("2026-03-04T11:00:00Z")), next_link: None };
    let window = Duration::from_secs(300);
    let budget = RequestBudget { ledger_name: "graph contoso.com".to_owned(), requests: 90, window };
    let progress = ServiceProgress { reading: Some(reading), sent: 12, ..ServiceProgress::default() };
    let source = SourceReport {
        r#type: "graph",
        name: "contoso".to_owned(),
        ledger_name: "graph https://graph.microsoft.com contoso.com id".to_owned(),
        state: Some(State::Retrying),
        place: progress.state("contoso.com", &budget, status.as_ref(), at(NOW)),
        status,
    };
    let output = OutputReport {
        name: "siem".to_owned(),
        r#type: "elasticsearch",
        state: Some(State::Working),
        since: Some(at("2026-03-04T09:00:00Z")),
        trouble: None,
    };
    let process = About {
        pid: 4711,
        since: at("2026-03-04T08:00:00Z"),
        version: "0.1.0".to_owned(),
        mapping: "2.2.0".to_owned(),
        privacy: None,
        parts: Vec::new(),
        is_replaying: false,
        partitions: None,
    };
    StatusReport {
        at: at(NOW),
        is_running: true,
        privacy: None,
        process: Some(process),
        last_run: None,
        needs_person: false,
        refused_settings: None,
        trouble: Vec::new(),
        state_dir: "state".into(),
        has_ledger: true,
        cluster: None,
        sources: vec![source],
        outputs: vec![output],
        dead_letters: None,
        partition_dead_letters: Vec::new(),
        replay: ReplayReport { is_under_way: false, left: None },
        archive: None,
    }
}

fn text(mut found: StatusReport) -> String {
    found.trouble = trouble::of(&found);
    let mut output = Vec::new();
    super::report(&found, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

fn status() -> SourceStatus {
    SourceStatus {
        covered_from: Some(at("2026-03-01T00:00:00Z")),
        covered_until: Some(at("2026-03-04T10:30:00Z")),
        gaps: vec![Gap {
            start: at("2025-11-01T00:00:00Z"),
            end: at("2025-11-02T00:00:00Z"),
            reason: "older than the service keeps records".to_owned(),
        }],
        rows: 1_234_567,
        changed: 1000,
        late: 3,
        polled_at: Some(at("2026-03-04T11:59:18Z")),
        failed_at: Some(at("2026-03-04T11:59:57Z")),
        failure: Some("could not collect\nhint: wait".to_owned()),
        token_until: Some(at("2026-03-04T13:00:00Z")),
    }
}

#[test]
fn a_person_sees_how_it_is_doing() {
    assert_eq!(
        text(report(Some(status()))),
        "\
running: process 4711 since 2026-03-04T08:00:00Z, exotrace 0.1.0, mapping 2.2.0

ledger in `state`, at 2026-03-04T12:00:00Z

contoso (graph, retrying)
  covered     2026-03-01T00:00:00Z to 2026-03-04T10:30:00Z: 3days 10h, 1h 30m behind now
  reading     2026-03-04T10:00:00Z to 2026-03-04T12:00:00Z, has come down to 2026-03-04T11:00:00Z
  gaps        1; rows of these times may be missing
              2025-11-01T00:00:00Z to 2025-11-02T00:00:00Z: older than the service keeps records
  rows        1,234,567; 1,000 of them changed, 3 late
  last page   2026-03-04T11:59:18Z: 42s ago
  last error  2026-03-04T11:59:57Z: 3s ago
              could not collect
              hint: wait
  budget      78 of 90 requests left
  token       good until 2026-03-04T13:00:00Z: 1h left

outputs
  siem (elasticsearch): working since 2026-03-04T09:00:00Z

dead letters
  none
"
    );
}

#[test]
fn a_source_that_has_done_nothing_says_so() {
    assert!(text(report(None)).contains("\ncontoso (graph, retrying)\n              nothing has been read yet\n"));
    let text = text(report(Some(SourceStatus::default())));
    assert!(text.contains("  covered     nothing yet\n"), "{text}");
    assert!(text.contains("  last error  none\n"), "{text}");
}

/// What a person has to do something about when this is changed of a report in which all is well.
#[track_caller]
fn check(change: impl FnOnce(&mut StatusReport), expected: &[&str]) {
    let mut changed = report(Some(SourceStatus { failed_at: None, failure: None, ..status() }));
    change(&mut changed);
    assert_eq!(trouble::of(&changed), expected);
}

fn trouble(reason: &str, needs_person: bool) -> Trouble {
    Trouble { item: "a.csv".to_owned(), reason: reason.to_owned(), since: at("2026-03-04T11:59:00Z"), needs_person }
}

fn set_status(report: &mut StatusReport, change: impl FnOnce(&mut SourceStatus)) {
    change(report.sources[0].status.as_mut().unwrap());
}

fn end(report: &mut StatusReport, ended_at: Option<&str>, failure: Option<&str>) {
    (report.is_running, report.process) = (false, None);
    report.sources[0].state = None;
    let (version, began_at) = ("0.1.0".to_owned(), at("2026-03-04T08:00:00Z"));
    let (ended_at, failure) = (ended_at.map(at), failure.map(str::to_owned));
    report.last_run = Some(LastRun { pid: 4711, version, began_at, ended_at, failure });
}

#[test]
fn what_passes_by_itself_needs_nobody() {
    check(|_| {}, &[]);
    check(|report| report.outputs[0].trouble = Some(trouble("503", false)), &[]);
    check(|report| end(report, Some("2026-03-04T11:00:00Z"), None), &[]);
    let failed = |report: &mut StatusReport| {
        set_status(report, |status| {
            (status.failed_at, status.failure) = (Some(at("2026-03-04T11:59:57Z")), Some("503".to_owned()));
        });
    };
    check(failed, &[]);
}

#[test]
fn what_a_person_has_to_mend_is_said_first() {
    check(|report| end(report, None, None), &["process 4711 was killed, or the machine went down"]);
    check(|report| end(report, Some(NOW), Some("no\nhint: y")), &["the last run failed: no"]);
    check(|report| report.outputs[0].trouble = Some(trouble("403", true)), &["output `siem`: 403"]);
    check(
        |report| report.sources[0].place.trouble = Some("1 file in trouble".to_owned()),
        &["source `contoso`: 1 file in trouble"],
    );
    check(
        |report| set_status(report, |status| status.covered_until = Some(at("2026-03-05T00:00:00Z"))),
        &["source `contoso`: covered up to 2026-03-05T00:00:00Z, which is in the future"],
    );
    check(
        |report| set_status(report, |status| status.gaps[0].end = at("2026-03-01T00:00:00Z")),
        &["source `contoso`: 1 gap of the last 10 days"],
    );
    check(
        |report| {
            report.sources[0].state = Some(State::NeedsAttention);
            set_status(report, |status| {
                (status.failed_at, status.failure) = (Some(at(NOW)), Some("wrong secret".to_owned()));
            });
        },
        &["source `contoso`: wrong secret"],
    );
}

#[test]
fn a_process_of_a_cluster_says_what_it_has_and_what_is_elsewhere() {
    let with = |partitions, elsewhere| {
        let cluster = Some(ClusterReport { group: "exotrace".to_owned(), partitions, elsewhere });
        text(StatusReport { cluster, ..report(None) })
    };
    let some = with(vec![0, 1, 2, 5], 299);
    assert!(some.contains("\ncluster: group `exotrace`, partitions 0-2, 5, 1 source of 300\n"), "{some}");
    assert!(some.contains("`exotrace cluster status` shows who collects the others"), "{some}");
    let all = with(vec![3], 0);
    assert!(all.contains("partition 3, 1 source of 1\n") && !all.contains("the others"), "{all}");
    assert!(with(Vec::new(), 7).contains("no partition, "));
}
