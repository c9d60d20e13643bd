//! The records of the databases, in MaxMind's own layout.

use serde::Serialize;

use crate::network::{AutonomousSystem, Continent, Division, Location, Place};

/// A record of the City database.
#[derive(Serialize)]
pub(crate) struct CityRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<Named<'a>>,
    continent: ContinentRecord<'a>,
    country: DivisionRecord<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subdivisions: Vec<DivisionRecord<'a>>,
}

/// A record of the ASN database.
#[derive(Serialize)]
pub(crate) struct AsnRecord<'a> {
    autonomous_system_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomous_system_organization: Option<&'a str>,
}

#[derive(Serialize)]
struct Named<'a> {
    names: Names<'a>,
}

#[derive(Serialize)]
struct Names<'a> {
    en: &'a str,
}

#[derive(Serialize)]
struct ContinentRecord<'a> {
    code: &'a str,
    names: Names<'a>,
}

#[derive(Serialize)]
struct DivisionRecord<'a> {
    iso_code: &'a str,
    names: Names<'a>,
}

#[derive(Serialize)]
struct LocationRecord {
    latitude: f64,
    longitude: f64,
}

impl<'a> From<&'a Place> for CityRecord<'a> {
    fn from(place: &'a Place) -> Self {
        Self {
            city: place.city.as_deref().map(|city| Named { names: Names { en: city } }),
            continent: ContinentRecord::from(&place.continent),
            country: DivisionRecord::from(&place.country),
            location: place.location.as_ref().map(LocationRecord::from),
            subdivisions: place.subdivisions.iter().map(DivisionRecord::from).collect(),
        }
    }
}

impl<'a> From<&'a AutonomousSystem> for AsnRecord<'a> {
    fn from(system: &'a AutonomousSystem) -> Self {
        Self { autonomous_system_number: system.number, autonomous_system_organization: system.organization.as_deref() }
    }
}

impl<'a> From<&'a Continent> for ContinentRecord<'a> {
    fn from(continent: &'a Continent) -> Self {
        Self { code: &continent.code, names: Names { en: &continent.name } }
    }
}

impl<'a> From<&'a Division> for DivisionRecord<'a> {
    fn from(division: &'a Division) -> Self {
        Self { iso_code: &division.iso_code, names: Names { en: &division.name } }
    }
}

impl From<&Location> for LocationRecord {
    fn from(location: &Location) -> Self {
        Self { latitude: location.latitude, longitude: location.longitude }
    }
}
