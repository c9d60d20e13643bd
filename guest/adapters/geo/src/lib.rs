//! A geo provider for where no host of ours is: answers from databases in a folder that the host gives.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::{cell::RefCell, fs};

use exotrace_geo::{Databases, MaxMindDbError};

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

exotrace_geo::define_network!(geo);
