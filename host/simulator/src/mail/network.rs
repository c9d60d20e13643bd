//! IP addresses of mail servers, all from ranges reserved for documentation.

use std::net::{Ipv4Addr, Ipv6Addr};

use rand::Rng;

/// A network with mail servers.
#[derive(Clone, Copy)]
pub(super) enum Network {
    /// The first three bytes of a /24.
    V4([u8; 3]),
    /// The third group of a /48 under 2001:db8::/32.
    V6(u16),
}

/// The first documentation range; its lower half is in London.
pub(super) const LONDON_SIDE: Network = Network::V4([192, 0, 2]);
/// The second documentation range; its lower half is in Berlin.
pub(super) const BERLIN_SIDE: Network = Network::V4([198, 51, 100]);
/// The third documentation range; its first quarter is in Seattle.
pub(super) const SEATTLE_SIDE: Network = Network::V4([203, 0, 113]);
/// An IPv6 network in Paris.
pub(super) const PARIS: Network = Network::V6(1);
/// An IPv6 network in Singapore.
pub(super) const SINGAPORE: Network = Network::V6(2);
/// An IPv6 network that is nowhere in particular.
pub(super) const BACKBONE: Network = Network::V6(0xff);

/// What the service shows for mail it made itself.
pub(super) const NO_ADDRESS: &str = "255.255.255.255";

impl Network {
    /// Returns the address of a mail server.
    pub(super) fn server(self, rng: &mut impl Rng) -> String {
        match self {
            Self::V4([first, second, third]) => {
                Ipv4Addr::new(first, second, third, rng.random_range(1..=254)).to_string()
            }
            Self::V6(group) => {
                let host = rng.random_range(1..=0xffff);
                Ipv6Addr::new(0x2001, 0xdb8, group, 0, 0, 0, 0, host).to_string()
            }
        }
    }
}

/// Returns an address in either network, more often in the first.
pub(super) fn server_in([often, seldom]: [Network; 2], rng: &mut impl Rng) -> String {
    let network = if rng.random_ratio(2, 3) { often } else { seldom };
    network.server(rng)
}

/// Returns the address of a machine inside the tenant's own network.
pub(super) fn private(rng: &mut impl Rng) -> String {
    Ipv4Addr::new(10, rng.random(), rng.random(), rng.random_range(1..=254)).to_string()
}
