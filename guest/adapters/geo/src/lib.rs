//! A geo provider for hosts that are not ours: answers from databases in a folder that the host gives, or from those
//! that were put in when it was built.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::{borrow::Cow, cell::RefCell, fs};

use exotrace_geo::{Databases, MaxMindDbError};

mod bindings;

use bindings::exports::exotrace::{
    adapters::databases::{self, OpenError, Problem},
    mapping::geo,
};

/// The City database that was put in; empty when none was.
const CITY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/city.mmdb"));

/// The ASN database that was put in; empty when none was.
const ASN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/asn.mmdb"));

type Bytes = Cow<'static, [u8]>;

thread_local! {
    static OPENED: RefCell<Databases<Bytes>> = RefCell::default();
}

struct GeoProvider;

#[expect(unsafe_code, reason = "generated: exported names")]
mod component {
    use super::GeoProvider;

    crate::bindings::export!(GeoProvider with_types_in crate::bindings);
}

impl databases::Guest for GeoProvider {
    fn open(city: Option<String>, asn: Option<String>) -> Result<(), OpenError> {
        let mut opened = Databases::default();
        if let Some((path, bytes)) = database(city, CITY)? {
            opened = opened.with_city(bytes).map_err(|error| not_a_database(path, error))?;
        }
        if let Some((path, bytes)) = database(asn, ASN)? {
            opened = opened.with_asn(bytes).map_err(|error| not_a_database(path, error))?;
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

/// A database and where it is from: the file at `path`, else what was put in, if anything was.
fn database(path: Option<String>, built_in: &'static [u8]) -> Result<Option<(String, Bytes)>, OpenError> {
    match path {
        Some(path) => match fs::read(&path) {
            Ok(bytes) => Ok(Some((path, bytes.into()))),
            Err(error) => Err(OpenError::Unreadable(Problem { path, reason: error.to_string() })),
        },
        None => Ok((!built_in.is_empty()).then(|| ("built in".to_owned(), built_in.into()))),
    }
}

fn not_a_database(path: String, error: MaxMindDbError) -> OpenError {
    OpenError::NotADatabase(Problem { path, reason: error.to_string() })
}

exotrace_geo::define_network!(geo);
