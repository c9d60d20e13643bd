//! Into which buckets times are counted.

use prometheus_client::metrics::histogram::Histogram;

/// From a quick answer of a neighbour to what is given up after: requests may take a minute, and be many.
pub(super) fn of_requests() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0])
}

/// From in time to a day late, as the ledger keeps it.
pub(super) fn of_lateness() -> Histogram {
    Histogram::new([0.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 21600.0, 43200.0, 86400.0])
}

/// A thousand records take a few milliseconds; `mapping.max_batch_time` is ten seconds.
pub(super) fn of_batches() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 40.0])
}
