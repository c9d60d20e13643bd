//! Whether the geo databases know the addresses that mail comes from.

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    geo::{Geo, Network},
    support::{
        counted::counted,
        finding::Finding,
        property::{Property, pick},
    },
};

/// Looks up the addresses of some records; nothing is found without a database.
pub(super) fn findings(geo: &Geo, databases: &[&str], records: &[String]) -> Vec<Finding> {
    let addresses: BTreeSet<_> = records.iter().flat_map(|record| addresses(record)).collect();
    let known: Vec<_> = addresses.iter().filter_map(|address| geo.lookup(&address.to_string())).collect();
    databases.iter().map(|database| finding(database, addresses.len(), &known)).collect()
}

fn finding(database: &str, all: usize, known: &[Network]) -> Finding {
    let (step, knows): (_, fn(&Network) -> bool) = match database {
        "city" => ("city database", |it| it.place.is_some()),
        _ => ("ASN database", |it| it.autonomous_system.is_some()),
    };
    if all == 0 {
        return Finding::none(step, "recent records have no address to look up");
    }
    let known = known.iter().filter(|network| knows(network)).count();
    let addresses = counted(all as u64, "address", "addresses");
    if known > 0 {
        return Finding::ok(step, &format!("knows {known} of {addresses} in recent records"));
    }
    let hint = "hint: a test database and one of a single region know few networks; `geoipupdate` gets a whole one";
    Finding::warning(step, &format!("knows none of {addresses} in recent records\n{hint}"))
}

/// The addresses that a record names, but for those that no database knows, since anybody may use them.
fn addresses(record: &str) -> Vec<IpAddr> {
    let Ok(picked) = pick(record, [Property::FromIp, Property::ToIp]) else { return Vec::new() };
    let texts = picked.into_iter().flatten().filter_map(|value| serde_json::from_str::<String>(value.get()).ok());
    texts.filter_map(|text| text.trim().parse().ok()).filter(is_public).collect()
}

fn is_public(address: &IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(it) => !(it.is_private() || it.is_loopback() || it.is_link_local() || it.is_unspecified()),
        IpAddr::V6(it) => {
            !(it.is_unique_local() || it.is_loopback() || it.is_unicast_link_local() || it.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::finding::Verdict;

    #[track_caller]
    fn check(records: &[&str], database: &str, verdict: Verdict, detail: &str) {
        let geo = Geo::from_bytes(
            include_bytes!("../../../../fixtures/geo/City.mmdb"),
            include_bytes!("../../../../fixtures/geo/ASN.mmdb"),
        );
        let records: Vec<_> = records.iter().map(ToString::to_string).collect();
        let found = findings(&geo.unwrap(), &[database], &records);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict, verdict, "{found:?}");
        assert_eq!(found[0].detail, detail);
    }

    #[test]
    fn a_database_that_knows_no_address_is_a_warning() {
        let known = r#"{"fromIP":"192.0.2.1","toIP":null}"#;
        let legacy = r#"{"FromIP":"192.0.2.1","ToIP":"8.8.8.8"}"#;
        let unknown = r#"{"fromIP":"8.8.8.8"}"#;
        let private = r#"{"fromIP":"10.1.2.3","toIP":"fd00::1"}"#;
        check(&[known, legacy, private], "city", Verdict::Ok, "knows 1 of 2 addresses in recent records");
        check(&[unknown, private], "city", Verdict::Warning, "knows none of 1 address in recent records");
        check(&[unknown], "asn", Verdict::Warning, "knows none of 1 address in recent records");
        check(&[private, "no record"], "asn", Verdict::None, "recent records have no address to look up");
    }

    #[test]
    fn without_a_database_nothing_is_said() {
        assert!(findings(&Geo::default(), &[], &[r#"{"fromIP":"192.0.2.1"}"#.to_owned()]).is_empty());
    }
}
