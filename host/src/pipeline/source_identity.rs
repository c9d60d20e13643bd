//! What a source is called.

use crate::deployment::DeployedMapper;

/// What a source is called, and what maps its records.
pub(crate) struct SourceIdentity {
    /// What the ledger knows it by.
    pub name: String,
    /// What people, metrics and health know it by.
    pub label: String,
    /// What maps its records.
    pub mapper: DeployedMapper,
}
