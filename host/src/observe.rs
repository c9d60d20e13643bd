//! What can be seen of a running process: counts and states.

mod buckets;
pub(crate) mod cluster_metrics;
pub(crate) mod health;
mod label;
pub(crate) mod metrics;
pub(crate) mod process;
