//! Gathers all that the status page shows.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tracing::debug;

use super::{
    memory::PageMemory,
    question::{Detail, StatusQuestion},
    report::{
        BackfillReport, ClusterSection, DeadLetterReport, EventReport, FileReport, InUseReport, LateReport,
        MappingReport, OutputSection, PageReport, PartReport, ReadingReport, ReasonReport, RequestReport,
        SourceSection, SpanReport,
    },
    trouble,
};
use crate::{
    app::{
        ledgers::Ledgers,
        settings::{OutputConfig, SourceConfig},
    },
    deployment::{Deployment, Event, MappingInUse},
    ledger::{BACKFILL, HistoryBucket, HistoryCounts, LastRun, LedgerError, SourceStatus, Trouble},
    observe::{
        health::{Condition, Part, State},
        metrics::metrics,
    },
    pages::watched_run::WatchedRun,
    pipeline::dead_letter::Reason,
    support::error_text::chain,
};

/// The most gaps of a source that are listed; all are counted.
const MAX_GAPS: usize = 100;

/// The most files in trouble of a source that are listed.
const MAX_FILES: usize = 100;

/// The answer to a question: what is known now, or was a moment ago.
pub(super) fn report(watched: &WatchedRun, memory: &mut PageMemory, question: &StatusQuestion) -> Arc<PageReport> {
    if let Some(report) = memory.report(question) {
        return report;
    }
    let now = Utc::now();
    let report = Arc::new(Gathering { watched, question, now, parts: watched.health.conditions() }.report(memory));
    memory.keep(question, &report);
    report
}

/// What all of it is gathered with.
struct Gathering<'g> {
    watched: &'g WatchedRun,
    question: &'g StatusQuestion,
    now: DateTime<Utc>,
    parts: Vec<Condition>,
}

impl Gathering<'_> {
    fn report(&self, memory: &mut PageMemory) -> PageReport {
        let (watched, span) = (self.watched, self.question.span);
        let dead_letters = self.dead_letters(memory);
        let mut is_ledger_readable = true;
        let mut unreadable = |error: LedgerError| {
            is_ledger_readable = false;
            debug!(error = chain(&error), "the status page is without the ledger");
        };
        let held = watched.questions.partitions();
        let ledgers = memory.ledgers(&watched.config, held.as_deref().unwrap_or_default());
        let ledgers = ledgers.map_err(&mut unreadable).ok();
        let mut history = BTreeMap::new();
        let mut sources = Vec::new();
        for config in watched.config.sources.iter().filter(|config| held.is_none() || self.is_here(config)) {
            let mut source = self.source(config);
            if let Err(error) =
                ledgers.map_or(Ok(()), |ledgers| self.add_ledger(config, ledgers, &mut source, &mut history))
            {
                unreadable(error);
            }
            sources.push(source);
        }
        let outputs = watched.config.outputs.iter().map(|output| {
            let trouble = ledgers.map_or(Ok(None), |ledgers| ledgers.output_trouble(&output.name));
            self.output(output, trouble.ok().flatten())
        });
        let outputs = outputs.collect();
        let run = ledgers.and_then(Ledgers::own).and_then(|ledger| ledger.last_run().ok().flatten());
        let mut report = PageReport {
            at: self.now,
            version: env!("CARGO_PKG_VERSION"),
            state: self.parts.iter().map(|part| part.state).max().unwrap_or(State::Starting),
            run: run.map(|run| LastRun { failure: self.told(run.failure.clone()), ..run }),
            has_reasons: self.question.detail == Detail::Reasons,
            is_ledger_readable,
            trouble: Vec::new(),
            parts: self.only_parts(),
            cluster: self.cluster(held, sources.len()),
            span: SpanReport {
                name: span,
                from: span.start(self.now),
                to: self.now,
                step_seconds: span.step().num_seconds(),
            },
            sources,
            history: history.into_iter().map(|(at, counts)| HistoryBucket { at, counts }).collect(),
            outputs,
            dead_letters,
            mapping: self.mapping(&watched.deployment),
        };
        report.trouble = trouble::of(&report);
        report
    }

    fn cluster(&self, held: Option<Vec<i32>>, here: usize) -> Option<ClusterSection> {
        let config = &self.watched.config;
        let group = config.cluster.as_ref()?.group.clone();
        let sources_elsewhere = config.sources.len().saturating_sub(here);
        Some(ClusterSection { group, partitions: held.unwrap_or_default(), sources_elsewhere })
    }

    /// Whether this process of a cluster collects a source.
    fn is_here(&self, config: &SourceConfig) -> bool {
        self.part(Part::Source, config.name()).is_some()
    }

    /// A text of a service, an output or a mapping, where it may be told.
    fn told(&self, reason: Option<String>) -> Option<String> {
        reason.filter(|_| self.question.detail == Detail::Reasons)
    }

    fn part(&self, part: Part, name: &str) -> Option<&Condition> {
        self.parts.iter().find(|it| it.part == part && it.name == name)
    }

    /// The parts that there is one of each.
    fn only_parts(&self) -> Vec<PartReport> {
        let only = self.parts.iter().filter(|it| !matches!(it.part, Part::Source | Part::Output));
        only.map(|Condition { part, state, since, reason, .. }| PartReport {
            part: *part,
            state: *state,
            since: *since,
            reason: self.told(reason.clone()),
        })
        .collect()
    }

    /// What is known of a source without the ledger.
    fn source(&self, config: &SourceConfig) -> SourceSection {
        let part = self.part(Part::Source, config.name());
        let newest = metrics().newest_record(config.name());
        SourceSection {
            name: config.name().to_owned(),
            r#type: config.kind(),
            state: part.map(|part| part.state),
            since: part.map(|part| part.since),
            reason: self.told(part.and_then(|part| part.reason.clone())),
            has_coverage: config.settings.queryable().is_some(),
            covered_from: None,
            covered_until: None,
            reading: None,
            gaps: Vec::new(),
            gap_count: 0,
            rows: 0,
            changed: 0,
            late: 0,
            polled_at: None,
            failed_at: None,
            token_until: None,
            lag_seconds: newest.map(|newest| (self.now.timestamp() - newest).max(0)),
            requests: None,
            backfill: None,
            files_in_trouble: Vec::new(),
            delivered: HistoryCounts::default(),
            late_rows: Vec::new(),
        }
    }

    /// Adds what the ledger knows of a source.
    fn add_ledger(
        &self,
        config: &SourceConfig,
        ledgers: &Ledgers,
        report: &mut SourceSection,
        history: &mut BTreeMap<DateTime<Utc>, HistoryCounts>,
    ) -> Result<(), LedgerError> {
        let name = config.settings.ledger_name();
        let Some(ledger) = ledgers.of_source(&name)? else { return Ok(()) };
        if let Some(budget) = config.settings.budget() {
            let sent = ledger.requests(&budget.ledger_name, self.now, budget.window)?.count;
            let window_seconds = budget.window.as_secs();
            report.requests = Some(RequestReport { sent, budget: budget.requests, window_seconds });
        }
        let reading = ledger.progress(&name)?.in_progress;
        report.reading =
            reading.map(|it| ReadingReport { start: it.window.start, end: it.window.end, reached: it.reached });
        let backfill = ledger.past(BACKFILL)?.filter(|backfill| backfill.source == name);
        report.backfill = backfill.map(|it| BackfillReport { from: it.from, to: it.to, fraction: it.fraction() });
        report.files_in_trouble = self.files(ledger.file_troubles(&name)?);
        for HistoryBucket { at, counts } in
            ledger.history(&name, self.question.span.start(self.now), self.question.span.step())?
        {
            report.delivered += counts;
            if counts.late > 0 {
                report.late_rows.push(LateReport { at, rows: counts.late });
            }
            if self.question.source.as_ref().is_none_or(|wanted| wanted == config.name()) {
                *history.entry(at).or_default() += counts;
            }
        }
        let Some(status) = ledger.status(&name)? else { return Ok(()) };
        add_status(report, status);
        Ok(())
    }

    fn files(&self, troubles: Vec<Trouble>) -> Vec<FileReport> {
        let told = |Trouble { item, reason, since, needs_person }| FileReport {
            path: self.told(Some(item)),
            reason: self.told(Some(reason)),
            since,
            needs_person,
        };
        troubles.into_iter().take(MAX_FILES).map(told).collect()
    }

    fn output(&self, config: &OutputConfig, trouble: Option<Trouble>) -> OutputSection {
        let (part, counts) = (self.part(Part::Output, &config.name), metrics().output(&config.name));
        let reason = part.and_then(|part| part.reason.clone()).or(trouble.as_ref().map(|it| it.reason.clone()));
        OutputSection {
            name: config.name.clone(),
            r#type: config.settings.kind(),
            state: part.map(|part| part.state),
            since: part.map(|part| part.since),
            waits_since: trouble.as_ref().map(|it| it.since),
            needs_person: trouble.is_some_and(|it| it.needs_person),
            reason: self.told(reason),
            delivered: counts.documents_delivered.get(),
            duplicates: counts.documents_duplicate.get(),
            rejected: counts.documents_rejected.get(),
            retries: counts.retries.get(),
        }
    }

    fn dead_letters(&self, memory: &mut PageMemory) -> DeadLetterReport {
        let mut reasons = Vec::new();
        for file in self.watched.dead_letters() {
            // A disk that does not answer is seen elsewhere.
            if let Some(overview) = memory.letters(&file).ok().flatten() {
                reasons.extend(overview.reasons.iter().map(|it| self.reason(it)));
            }
        }
        DeadLetterReport { count: self.watched.count_letters().ok(), reasons }
    }

    fn reason(&self, reason: &Reason) -> ReasonReport {
        ReasonReport {
            letters: reason.letters,
            stage: reason.stage,
            output: reason.output.clone(),
            source: reason.source.clone(),
            mapping: reason.mapping.clone(),
            first: reason.first,
            last: reason.last,
            reason: self.told(Some(reason.reason.clone())),
        }
    }

    fn mapping(&self, deployment: &Deployment) -> MappingReport {
        let mut status = json!(deployment.status());
        if self.question.detail == Detail::States
            && let Some(refused) = status.get_mut("last_refused").and_then(Value::as_object_mut)
        {
            refused.retain(|key, _| key == "mapping" || key == "digest");
        }
        let event = |Event { time, event, mapping, digest, by, reason }| EventReport {
            time,
            event: json!(event),
            mapping,
            digest,
            by: self.told(Some(by)),
            reason: self.told(reason),
        };
        let history = deployment.history().into_iter().rev().map(event).collect();
        MappingReport { status, in_use: in_use(deployment), history }
    }
}

fn add_status(report: &mut SourceSection, status: SourceStatus) {
    (report.covered_from, report.covered_until) = (status.covered_from, status.covered_until);
    (report.rows, report.changed, report.late) = (status.rows, status.changed, status.late);
    (report.polled_at, report.failed_at) = (status.polled_at, status.failed_at);
    report.token_until = status.token_until;
    report.gap_count = status.gaps.len();
    report.gaps = status.gaps.into_iter().rev().take(MAX_GAPS).collect();
}

/// What maps, of all sources together.
fn in_use(deployment: &Deployment) -> Vec<InUseReport> {
    let mut all: Vec<InUseReport> = Vec::new();
    for MappingInUse { role, version, digest, memory_bytes, instances } in deployment.in_use() {
        match all.iter_mut().find(|it| it.role == role && it.digest == digest) {
            Some(known) => {
                known.instances += instances;
                known.memory_bytes += memory_bytes;
            }
            None => all.push(InUseReport { role, mapping: version, digest, instances, memory_bytes }),
        }
    }
    all
}
