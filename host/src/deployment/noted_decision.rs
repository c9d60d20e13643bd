//! What of the decisions for many processes this one has taken.

use serde::{Deserialize, Serialize};

/// The last decision for many processes that this one has taken, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedDecision {
    /// Tells it from all others.
    pub id: String,
    /// Why it was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
