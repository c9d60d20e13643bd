//! Single draws: a status, a size, an address, as often as real mail has them.

use rand::Rng;

use super::network::{self, NO_ADDRESS};
use crate::Status;

/// Returns how many recipients a message has: mostly one.
pub(super) fn recipient_count(rng: &mut impl Rng) -> usize {
    match rng.random_range(0..100) {
        0..75 => 1,
        75..90 => 2,
        _ => rng.random_range(3..8),
    }
}

/// Returns how delivery into a mailbox of the tenant stands.
pub(super) fn arrival_status(rng: &mut impl Rng) -> Status {
    match rng.random_range(0..100) {
        0..82 => Status::Delivered,
        82..90 => Status::FilteredAsSpam,
        90..94 => Status::Quarantined,
        94..97 => Status::Failed,
        97..99 => Status::Pending,
        _ => Status::GettingStatus,
    }
}

/// Returns how delivery of what the tenant sent or passed on stands.
pub(super) fn departure_status(rng: &mut impl Rng) -> Status {
    match rng.random_range(0..100) {
        0..92 => Status::Delivered,
        92..96 => Status::Failed,
        96..99 => Status::Pending,
        _ => Status::GettingStatus,
    }
}

/// Returns where mail of the tenant's own people comes from.
pub(super) fn inside_address(rng: &mut impl Rng) -> Option<String> {
    match rng.random_range(0..10) {
        0..5 => Some(network::private(rng)),
        5..7 => Some(network::BACKBONE.server(rng)),
        7 => Some(NO_ADDRESS.to_owned()),
        _ => unknown_address(rng),
    }
}

/// The service shows an address it does not know in two ways.
pub(super) fn unknown_address(rng: &mut impl Rng) -> Option<String> {
    rng.random_bool(0.5).then(String::new)
}

/// Returns a size from 2 kB to 8 MB, small ones more often; now and then the service has none.
pub(super) fn size(rng: &mut impl Rng) -> u32 {
    if rng.random_ratio(1, 60) {
        return 0;
    }
    let scale = 1 << rng.random_range(11..23);
    rng.random_range(scale..2 * scale)
}

/// Returns the size for one of the recipients: headers differ.
pub(super) fn size_for_recipient(size: u32, rng: &mut impl Rng) -> u32 {
    match size {
        0 => 0,
        _ => size + rng.random_range(0..400),
    }
}
