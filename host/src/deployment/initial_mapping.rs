//! With what a process begins to map.

use super::decisions::Decisions;
use crate::mapper::Component;

/// With what a process begins.
#[derive(Clone, Default)]
pub struct InitialMapping {
    /// What was decided before and still counts.
    pub decisions: Decisions,
    /// The digest of the mapping that the settings name.
    pub settings_digest: String,
    /// The component of every source that mapped before, as long as the one in use is new.
    pub before: Option<Vec<Component>>,
    /// Why another mapping is used, if so.
    pub reason: Option<String>,
}
