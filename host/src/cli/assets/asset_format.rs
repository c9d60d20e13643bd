//! Assets as they are printed or put.

use serde_json::Value;

/// What is printed or put.
pub(super) enum Assets {
    /// Saved objects of Kibana or its relatives.
    SavedObjects {
        objects: Vec<Value>,
        /// The header without which a request is refused.
        header: &'static str,
    },
    /// A dashboard of Grafana.
    GrafanaDashboard(Value),
}

/// Objects, one a line.
pub(super) fn lines(objects: &[Value]) -> Vec<u8> {
    objects.iter().flat_map(|object| format!("{object}\n").into_bytes()).collect()
}
