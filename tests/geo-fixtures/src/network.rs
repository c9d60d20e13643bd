//! The networks as people write them.

use std::net::{IpAddr, Ipv6Addr};

use anyhow::{Context, ensure};
use maxminddb_writer::paths::IpAddrWithMask;
use serde::Deserialize;

/// A network and what is known of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    /// The network as address and prefix length.
    network: String,
    /// Where it is.
    pub(crate) place: Option<Place>,
    /// Who runs it.
    pub(crate) autonomous_system: Option<AutonomousSystem>,
}

/// Where a network is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) continent: Continent,
    pub(crate) country: Division,
    /// From the largest to the smallest.
    #[serde(default)]
    pub(crate) subdivisions: Vec<Division>,
    pub(crate) city: Option<String>,
    pub(crate) location: Option<Location>,
}

/// A continent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Continent {
    pub(crate) code: String,
    pub(crate) name: String,
}

/// A country, or a part of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Division {
    pub(crate) iso_code: String,
    pub(crate) name: String,
}

/// A point on the globe, in degrees.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Location {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// An autonomous system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutonomousSystem {
    pub(crate) number: u32,
    pub(crate) organization: Option<String>,
}

/// Reads networks and puts the wider ones first, because a later one overwrites its part.
pub(crate) fn parse(json: &str) -> anyhow::Result<Vec<(IpAddrWithMask, Network)>> {
    let networks: Vec<Network> = serde_json::from_str(json).context("could not read networks")?;
    let mut paths = Vec::new();
    for network in networks {
        let path = path(&network.network).with_context(|| format!("`{}` is not a network", network.network))?;
        paths.push((path, network));
    }
    paths.sort_by_key(|(path, _)| path.mask);
    Ok(paths)
}

/// Returns the way through an IPv6 tree, in which IPv4 is at ::/96.
fn path(network: &str) -> anyhow::Result<IpAddrWithMask> {
    let (address, prefix_length) = network.split_once('/').context("no prefix length")?;
    let prefix_length: u8 = prefix_length.parse()?;
    let (address, prefix_length) = match address.parse()? {
        IpAddr::V4(address) => (Ipv6Addr::from_bits(u128::from(address.to_bits())), prefix_length.saturating_add(96)),
        IpAddr::V6(address) => (address, prefix_length),
    };
    ensure!(prefix_length <= 128, "prefix length out of range");
    Ok(IpAddrWithMask::new(IpAddr::V6(address), prefix_length))
}
