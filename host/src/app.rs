//! From settings to a running program.

pub mod agent;
pub(crate) mod choose;
pub(crate) mod kinds;
pub(crate) mod mapping_limits;
pub(crate) mod replacing;
pub mod settings;
pub(crate) mod start;
pub(crate) mod unusable;
