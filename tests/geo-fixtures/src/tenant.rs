//! Databases as large as real ones, for measuring: more than a million networks, in the ranges that the simulated mail of
//! many people comes from (`exotrace simulate --people`).

use std::{
    iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::Context;
use maxminddb_writer::{Database, paths::IpAddrWithMask};
use serde::Serialize;

use crate::{
    database,
    network::{AutonomousSystem, Continent, Division, Location, Place},
    record::{AsnRecord, CityRecord},
};

/// How many places there are, and how many who run networks.
const PLACES: u32 = 5_000;
const SYSTEMS: u32 = 3_000;

/// The prefix of every IPv6 network: 2 to the power of 20 of them are in `2001:db8::/32`.
const IPV6_PREFIX: u8 = 52;

/// Every IPv4 address of the range for measurements, and every network of the IPv6 range for documentation.
fn networks() -> impl Iterator<Item = IpAddrWithMask> {
    let ipv4 = Ipv4Addr::new(198, 18, 0, 0).to_bits();
    let ipv4 = (0..1_u32 << 17).map(move |host| IpAddrWithMask::new(v6(u128::from(ipv4 | host)), 128));
    let ipv6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0).to_bits();
    let shift = 128 - u32::from(IPV6_PREFIX);
    let ipv6 = (0..1_u128 << (IPV6_PREFIX - 32))
        .map(move |network| IpAddrWithMask::new(v6(ipv6 | network << shift), IPV6_PREFIX));
    ipv4.chain(ipv6)
}

fn v6(bits: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(bits))
}

pub(crate) fn city_database() -> anyhow::Result<Vec<u8>> {
    let places: Vec<Place> = (0..PLACES).map(place).collect();
    write("GeoLite2-City", places.iter().map(CityRecord::from)).context("could not write the City database")
}

pub(crate) fn asn_database() -> anyhow::Result<Vec<u8>> {
    let systems: Vec<AutonomousSystem> = (0..SYSTEMS).map(system).collect();
    write("GeoLite2-ASN", systems.iter().map(AsnRecord::from)).context("could not write the ASN database")
}

/// Gives each network one of the records; neighbours have different ones.
fn write(database_type: &str, records: impl Iterator<Item = impl Serialize>) -> anyhow::Result<Vec<u8>> {
    let mut database = Database::default();
    database::describe(&mut database.metadata, database_type);
    let records = records.map(|record| database.insert_value(record)).collect::<Result<Vec<_>, _>>()?;
    let step = 2_654_435_761_usize;
    let lots = iter::successors(Some(0_usize), |lot| Some((lot + step) % records.len()));
    for (network, lot) in networks().zip(lots) {
        database.insert_node(network, records[lot]);
    }
    Ok(database.write_to(Vec::new())?)
}

fn place(number: u32) -> Place {
    let country = letters(number % 200);
    Place {
        continent: Continent { code: letters(number % 7), name: format!("Continent {}", number % 7) },
        country: Division { iso_code: country.clone(), name: format!("Country of {country}") },
        subdivisions: match number % 4 {
            0 => Vec::new(),
            _ => vec![Division { iso_code: letters(number % 600), name: format!("Province {}", number % 600) }],
        },
        city: (!number.is_multiple_of(5)).then(|| format!("City on the River {number}")),
        location: Some(Location {
            latitude: f64::from(number % 1_800) / 10.0 - 90.0,
            longitude: f64::from(number % 3_600) / 10.0 - 180.0,
        }),
    }
}

fn system(number: u32) -> AutonomousSystem {
    // From the range for private use (RFC 6996).
    AutonomousSystem { number: 4_200_000_000 + number, organization: Some(format!("Networks of Company {number} Ltd")) }
}

/// Two letters for a number.
fn letters(number: u32) -> String {
    [number / 26 % 26, number % 26]
        .into_iter()
        .filter_map(|letter| char::from_digit(letter + 10, 36))
        .collect::<String>()
        .to_uppercase()
}

#[cfg(test)]
mod tests {
    use maxminddb::{
        Reader,
        geoip2::{Asn, City},
    };

    use super::*;

    #[test]
    fn every_address_of_the_ranges_is_found_and_others_are_not() {
        let (city, asn) = (city_database().unwrap(), asn_database().unwrap());
        let (city, asn) = (Reader::from_source(city).unwrap(), Reader::from_source(asn).unwrap());
        assert!(networks().count() > 1_000_000);
        for (address, is_known) in [
            ("198.18.0.0", true),
            ("198.19.255.255", true),
            ("2001:db8::1", true),
            ("2001:db8:ffff:f000::19", true),
            ("198.17.255.255", false),
            ("198.20.0.0", false),
            ("2001:db9::1", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            let place = city.lookup(address).unwrap().decode::<City<'_>>().unwrap();
            assert_eq!(place.is_some_and(|place| place.country.iso_code.is_some()), is_known, "{address}");
            let system = asn.lookup(address).unwrap().decode::<Asn<'_>>().unwrap();
            assert_eq!(system.is_some(), is_known, "{address}");
        }
    }
}
