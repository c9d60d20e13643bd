//! What the host keeps for an instance.

use std::sync::Arc;

use super::limiter::Limiter;
use crate::geo::Databases;

/// What the host keeps for an instance.
pub(crate) struct InstanceState {
    /// The same ones for as long as the instance lives, which keeps what they told.
    pub(super) geo: Arc<Databases>,
    /// The most that the host may hand over at once.
    pub(super) result_bytes: usize,
    pub(super) limiter: Limiter,
}
