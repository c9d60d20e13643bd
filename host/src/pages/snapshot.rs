//! What is looked up when somebody asks: the ledger, the mappings in use, the health of the parts.

use std::{fmt, sync::atomic::AtomicU64};

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::prometheus_text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Metric, Registry},
};
use tracing::debug;

use super::watched_run::WatchedRun;
use crate::{
    app::{ledgers::Ledgers, settings::SourceConfig},
    deployment::MappingInUse,
    ledger::{BACKFILL, LedgerError, SourceStatus},
    observe::{
        health::State,
        metrics::{Label, PREFIX, add, metrics},
        process,
    },
    support::error_text::chain,
};

/// Everything that is known now, as Prometheus reads it.
pub(super) fn text(watched: &WatchedRun, ledgers: Option<&mut Option<Ledgers>>) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, &metrics().registry)?;
    encode(&mut text, &process::registry())?;
    encode(&mut text, &Snapshot::new(watched, ledgers, Utc::now()).registry)?;
    Ok(text)
}

type Gauges<const N: usize> = Family<[Label; N], Gauge<u64, AtomicU64>>;
type Times<const N: usize> = Family<[Label; N], Gauge>;

struct Snapshot {
    registry: Registry,
}

impl Snapshot {
    fn new(watched: &WatchedRun, ledgers: Option<&mut Option<Ledgers>>, now: DateTime<Utc>) -> Self {
        let mut this = Self { registry: Registry::with_prefix(PREFIX) };
        let build: Gauges<1> = this.show("build_info", "Always 1; the version is in the label");
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        this.add_health(watched);
        this.add_mappings(watched);
        this.add_sources(watched, ledgers, now);
        this
    }

    fn add_health(&mut self, watched: &WatchedRun) {
        let states: Gauges<3> = self.show("health", "1 for the state that a part is in, 0 for all others");
        for condition in watched.health.conditions() {
            for state in State::ALL {
                let labels = [
                    ("part", condition.part.as_str().to_owned()),
                    ("name", condition.name.clone()),
                    ("state", state.as_str().to_owned()),
                ];
                states.get_or_create(&labels).set((state == condition.state).into());
            }
        }
    }

    fn add_mappings(&mut self, watched: &WatchedRun) {
        let info: Gauges<3> = self.show("mapping_info", "Always 1; what maps, and what is kept or tried beside it");
        let memory: Gauges<3> = self.show("mapping_memory_bytes", "Memory of the instances of a mapping");
        let instances: Gauges<3> = self.show("mapping_instances", "Instances of a mapping");
        for MappingInUse { role, version, digest, memory_bytes, instances: count } in watched.deployment.in_use() {
            let labels = [("mapping", version), ("digest", digest), ("role", role.to_owned())];
            info.get_or_create(&labels).set(1);
            memory.get_or_create(&labels).inc_by(memory_bytes);
            instances.get_or_create(&labels).inc_by(count);
        }
        let pinned: Gauges<0> = self.show("mapping_pinned", "1 when the mapping is pinned");
        pinned.get_or_create(&[]).set(watched.deployment.is_pinned().into());
        let changes: Family<[Label; 1], Counter> = self.show(
            "mapping_changes",
            "How often the mapping was replaced, a candidate refused, or a mapping taken back",
        );
        for (change, count) in watched.deployment.changes() {
            changes.get_or_create(&[("change", change.to_owned())]).inc_by(count);
        }
    }

    /// Without a ledger what only that knows is left out, and that it is.
    fn add_sources(&mut self, watched: &WatchedRun, ledgers: Option<&mut Option<Ledgers>>, now: DateTime<Utc>) {
        let sources = OfSources {
            lag: self.show("lag_seconds", "How long ago the newest record was received that is delivered"),
            covered: self
                .show("covered_until_timestamp_seconds", "Up to when everything was read, in seconds since 1970"),
            polled: self.show(
                "last_page_timestamp_seconds",
                "When a page, empty or not, or a part of a file was done last, in seconds since 1970",
            ),
            token: self.show("token_expiry_timestamp_seconds", "When the access token ends, in seconds since 1970"),
            gaps: self.show("gaps", "Times of receipt of which records may be missing"),
            budget: self.show("request_budget", "Requests that a tenant may be sent in five minutes"),
            budget_left: self.show("request_budget_left", "Requests that are left of it"),
            backfill: self.show("backfill_ratio", "How much of a backfill is read, from 0 to 1; 1 without one"),
        };
        let readable: Gauges<0> = self.show("ledger_readable", "1 when the ledger could be read for what it knows");
        let mut is_readable = ledgers.is_some();
        let held = watched.questions.partitions().unwrap_or_default();
        let ledgers = ledgers.map(|ledgers| Ledgers::beside(ledgers, &watched.config, &held));
        let ledgers = ledgers.transpose().unwrap_or_else(|error| {
            is_readable = false;
            debug!(error = chain(&error), "metrics are without the ledger");
            None
        });
        for source in &watched.config.sources {
            let label = [("source", source.name().to_owned())];
            sources.add_lag(&label, now);
            let read = ledgers.map_or(Ok(()), |ledgers| sources.add(&label, source, ledgers, now));
            if let Err(error) = read {
                is_readable = false;
                debug!(error = chain(&error), "metrics are without the ledger");
            }
        }
        readable.get_or_create(&[]).set(is_readable.into());
    }

    fn show<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        add(&mut self.registry, name, help)
    }
}

/// What is known of sources.
struct OfSources {
    lag: Gauges<1>,
    covered: Times<1>,
    polled: Times<1>,
    token: Times<1>,
    gaps: Gauges<1>,
    budget: Gauges<1>,
    budget_left: Gauges<1>,
    backfill: Family<[Label; 1], Gauge<f64, AtomicU64>>,
}

impl OfSources {
    /// Nothing is said before the first delivery of this process.
    fn add_lag(&self, label: &[Label; 1], now: DateTime<Utc>) {
        if let Some(newest) = metrics().newest_record(&label[0].1) {
            self.lag.get_or_create(label).set(u64::try_from(now.timestamp() - newest).unwrap_or_default());
        }
    }

    fn add(
        &self,
        label: &[Label; 1],
        source: &SourceConfig,
        ledgers: &Ledgers,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let name = source.settings.ledger_name();
        // Nothing is known of a source that another process collects.
        let Some(ledger) = ledgers.of_source(&name)? else { return Ok(()) };
        if let Some(budget) = source.settings.budget() {
            let sent = ledger.requests(&budget.ledger_name, now, budget.window)?.count;
            self.budget.get_or_create(label).set(budget.requests.into());
            self.budget_left.get_or_create(label).set(budget.requests.saturating_sub(sent).into());
        }
        if source.settings.queryable().is_some() {
            let backfill = ledger.past(BACKFILL)?.filter(|backfill| backfill.source == name);
            self.backfill.get_or_create(label).set(backfill.map_or(1.0, |backfill| backfill.fraction()));
        }
        let Some(SourceStatus { covered_until, polled_at, token_until, gaps, .. }) = ledger.status(&name)? else {
            return Ok(());
        };
        for (times, time) in [(&self.covered, covered_until), (&self.polled, polled_at), (&self.token, token_until)] {
            if let Some(time) = time {
                times.get_or_create(label).set(time.timestamp());
            }
        }
        self.gaps.get_or_create(label).set(gaps.len() as u64);
        Ok(())
    }
}
