//! From settings to a running program.

pub mod agent;
pub(crate) mod hot_swap;
pub(crate) mod kinds;
pub(crate) mod mapping_limits;
pub(crate) mod resolve;
pub mod settings;
pub(crate) mod start;
pub(crate) mod unusable;
