//! The committed databases: that they are up to date, and what they answer.

use maxminddb::{
    Reader,
    geoip2::{Asn, City},
};

use super::*;

const HINT: &str = "hint: `cargo run -p exotrace-geo-fixtures` writes it again";

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(DIRECTORY).join(name)).unwrap()
}

fn networks() -> String {
    String::from_utf8(fixture("networks.json")).unwrap()
}

/// Looks up country, subdivisions and city of an address.
#[track_caller]
fn check_place(address: &str, expected: Option<(&str, &[&str], Option<&str>)>) {
    let bytes = fixture("City.mmdb");
    let reader = Reader::from_source(bytes.as_slice()).unwrap();
    let result = reader.lookup(address.parse().unwrap()).unwrap();
    let Some(place) = result.decode::<City<'_>>().unwrap() else {
        assert_eq!(expected, None);
        return;
    };
    let subdivisions: Vec<&str> = place.subdivisions.iter().map(|subdivision| subdivision.iso_code.unwrap()).collect();
    let found = (place.country.iso_code.unwrap(), subdivisions.as_slice(), place.city.names.english);
    assert_eq!(Some(found), expected);
}

#[track_caller]
fn check_autonomous_system(address: &str, expected: Option<(u32, Option<&str>)>) {
    let bytes = fixture("ASN.mmdb");
    let reader = Reader::from_source(bytes.as_slice()).unwrap();
    let result = reader.lookup(address.parse().unwrap()).unwrap();
    let found = result
        .decode::<Asn<'_>>()
        .unwrap()
        .map(|system| (system.autonomous_system_number.unwrap(), system.autonomous_system_organization));
    assert_eq!(found, expected);
}

#[test]
fn the_committed_databases_are_what_the_networks_give() {
    let json = networks();
    assert!(city_database(&json).unwrap() == fixture("City.mmdb"), "{HINT}");
    assert!(asn_database(&json).unwrap() == fixture("ASN.mmdb"), "{HINT}");
}

#[test]
fn an_ipv4_address_is_found() {
    let london: (&str, &[&str], _) = ("GB", &["ENG"], Some("London"));
    check_place("192.0.2.1", Some(london));
    check_autonomous_system("192.0.2.1", Some((64496, Some("Fabrikam Networks Ltd"))));
}

#[test]
fn an_ipv6_address_is_found() {
    let paris: (&str, &[&str], _) = ("FR", &["IDF", "75"], Some("Paris"));
    check_place("2001:db8:1::25", Some(paris));
    check_autonomous_system("2001:db8:1::25", Some((64503, Some("Fabrikam Réseaux SA"))));
}

#[test]
fn a_place_may_be_no_more_than_a_country() {
    check_place("198.51.100.200", Some(("JP", &[], None)));
}

#[test]
fn a_system_may_have_no_organization() {
    check_autonomous_system("203.0.113.130", Some((64502, None)));
}

#[test]
fn either_database_may_know_nothing_of_an_address() {
    check_place("2001:db8:ff::1", None);
    check_autonomous_system("2001:db8:ff::1", Some((64511, Some("Documentation Backbone"))));
    check_autonomous_system("203.0.113.200", None);
    check_place("10.1.2.3", None);
    check_autonomous_system("10.1.2.3", None);
}

#[test]
fn a_place_has_its_continent_and_its_names_and_coordinates() {
    let bytes = fixture("City.mmdb");
    let reader = Reader::from_source(bytes.as_slice()).unwrap();
    let result = reader.lookup("203.0.113.64".parse().unwrap()).unwrap();
    let place: City<'_> = result.decode().unwrap().unwrap();
    assert_eq!(place.continent.code, Some("SA"));
    assert_eq!(place.continent.names.english, Some("South America"));
    assert_eq!(place.country.names.english, Some("Brazil"));
    assert_eq!(place.subdivisions[0].names.english, Some("São Paulo"));
    assert_eq!(place.location.latitude, Some(-23.5475));
    assert_eq!(place.location.longitude, Some(-46.6361));
}

#[test]
fn the_metadata_names_the_database_type() {
    for (name, expected) in [("City.mmdb", "GeoLite2-City"), ("ASN.mmdb", "GeoLite2-ASN")] {
        let reader = Reader::from_source(fixture(name)).unwrap();
        let metadata = reader.metadata();
        assert_eq!(metadata.database_type, expected);
        assert_eq!(metadata.ip_version, 6);
    }
}
