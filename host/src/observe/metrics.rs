//! What a process has done, counted for Prometheus.
//!
//! Names, meanings and buckets stand here and nowhere else. Labels come from closed sets: names of sources and outputs
//! in the settings, versions of mappings, and words of ours; never an address or a message.

use std::{
    collections::BTreeSet,
    sync::{LazyLock, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{
    buckets::{of_batches, of_lateness, of_requests},
    cluster_metrics::ClusterMetrics,
};

pub(crate) use super::label::{Label, add};

/// What every name begins with.
pub(crate) const PREFIX: &str = "exotrace";

type Counters<const N: usize> = Family<[Label; N], Counter>;
/// A counter of time.
type Seconds = Counter<f64, AtomicU64>;
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
    records_skipped: Counters<1>,
    records_misdated: Counters<1>,
    details_read: Counters<1>,
    details_missing: Counters<1>,
    messages_missed: Counters<1>,
    coverage_taken_back: Counters<1>,
    source_retries: Counters<1>,
    budget_wait_seconds: Family<[Label; 1], Seconds>,
    files_unread: Counters<1>,
    archived_records: Counters<1>,
    archived_bytes: Counters<1>,
    request_seconds: Histograms<1>,
    lateness_seconds: Histograms<1>,
    look_back_seconds: Family<[Label; 1], Gauge>,
    newest_record: Family<[Label; 1], Gauge>,
    lag_messages: Family<[Label; 1], Gauge>,
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
    /// What the process has of a cluster.
    pub(crate) cluster: ClusterMetrics,
    /// What there are series for.
    known: Mutex<BTreeSet<Label>>,
}

/// What is counted of one source.
#[derive(Clone)]
pub(crate) struct OfSource {
    pub(crate) pages_read: Counter,
    pub(crate) records_read: Counter,
    pub(crate) records_repeated: Counter,
    pub(crate) records_changed: Counter,
    pub(crate) records_late: Counter,
    pub(crate) records_skipped: Counter,
    pub(crate) records_misdated: Counter,
    pub(crate) details_read: Counter,
    pub(crate) details_missing: Counter,
    pub(crate) messages_missed: Counter,
    /// How often what was noted as covered lay in the future.
    pub(crate) coverage_taken_back: Counter,
    pub(crate) retries: Counter,
    /// How long requests waited for the request budget.
    pub(crate) budget_wait_seconds: Seconds,
    pub(crate) files_unread: Counter,
    /// Raw records that were kept, and their compressed length.
    pub(crate) archived_records: Counter,
    pub(crate) archived_bytes: Counter,
    pub(crate) request_seconds: Histogram,
    /// How late rows are that are delivered.
    pub(crate) lateness_seconds: Histogram,
    name: String,
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

/// What became of records.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mapped {
    /// Those with a document.
    pub(crate) mapped: u64,
    /// Those among them whose document says what is wrong.
    pub(crate) failed: u64,
    /// Those at which the mapping stopped every time.
    pub(crate) rejected: u64,
    /// Those that were the envelopes of empty pages.
    pub(crate) empty_pages: u64,
    /// Those that were dropped for their status.
    pub(crate) statuses: u64,
}

/// What a mapping was for that has mapped a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MappingRole {
    /// Its documents are delivered.
    Current,
    /// It is on trial, and its documents are delivered.
    Canary,
    /// Its documents are only compared with those of another one.
    Compared,
}

impl OfSource {
    /// So far back polls read again.
    pub(crate) fn look_back_seconds(&self, length: Duration) {
        let gauge = metrics().look_back_seconds.get_or_create_owned(&[("source", self.name.clone())]);
        gauge.set(i64::try_from(length.as_secs()).unwrap_or(i64::MAX));
    }

    /// The number of messages that are not delivered yet.
    pub(crate) fn lag(&self, messages: i64) {
        metrics().lag_messages.get_or_create_owned(&[("source", self.name.clone())]).set(messages);
    }

    /// Every output has accepted records up to there.
    pub(crate) fn delivered_until(&self, newest: Option<DateTime<Utc>>) {
        let Some(newest) = newest else { return };
        let gauge = metrics().newest_record.get_or_create_owned(&[("source", self.name.clone())]);
        // A date in the future says nothing of how far behind it is.
        gauge.set(newest.min(Utc::now()).timestamp().max(gauge.get()));
    }
}

impl MappingRole {
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
            pages_read: add(registry, "pages_read", "Pages that a service has answered with"),
            records_read: add(registry, "records_read", "Records read"),
            records_repeated: add(registry, "records_repeated", "Records read that had been delivered before"),
            records_changed: add(registry, "records_changed", "Records delivered again because they have changed"),
            records_late: add(registry, "records_late", "Records that were new in a time that had been covered"),
            records_skipped: add(
                registry,
                "records_skipped",
                "Records of other times than were asked for, left to their own windows",
            ),
            records_misdated: add(registry, "records_misdated", "Records delivered with an impossible date of receipt"),
            details_read: add(registry, "details_read", "Deliveries whose details were read"),
            details_missing: add(registry, "details_missing", "Deliveries whose details cannot be had"),
            messages_missed: add(registry, "messages_missed", "Messages that a topic deleted before they were read"),
            coverage_taken_back: add(
                registry,
                "coverage_taken_back",
                "How often what was noted as covered lay in the future and is read again",
            ),
            source_retries: add(registry, "source_retries", "How often a source failed and is asked again"),
            budget_wait_seconds: add(registry, "budget_wait_seconds", "How long requests waited for their budget"),
            cluster: ClusterMetrics::new(registry),
            files_unread: add(registry, "files_unread", "How often a file, or a part, could not be read"),
            archived_records: add(registry, "archived_records", "Raw records that were kept"),
            archived_bytes: add(registry, "archived_bytes", "Bytes that were written to the archive"),
            request_seconds: histograms(registry, "request", "How long the service took for a page", of_requests),
            lateness_seconds: histograms(registry, "record_lateness", "By how much records were late", of_lateness),
            look_back_seconds: add(registry, "look_back_seconds", "How far back polls read again"),
            newest_record: add(
                registry,
                "newest_record_timestamp_seconds",
                "When the newest record was received that is delivered, in seconds since 1970",
            ),
            lag_messages: add(registry, "lag_messages", "Messages that this process has not delivered yet"),
            records_mapped: add(registry, "records_mapped", "Records that became a document, in part or in full"),
            records_failed: add(registry, "records_failed", "Records among the mapped that say what is wrong"),
            records_dropped: add(registry, "records_dropped", "Records dropped on purpose"),
            records_rejected: add(registry, "records_rejected", "Records at which the mapping stopped every time"),
            mapping_stops: add(registry, "mapping_stops", "How often a mapping trapped or met a limit"),
            map_batch_seconds: histograms(registry, "map_batch", "How long a batch took to be mapped", of_batches),
            documents_delivered: add(registry, "documents_delivered", "Documents that an output has accepted"),
            documents_duplicate: add(registry, "documents_duplicate", "Documents that an output had already"),
            documents_rejected: add(registry, "documents_rejected", "Documents that an output will never take"),
            output_retries: add(registry, "output_retries", "How often an output failed and is asked again"),
            deliver_batch_seconds: histograms(
                registry,
                "deliver_batch",
                "How long an output took to accept a batch",
                of_requests,
            ),
            dead_letters: add(registry, "dead_letters", "Records and documents in the dead letter"),
            known: Mutex::default(),
            registry: made,
        }
    }

    /// What is counted of the source with this name.
    pub(crate) fn source(&self, name: &str) -> OfSource {
        let label = [("source", name.to_owned())];
        self.know(&label[0]);
        OfSource {
            pages_read: self.pages_read.get_or_create_owned(&label),
            records_read: self.records_read.get_or_create_owned(&label),
            records_repeated: self.records_repeated.get_or_create_owned(&label),
            records_changed: self.records_changed.get_or_create_owned(&label),
            records_late: self.records_late.get_or_create_owned(&label),
            records_skipped: self.records_skipped.get_or_create_owned(&label),
            records_misdated: self.records_misdated.get_or_create_owned(&label),
            details_read: self.details_read.get_or_create_owned(&label),
            details_missing: self.details_missing.get_or_create_owned(&label),
            messages_missed: self.messages_missed.get_or_create_owned(&label),
            coverage_taken_back: self.coverage_taken_back.get_or_create_owned(&label),
            retries: self.source_retries.get_or_create_owned(&label),
            budget_wait_seconds: self.budget_wait_seconds.get_or_create_owned(&label),
            files_unread: self.files_unread.get_or_create_owned(&label),
            archived_records: self.archived_records.get_or_create_owned(&label),
            archived_bytes: self.archived_bytes.get_or_create_owned(&label),
            request_seconds: self.request_seconds.get_or_create_owned(&label),
            lateness_seconds: self.lateness_seconds.get_or_create_owned(&label),
            name: name.to_owned(),
        }
    }

    /// What is counted of the output with this name.
    pub(crate) fn output(&self, name: &str) -> OfOutput {
        let label = [("output", name.to_owned())];
        self.know(&label[0]);
        OfOutput {
            documents_delivered: self.documents_delivered.get_or_create_owned(&label),
            documents_duplicate: self.documents_duplicate.get_or_create_owned(&label),
            documents_rejected: self.documents_rejected.get_or_create_owned(&label),
            retries: self.output_retries.get_or_create_owned(&label),
            deliver_batch_seconds: self.deliver_batch_seconds.get_or_create_owned(&label),
        }
    }

    /// Forgets the sources and outputs that a run has no more.
    pub(crate) fn keep<'n>(&self, sources: impl Iterator<Item = &'n str>, outputs: impl Iterator<Item = &'n str>) {
        let sources = sources.map(|name| ("source", name.to_owned()));
        let kept: BTreeSet<Label> = sources.chain(outputs.map(|name| ("output", name.to_owned()))).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in known.difference(&kept) {
            let gone = [gone.clone()];
            for counters in [
                &self.pages_read,
                &self.records_read,
                &self.records_repeated,
                &self.records_changed,
                &self.records_late,
                &self.records_skipped,
                &self.records_misdated,
                &self.details_read,
                &self.details_missing,
                &self.messages_missed,
                &self.coverage_taken_back,
                &self.source_retries,
                &self.files_unread,
                &self.archived_records,
                &self.archived_bytes,
                &self.documents_delivered,
                &self.documents_duplicate,
                &self.documents_rejected,
                &self.output_retries,
            ] {
                counters.remove(&gone);
            }
            self.budget_wait_seconds.remove(&gone);
            self.request_seconds.remove(&gone);
            self.lateness_seconds.remove(&gone);
            self.look_back_seconds.remove(&gone);
            self.newest_record.remove(&gone);
            self.lag_messages.remove(&gone);
            self.deliver_batch_seconds.remove(&gone);
        }
        *known = kept;
    }

    fn know(&self, label: &Label) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(label.clone());
    }

    /// When the newest record of a source was received that every output has accepted, in seconds since 1970.
    pub(crate) fn newest_record(&self, source: &str) -> Option<i64> {
        self.newest_record.get(&[("source", source.to_owned())]).map(|gauge| gauge.get())
    }

    /// A mapping of that version has mapped records in that time.
    pub(crate) fn mapped(&self, version: &str, role: MappingRole, records: Mapped, took: Duration) {
        let labels = self.count(version, role, records);
        self.map_batch_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A mapping of that version is about to map in that role, and may stop in these ways: what is counted begins at 0,
    /// so that a first failure is seen to be one.
    pub(crate) fn will_map(&self, version: &str, role: MappingRole, stops: &[&str]) {
        self.count(version, role, Mapped::default());
        for kind in stops {
            self.stops(version, kind).inc_by(0);
        }
    }

    fn count(&self, version: &str, role: MappingRole, records: Mapped) -> [Label; 2] {
        let Mapped { mapped, failed, rejected, empty_pages, statuses } = records;
        let labels = [("mapping", version.to_owned()), ("role", role.as_str().to_owned())];
        self.records_mapped.get_or_create(&labels).inc_by(mapped);
        self.records_failed.get_or_create(&labels).inc_by(failed);
        self.records_rejected.get_or_create(&labels).inc_by(rejected);
        for (reason, count) in [("empty_page", empty_pages), ("status", statuses)] {
            let [mapping, role] = labels.clone();
            self.records_dropped.get_or_create(&[mapping, role, ("reason", reason.to_owned())]).inc_by(count);
        }
        labels
    }

    /// A mapping of that version stopped at a batch to be delivered: a trap, or a limit.
    pub(crate) fn stopped(&self, version: &str, kind: &str) {
        self.stops(version, kind).inc();
    }

    fn stops(&self, version: &str, kind: &str) -> Counter {
        self.mapping_stops.get_or_create_owned(&[("mapping", version.to_owned()), ("kind", kind.to_owned())])
    }
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
