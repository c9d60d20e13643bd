//! From settings to a running program.

pub(crate) mod agent;
pub(crate) mod hot_swap;
pub(crate) mod kinds;
pub(crate) mod ledgers;
pub(crate) mod mapping_limits;
pub(crate) mod privacy;
pub(crate) mod pseudonym_key_file;
pub(crate) mod resolve;
pub(crate) mod settings;
pub(crate) mod settings_watch;
pub(crate) mod start;
pub(crate) mod unusable;
