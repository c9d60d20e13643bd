use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    html::escape,
    report::{
        BackfillReport, ClusterSection, DeadLetterReport, EventReport, FileReport, InUseReport, LateReport,
        MappingReport, OutputSection, PageReport, PartReport, ReadingReport, ReasonReport, RequestReport,
        SourceSection, SpanReport,
    },
    span::Span,
    tables, trouble,
};
use crate::{
    ledger::{Gap, HistoryBucket, HistoryCounts, LastRun},
    observe::health::{Part, State},
    pipeline::dead_letter::{DeadLetterCount, Stage},
};

/// What foreign text may be at worst.
const FOREIGN: &str = "<img src=x onerror=\"alert(1)\">\u{202e}&";

const DOCUMENTATION: &str = include_str!("../../../docs/status-page.md");

fn at(hours: i64) -> DateTime<Utc> {
    "2026-03-04T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn foreign() -> String {
    FOREIGN.to_owned()
}

fn counts() -> HistoryCounts {
    let lag = Some(TimeDelta::minutes(2));
    HistoryCounts { rows: 9, documents: 7, failed: 1, dropped: 1, rejected: 1, changed: 2, late: 3, lag }
}

fn source() -> SourceSection {
    SourceSection {
        name: foreign(),
        r#type: "graph",
        state: Some(State::NeedsAttention),
        since: Some(at(-1)),
        reason: Some(foreign()),
        has_coverage: true,
        covered_from: Some(at(-240)),
        covered_until: Some(at(-1)),
        reading: Some(ReadingReport { start: at(-1), end: at(0), reached: Some(at(0)) }),
        gaps: vec![Gap { start: at(-5), end: at(-4), reason: foreign() }],
        gap_count: 1,
        rows: 9,
        changed: 2,
        late: 3,
        polled_at: Some(at(0)),
        failed_at: Some(at(0)),
        token_until: Some(at(1)),
        lag_seconds: Some(120),
        requests: Some(RequestReport { sent: 1, budget: 2, window_seconds: 300 }),
        backfill: Some(BackfillReport { from: at(-9), to: at(-8), fraction: 0.5 }),
        files_in_trouble: vec![FileReport {
            path: Some(foreign()),
            reason: Some(foreign()),
            since: at(-1),
            needs_person: true,
        }],
        delivered: counts(),
        late_rows: vec![LateReport { at: at(-2), rows: 3 }],
    }
}

fn mapping() -> MappingReport {
    let field = json!({ "added": 1, "removed": 0, "changed": 0, "examples": [{ "before": null, "after": FOREIGN }] });
    let digest = "ab".repeat(32);
    MappingReport {
        status: json!({ "trial": { "differences": { "fields": { FOREIGN: field } } } }),
        in_use: vec![InUseReport {
            role: "current",
            mapping: foreign(),
            digest: digest.clone(),
            instances: 1,
            memory_bytes: 2,
        }],
        history: vec![EventReport {
            time: at(-1),
            event: json!("trial_began"),
            mapping: foreign(),
            digest,
            by: Some(foreign()),
            reason: Some(foreign()),
        }],
    }
}

/// A report in which everything is there that can be.
fn report() -> PageReport {
    let run = LastRun { pid: 1, version: "1".to_owned(), began_at: at(-5), ended_at: None, failure: None };
    let count = Some(DeadLetterCount { waiting: 12, is_complete: true });
    let reasons = vec![ReasonReport {
        letters: 12,
        stage: Stage::Output,
        output: Some(foreign()),
        source: foreign(),
        mapping: foreign(),
        first: at(-2),
        last: at(-1),
        reason: Some(foreign()),
    }];
    PageReport {
        at: at(0),
        version: "1",
        state: State::NeedsAttention,
        run: Some(run),
        has_reasons: true,
        is_ledger_readable: true,
        trouble: vec![foreign()],
        cluster: Some(ClusterSection { group: foreign(), partitions: vec![3], sources_elsewhere: 7 }),
        parts: vec![PartReport { part: Part::Ledger, state: State::Working, since: at(-5), reason: Some(foreign()) }],
        span: SpanReport { name: Span::Day, from: at(-24), to: at(0), step_seconds: 300 },
        sources: vec![source()],
        history: vec![HistoryBucket { at: at(-1), counts: counts() }],
        outputs: vec![OutputSection {
            name: foreign(),
            r#type: "http",
            state: Some(State::Retrying),
            since: Some(at(-1)),
            waits_since: Some(at(-1)),
            needs_person: false,
            reason: Some(foreign()),
            delivered: 1,
            duplicates: 2,
            rejected: 3,
            retries: 4,
        }],
        dead_letters: DeadLetterReport { count, reasons },
        mapping: mapping(),
    }
}

/// The keys of a value, as the documentation has them: `sources[].name`.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        // It is documented with its command.
        Value::Object(_) if path == "mapping.status" => drop(found.insert(path.to_owned())),
        Value::Object(members) => {
            for (name, value) in members {
                keys(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            elements.iter().for_each(|element| keys(element, &format!("{path}[]"), found));
        }
        _ => drop(found.insert(path.to_owned())),
    }
}

#[test]
fn the_documentation_has_every_key_and_no_other() {
    let mut served = BTreeSet::new();
    keys(&serde_json::to_value(report()).unwrap(), "", &mut served);
    let (_, table) = DOCUMENTATION.split_once("| key | meaning |\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|')).skip(1);
    let keys_of_row =
        |row: &str| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let documented: BTreeSet<String> = rows.flat_map(|row| -> Vec<String> { keys_of_row(row) }).collect();
    let difference: Vec<_> = served.symmetric_difference(&documented).collect();
    assert!(difference.is_empty(), "in one of both alone: {difference:#?}");
}

#[test]
fn tables_show_everything_and_foreign_text_as_text() {
    let mut written = String::new();
    tables::all(&report(), &mut written);
    assert!(!written.contains("<img") && !written.contains('\u{202e}'), "{written}");
    // Of source, gap, file, output, dead letter, part, mapping, trial and event.
    let count = written.matches(&escape(FOREIGN)).count();
    assert!(count >= 18, "{count} in {written}");
    for part in
        ["coverage", "gaps", "sources", "history", "outputs", "parts", "dead-letters", "files", "mapping", "trial"]
    {
        assert!(written.contains(&format!("<section id=\"{part}\"")), "{part}");
    }
    assert!(written.contains("2026-03-04T11:00:00Z"), "{written}");
}

#[test]
fn a_person_is_told_what_to_do() {
    let named = |report: &mut PageReport| {
        report.sources[0].name = "graph".to_owned();
        report.outputs[0].name = "siem".to_owned();
        trouble::of(report)
    };
    let expected = [
        "source `graph` needs attention",
        "source `graph`: 1 file in trouble",
        "source `graph`: 1 gap in the last 10 days",
        "12 dead letters wait to replay",
    ];
    assert_eq!(named(&mut report()), expected);
    let mut well = report();
    well.sources.clear();
    well.dead_letters.count = None;
    assert_eq!(trouble::of(&well), [""; 0]);
    well.is_ledger_readable = false;
    well.outputs[0].state = Some(State::Stalled);
    well.outputs[0].name = "siem".to_owned();
    let expected = ["output `siem` waits for a disk that does not answer", "the ledger could not be read"];
    assert_eq!(trouble::of(&well), expected);
}
