//! What a process has done, counted for Prometheus.
//!
//! Names, meanings and buckets stand here and nowhere else. Labels come from closed sets: names of sources and outputs
//! in the settings, versions of mappings, and words of ours; never an address or a message.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::mapper::{DropReason, MappedBatch, Outcome, StopKind};

/// What every name begins with.
pub(crate) const PREFIX: &str = "exotrace";

/// A label and its value.
pub(crate) type Label = (&'static str, String);

type Counters<const N: usize> = Family<[Label; N], Counter>;
type Histograms<const N: usize> = Family<[Label; N], Histogram, fn() -> Histogram>;

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Everything that is counted.
pub(crate) fn metrics() -> &'static Metrics {
    &METRICS
}

/// Everything that is counted.
pub(crate) struct Metrics {
    /// What to show.
    pub(crate) registry: Registry,
    pages_read: Counters<1>,
    records_read: Counters<1>,
    records_repeated: Counters<1>,
    records_changed: Counters<1>,
    records_late: Counters<1>,
    source_retries: Counters<1>,
    files_unread: Counters<1>,
    request_seconds: Histograms<1>,
    newest_record: Family<[Label; 1], Gauge>,
    records_mapped: Counters<2>,
    records_failed: Counters<2>,
    records_dropped: Counters<3>,
    records_rejected: Counters<2>,
    mapping_stops: Counters<2>,
    map_batch_seconds: Histograms<2>,
    documents_delivered: Counters<1>,
    documents_duplicate: Counters<1>,
    documents_rejected: Counters<1>,
    output_retries: Counters<1>,
    deliver_batch_seconds: Histograms<1>,
    /// Records and documents that went to the dead letter.
    pub(crate) dead_letters: Counter,
}

/// What is counted of one source.
#[derive(Clone)]
pub(crate) struct OfSource {
    pub(crate) pages_read: Counter,
    pub(crate) records_read: Counter,
    pub(crate) records_repeated: Counter,
    pub(crate) records_changed: Counter,
    pub(crate) records_late: Counter,
    pub(crate) retries: Counter,
    pub(crate) files_unread: Counter,
    pub(crate) request_seconds: Histogram,
    /// When the newest record was received that every output has accepted, in seconds since 1970; 0: none so far.
    pub(crate) newest_record: Gauge,
}

/// What is counted of one output.
#[derive(Clone)]
pub(crate) struct OfOutput {
    pub(crate) documents_delivered: Counter,
    pub(crate) documents_duplicate: Counter,
    pub(crate) documents_rejected: Counter,
    pub(crate) retries: Counter,
    pub(crate) deliver_batch_seconds: Histogram,
}

/// What a mapping was for that has mapped a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its documents are delivered.
    Current,
    /// It is on trial, and its documents are delivered.
    Canary,
    /// Its documents are only compared with those of another one.
    Compared,
}

impl OfSource {
    /// Every output has accepted records up to there.
    pub(crate) fn delivered_until(&self, newest: Option<DateTime<Utc>>) {
        if let Some(newest) = newest {
            self.newest_record.set(newest.timestamp().max(self.newest_record.get()));
        }
    }
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Canary => "canary",
            Self::Compared => "compared",
        }
    }
}

impl Metrics {
    fn new() -> Self {
        let mut made = Registry::with_prefix(PREFIX);
        let registry = &mut made;
        Self {
            pages_read: counters(registry, "pages_read", "Pages that a service has answered with"),
            records_read: counters(registry, "records_read", "Records read"),
            records_repeated: counters(registry, "records_repeated", "Records read that had been delivered before"),
            records_changed: counters(registry, "records_changed", "Records delivered again because they have changed"),
            records_late: counters(registry, "records_late", "Records that were new in a time that had been covered"),
            source_retries: counters(registry, "source_retries", "How often a source failed and is asked again"),
            files_unread: counters(registry, "files_unread", "How often a file, or a part, could not be read"),
            request_seconds: histograms(registry, "request", "How long the service took for a page", of_requests),
            newest_record: {
                let gauges = Family::default();
                let help = "When the newest record was received that is delivered, in seconds since 1970; 0: none yet";
                registry.register("newest_record_timestamp_seconds", help, gauges.clone());
                gauges
            },
            records_mapped: counters(registry, "records_mapped", "Records that became a document, in part or in full"),
            records_failed: counters(registry, "records_failed", "Records among the mapped that say what is wrong"),
            records_dropped: counters(registry, "records_dropped", "Records dropped on purpose"),
            records_rejected: counters(registry, "records_rejected", "Records at which the mapping stopped every time"),
            mapping_stops: counters(registry, "mapping_stops", "How often a mapping trapped or met a limit"),
            map_batch_seconds: histograms(registry, "map_batch", "How long a batch took to be mapped", of_batches),
            documents_delivered: counters(registry, "documents_delivered", "Documents that an output has accepted"),
            documents_duplicate: counters(registry, "documents_duplicate", "Documents that an output had already"),
            documents_rejected: counters(registry, "documents_rejected", "Documents that an output will never take"),
            output_retries: counters(registry, "output_retries", "How often an output failed and is asked again"),
            deliver_batch_seconds: histograms(
                registry,
                "deliver_batch",
                "How long an output took to accept a batch",
                of_requests,
            ),
            dead_letters: {
                let counter = Counter::default();
                registry.register("dead_letters", "Records and documents in the dead letter", counter.clone());
                counter
            },
            registry: made,
        }
    }

    /// What is counted of the source with this name.
    pub(crate) fn source(&self, name: &str) -> OfSource {
        let label = [("source", name.to_owned())];
        OfSource {
            pages_read: self.pages_read.get_or_create_owned(&label),
            records_read: self.records_read.get_or_create_owned(&label),
            records_repeated: self.records_repeated.get_or_create_owned(&label),
            records_changed: self.records_changed.get_or_create_owned(&label),
            records_late: self.records_late.get_or_create_owned(&label),
            retries: self.source_retries.get_or_create_owned(&label),
            files_unread: self.files_unread.get_or_create_owned(&label),
            request_seconds: self.request_seconds.get_or_create_owned(&label),
            newest_record: self.newest_record.get_or_create_owned(&label),
        }
    }

    /// What is counted of the output with this name.
    pub(crate) fn output(&self, name: &str) -> OfOutput {
        let label = [("output", name.to_owned())];
        OfOutput {
            documents_delivered: self.documents_delivered.get_or_create_owned(&label),
            documents_duplicate: self.documents_duplicate.get_or_create_owned(&label),
            documents_rejected: self.documents_rejected.get_or_create_owned(&label),
            retries: self.output_retries.get_or_create_owned(&label),
            deliver_batch_seconds: self.deliver_batch_seconds.get_or_create_owned(&label),
        }
    }

    /// A mapping has mapped a batch, or some of one.
    pub(crate) fn mapped(&self, role: Role, batch: &MappedBatch, took: Duration) {
        // None has mapped nothing, and there is never more than one.
        let Some((mapping, _)) = batch.mapped_by.first() else { return };
        let (mut mapped, mut failed, mut rejected) = (0, 0, 0);
        let (mut empty, mut status) = (0, 0);
        for outcome in &batch.outcomes {
            match outcome {
                Outcome::Mapped { .. } => mapped += 1,
                Outcome::Failed { .. } => failed += 1,
                Outcome::Rejected(_) => rejected += 1,
                Outcome::Dropped(DropReason::EmptyPage) => empty += 1,
                Outcome::Dropped(DropReason::Status) => status += 1,
            }
        }
        let labels = [("mapping", mapping.version.clone()), ("role", role.as_str().to_owned())];
        self.records_mapped.get_or_create(&labels).inc_by(mapped + failed);
        self.records_failed.get_or_create(&labels).inc_by(failed);
        self.records_rejected.get_or_create(&labels).inc_by(rejected);
        self.map_batch_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        let [mapping, role] = labels;
        for (reason, count) in [("empty_page", empty), ("status", status)] {
            let labels = [mapping.clone(), role.clone(), ("reason", reason.to_owned())];
            self.records_dropped.get_or_create(&labels).inc_by(count);
        }
    }

    /// A mapping of that version trapped or met a limit.
    pub(crate) fn stopped(&self, version: &str, kind: StopKind) {
        let labels = [("mapping", version.to_owned()), ("kind", kind.as_str().to_owned())];
        self.mapping_stops.get_or_create(&labels).inc();
    }
}

fn counters<const N: usize>(registry: &mut Registry, name: &str, help: &str) -> Counters<N> {
    let counters = Counters::default();
    registry.register(name, help, counters.clone());
    counters
}

fn histograms<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    new: fn() -> Histogram,
) -> Histograms<N> {
    let histograms = Histograms::new_with_constructor(new);
    registry.register_with_unit(name, help, Unit::Seconds, histograms.clone());
    histograms
}

/// From a quick answer of a neighbour to what is given up after: requests may take a minute, and be many.
fn of_requests() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0])
}

/// A thousand records take a few milliseconds; `mapping.max_batch_time` is ten seconds.
fn of_batches() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 40.0])
}
