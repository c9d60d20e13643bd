//! Answers the mapping's questions about addresses from the databases inside.

use exotrace_geo::Databases;
use exotrace_mapping::{Geo, Network};

/// The databases inside.
pub(crate) struct OwnGeo(pub(crate) Databases<&'static [u8]>);

impl Geo for OwnGeo {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>> {
        addresses.iter().map(|address| self.0.lookup(address).map(network)).collect()
    }
}

exotrace_geo::define_network!(exotrace_mapping);
