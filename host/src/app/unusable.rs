//! What tells settings that cannot be used from a failure while running.

/// The settings are well formed, but what they name cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("settings cannot be used")]
pub(crate) struct Unusable;
