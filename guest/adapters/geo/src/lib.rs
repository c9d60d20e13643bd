//! A geo provider for where no host of ours is: answers from databases in a folder that the host gives.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::{cell::RefCell, fs};

use exotrace_geo::{Databases, MaxMindDbError, Network, Place};

#[expect(unsafe_code, reason = "generated")]
mod bindings;

use bindings::exports::exotrace::{
    adapters::databases::{self, OpenError, Problem},
    mapping::geo,
};

thread_local! {
    static OPENED: RefCell<Databases> = RefCell::default();
}

struct GeoProvider;

impl databases::Guest for GeoProvider {
    fn open(city: Option<String>, asn: Option<String>) -> Result<(), OpenError> {
        let mut opened = Databases::default();
        if let Some(path) = city {
            opened = opened.with_city(read(&path)?).map_err(|error| not_a_database(path, error))?;
        }
        if let Some(path) = asn {
            opened = opened.with_asn(read(&path)?).map_err(|error| not_a_database(path, error))?;
        }
        OPENED.replace(opened);
        Ok(())
    }
}

impl geo::Guest for GeoProvider {
    fn lookup(addresses: Vec<String>) -> Vec<Option<geo::Network>> {
        OPENED.with_borrow(|opened| addresses.iter().map(|address| opened.lookup(address).map(network)).collect())
    }
}

fn read(path: &str) -> Result<Vec<u8>, OpenError> {
    fs::read(path).map_err(|error| OpenError::Unreadable(Problem { path: path.to_owned(), reason: error.to_string() }))
}

fn not_a_database(path: String, error: MaxMindDbError) -> OpenError {
    OpenError::NotADatabase(Problem { path, reason: error.to_string() })
}

fn network(network: Network) -> geo::Network {
    let system = network.autonomous_system;
    geo::Network {
        place: network.place.map(place),
        autonomous_system: system
            .map(|(number, organization_name)| geo::AutonomousSystem { number, organization_name }),
    }
}

fn place(place: Place) -> geo::Place {
    geo::Place {
        continent_name: place.continent_name,
        country_iso_code: place.country_iso_code,
        country_name: place.country_name,
        region_iso_code: place.region_iso_code,
        region_name: place.region_name,
        city_name: place.city_name,
        location: place.location.map(|(lat, lon)| geo::Location { lat, lon }),
    }
}
