//! Where reading the details of deliveries stands.

use tokio::time::Instant;

use super::{budget::DetailsLimits, details_config::DetailsConfig, settings::ServiceConfig};

/// Reads the details of deliveries.
pub(super) struct DetailsReading {
    pub(super) config: DetailsConfig,
    pub(super) limits: DetailsLimits,
    /// None while the rows of a poll are read.
    pub(super) turn: Option<DetailsTurn>,
    /// Before this the service does not want to be asked.
    pub(super) not_before: Option<Instant>,
}

/// What is left of a poll for details.
pub(super) struct DetailsTurn {
    /// Deliveries.
    pub(super) left: u32,
    /// When the next poll is due.
    pub(super) until: Instant,
}

impl DetailsReading {
    pub(super) fn new(config: &ServiceConfig) -> Option<Self> {
        let details = config.details.clone()?;
        let limits = match details.request_budget {
            Some(requests) => DetailsLimits { requests, shares_budget: false },
            None => {
                let share = u64::from(config.request_budget) * u64::from(details.max_share) / 1000;
                DetailsLimits { requests: u32::try_from(share).unwrap_or(u32::MAX).max(1), shares_budget: true }
            }
        };
        Some(Self { config: details, limits, turn: None, not_before: None })
    }
}
