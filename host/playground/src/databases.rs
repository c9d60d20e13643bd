//! Geo databases, and what they answer.

use std::cell::RefCell;

use exotrace_geo::{About, Databases};

use crate::{
    Playground,
    bindings::exports::exotrace::{
        mapping::geo,
        playground::databases::{self, DatabaseKind},
    },
};

thread_local! {
    /// One database of each kind.
    static CITY: RefCell<Databases> = RefCell::default();
    static ASN: RefCell<Databases> = RefCell::default();
}

/// Whether a database of this type tells of networks and not of places. Names that nobody knows tell of places.
fn tells_networks(database_type: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| database_type.to_ascii_lowercase().contains(word));
    has(&["asn", "isp", "autonomous"]) && !has(&["city", "country", "location", "enterprise"])
}

impl databases::Guest for Playground {
    fn open(database: Vec<u8>) -> Result<databases::About, String> {
        let problem = |error| format!("not a database in MaxMind format: {error}");
        let looked_at = Databases::default().with_city(database.as_slice()).map_err(problem)?;
        let About { database_type, built } = looked_at.about_city().ok_or("the database says nothing of itself")?;
        let kind = if tells_networks(&database_type) {
            ASN.replace(Databases::default().with_asn(database).map_err(problem)?);
            DatabaseKind::Asn
        } else {
            CITY.replace(Databases::default().with_city(database).map_err(problem)?);
            DatabaseKind::City
        };
        Ok(databases::About { kind, database_type, built })
    }

    fn close() {
        CITY.take();
        ASN.take();
    }
}

impl geo::Guest for Playground {
    fn lookup(addresses: Vec<String>) -> Vec<Option<geo::Network>> {
        let look_up = |address: &String| {
            let place = CITY.with_borrow(|city| city.lookup(address)).and_then(|network| network.place);
            let system = ASN.with_borrow(|asn| asn.lookup(address)).and_then(|network| network.autonomous_system);
            let network = exotrace_geo::Network { place, autonomous_system: system };
            (network != exotrace_geo::Network::default()).then(|| self::network(network))
        };
        addresses.iter().map(look_up).collect()
    }
}

exotrace_geo::define_network!(geo);
