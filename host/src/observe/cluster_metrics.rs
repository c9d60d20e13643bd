//! What a process has of a cluster, for Prometheus.

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::label::{Label, add};

/// What a process has of a cluster; nothing is shown without one.
pub(crate) struct ClusterMetrics {
    partitions: Family<[Label; 1], Gauge>,
    owner: Family<[Label; 1], Gauge>,
    mapping_differs: Family<[Label; 1], Gauge>,
}

impl ClusterMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            partitions: add(registry, "cluster_partitions", "Partitions of the ledger topic that this process has"),
            owner: add(registry, "source_owner", "Whether this process collects the source, in a cluster"),
            mapping_differs: add(
                registry,
                "cluster_mapping_differs",
                "Whether this process does not map by what was decided for the cluster",
            ),
        }
    }

    /// The process has this many partitions as a member of a group.
    pub(crate) fn partitions(&self, group: &str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.partitions.get_or_create_owned(&[("group", group.to_owned())]).set(count);
    }

    /// The process maps by another mapping than was decided for all members of a group, or does not.
    pub(crate) fn maps_otherwise(&self, group: &str, is_otherwise: bool) {
        self.mapping_differs.get_or_create_owned(&[("group", group.to_owned())]).set(is_otherwise.into());
    }

    /// The process collects a source, or does not.
    pub(crate) fn owns(&self, source: &str, is_owner: bool) {
        self.owner.get_or_create_owned(&[("source", source.to_owned())]).set(is_owner.into());
    }
}
