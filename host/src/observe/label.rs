//! What a metric is shown with.

use prometheus_client::registry::{Metric, Registry};

/// A label and its value.
pub(crate) type Label = (&'static str, String);

/// A new metric that is shown under a name.
pub(crate) fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}
