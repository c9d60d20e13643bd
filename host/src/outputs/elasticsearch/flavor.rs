//! Elasticsearch or OpenSearch.

/// Which kind of cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Elasticsearch 8 and later.
    Elasticsearch,
    /// OpenSearch 2 and later: it has fewer field types, and other policies.
    OpenSearch,
}
