//! What can be seen of a running process: counts and states.

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod process;
