//! A mapping that was refused.

use serde::{Deserialize, Serialize};

/// A mapping that was refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusedMapping {
    /// What people know it by: a version, or a file.
    pub mapping: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Who wanted it.
    pub by: String,
    /// Why it was refused.
    pub reason: String,
}
