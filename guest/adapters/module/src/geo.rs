//! Answers the mapping's questions about addresses from the databases inside.

use exotrace_geo::Databases;
use exotrace_mapping::{AutonomousSystem, Geo, Location, Network, Place};

/// The databases inside.
pub(crate) struct OwnGeo(pub(crate) Databases<&'static [u8]>);

impl Geo for OwnGeo {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>> {
        addresses.iter().map(|address| self.0.lookup(address).map(network)).collect()
    }
}

fn network(network: exotrace_geo::Network) -> Network {
    let system = network.autonomous_system;
    Network {
        place: network.place.map(place),
        autonomous_system: system.map(|(number, organization_name)| AutonomousSystem { number, organization_name }),
    }
}

fn place(place: exotrace_geo::Place) -> Place {
    Place {
        continent_name: place.continent_name,
        country_iso_code: place.country_iso_code,
        country_name: place.country_name,
        region_iso_code: place.region_iso_code,
        region_name: place.region_name,
        city_name: place.city_name,
        location: place.location.map(|(lat, lon)| Location { lat, lon }),
    }
}
