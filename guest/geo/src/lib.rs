//! Answers what is known about IP addresses, from databases in MaxMind's format that are in memory.
//!
//! For what answers `exotrace:mapping/geo`: the host, and the adapters that bring databases of their own.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use maxminddb::{Reader, geoip2};

pub use maxminddb::MaxMindDbError;

/// The databases to ask. Either may be absent; then nothing of its kind is known.
pub struct Databases<S: AsRef<[u8]> = Vec<u8>> {
    city: Option<Reader<S>>,
    asn: Option<Reader<S>>,
}

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// For example `GeoLite2-City`.
    pub database_type: String,
    /// When it was built, in seconds since 1970.
    pub built: u64,
}

/// All that is known about one address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// Where the address is used.
    pub place: Option<Place>,
    /// Who announces it to the internet: the number, and the name when known.
    pub autonomous_system: Option<(u32, Option<String>)>,
}

/// Where an address is used, as Elasticsearch's `geoip` processor tells it by default (guest/docs/facts/mapping.md,
/// section 2.7).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// For example `Europe`.
    pub continent_name: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_iso_code: Option<String>,
    /// For example `United Kingdom`.
    pub country_name: Option<String>,
    /// ISO 3166-2 of the most specific subdivision, with the country: `GB-ENG`.
    pub region_iso_code: Option<String>,
    /// For example `England`.
    pub region_name: Option<String>,
    /// For example `London`.
    pub city_name: Option<String>,
    /// Latitude and longitude in degrees.
    pub location: Option<(f64, f64)>,
}

fn about<S: AsRef<[u8]>>(reader: &Reader<S>) -> About {
    let metadata = reader.metadata();
    About { database_type: metadata.database_type.clone(), built: metadata.build_epoch }
}

impl<S: AsRef<[u8]>> Default for Databases<S> {
    fn default() -> Self {
        Self { city: None, asn: None }
    }
}

impl<S: AsRef<[u8]>> Databases<S> {
    /// Takes the bytes of a City database.
    ///
    /// # Errors
    ///
    /// When they are not a database.
    pub fn with_city(self, bytes: S) -> Result<Self, MaxMindDbError> {
        Ok(Self { city: Some(Reader::from_source(bytes)?), ..self })
    }

    /// Takes the bytes of an ASN database.
    ///
    /// # Errors
    ///
    /// When they are not a database.
    pub fn with_asn(self, bytes: S) -> Result<Self, MaxMindDbError> {
        Ok(Self { asn: Some(Reader::from_source(bytes)?), ..self })
    }

    /// What the City database says of itself.
    pub fn about_city(&self) -> Option<About> {
        self.city.as_ref().map(about)
    }

    /// What the ASN database says of itself.
    pub fn about_asn(&self) -> Option<About> {
        self.asn.as_ref().map(about)
    }

    /// What is known about `address`; `None` when it is nothing, or when it is not an IP address.
    pub fn lookup(&self, address: &str) -> Option<Network> {
        let address: IpAddr = address.parse().ok()?;
        let place = self.city.as_ref().and_then(|reader| place(reader, address));
        let autonomous_system = self.asn.as_ref().and_then(|reader| autonomous_system(reader, address));
        (place.is_some() || autonomous_system.is_some()).then_some(Network { place, autonomous_system })
    }
}

/// Defines `network`, which makes a [`Network`] that of `$types`: a module with the records of `exotrace:mapping/geo`,
/// regardless of what made them. Every side of that interface has types of its own, with the same names.
#[macro_export]
macro_rules! define_network {
    ($types:ident) => {
        fn network(network: $crate::Network) -> $types::Network {
            $types::Network {
                place: network.place.map(place),
                autonomous_system: network
                    .autonomous_system
                    .map(|(number, organization_name)| $types::AutonomousSystem { number, organization_name }),
            }
        }

        fn place(place: $crate::Place) -> $types::Place {
            $types::Place {
                continent_name: place.continent_name,
                country_iso_code: place.country_iso_code,
                country_name: place.country_name,
                region_iso_code: place.region_iso_code,
                region_name: place.region_name,
                city_name: place.city_name,
                location: place.location.map(|(lat, lon)| $types::Location { lat, lon }),
            }
        }
    };
}

/// A damaged entry is as good as none: it must not stop the mail.
fn place<S: AsRef<[u8]>>(reader: &Reader<S>, address: IpAddr) -> Option<Place> {
    let city: geoip2::City<'_> = reader.lookup(address).ok()?.decode().ok()??;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let region = city.subdivisions.last();
    let region_iso_code = city.country.iso_code.zip(region.and_then(|region| region.iso_code));
    Some(Place {
        continent_name: owned(city.continent.names.english),
        country_iso_code: owned(city.country.iso_code),
        country_name: owned(city.country.names.english),
        region_iso_code: region_iso_code.map(|(country, region)| format!("{country}-{region}")),
        region_name: owned(region.and_then(|region| region.names.english)),
        city_name: owned(city.city.names.english),
        location: city.location.latitude.zip(city.location.longitude),
    })
}

fn autonomous_system<S: AsRef<[u8]>>(reader: &Reader<S>, address: IpAddr) -> Option<(u32, Option<String>)> {
    let asn: geoip2::Asn<'_> = reader.lookup(address).ok()?.decode().ok()??;
    Some((asn.autonomous_system_number?, asn.autonomous_system_organization.map(str::to_owned)))
}
