//! Geo answers that are made of the address itself, so that both mappers can be told the same.

use exotrace_mapping::{AutonomousSystem, Geo, Location, Network, Place};
use serde_json::{Map, Value, json};

/// What is known of an address: more of it for every other one.
fn known(address: &str) -> Option<Network> {
    let sum: u32 = address.bytes().map(u32::from).sum();
    let text = |bit: u32, text: &str| (sum & bit != 0).then(|| text.to_owned());
    let place = Place {
        continent_name: text(1, "Europe"),
        country_iso_code: text(2, "GB"),
        country_name: text(4, "United \"Kingdom\""),
        region_iso_code: text(8, "GB-ENG"),
        region_name: text(16, ""),
        city_name: text(32, "London"),
        location: sum.is_multiple_of(3).then_some(Location { lat: 51.5142, lon: f64::from(sum % 2) * -0.0931 }),
    };
    let system = AutonomousSystem { number: sum, organization_name: text(2, "Exämple") };
    (!sum.is_multiple_of(5)).then(|| Network {
        place: (!sum.is_multiple_of(7)).then_some(place),
        autonomous_system: (!sum.is_multiple_of(4)).then_some(system),
    })
}

/// For the mapping.
pub(crate) struct Answers;

impl Geo for Answers {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>> {
        addresses.iter().map(|address| known(address)).collect()
    }
}

/// For the reference mapper: `as` and `geo` as they stand in the document, with what is empty still in them.
pub fn network(address: &str) -> Option<Map<String, Value>> {
    let Network { place, autonomous_system } = known(address)?;
    let mut members = Map::new();
    if let Some(system) = autonomous_system {
        members.insert(
            "as".to_owned(),
            json!({"number": system.number, "organization": {"name": system.organization_name}}),
        );
    }
    if let Some(place) = place {
        let location = place.location.map(|location| json!({"lat": location.lat, "lon": location.lon}));
        members.insert(
            "geo".to_owned(),
            json!({
                "continent_name": place.continent_name,
                "country_iso_code": place.country_iso_code,
                "country_name": place.country_name,
                "region_iso_code": place.region_iso_code,
                "region_name": place.region_name,
                "city_name": place.city_name,
                "location": location,
            }),
        );
    }
    Some(members)
}
