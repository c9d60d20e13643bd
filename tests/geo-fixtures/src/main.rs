//! Writes the small geo databases of the fixtures from a list of networks; with a folder as argument, ones as large as
//! real databases are.
//!
//! They answer for the ranges that are reserved for documentation and measuring, which all simulated mail uses.

#![forbid(unsafe_code)]

use std::{env, fs, path::Path};

use anyhow::Context;

mod database;
mod network;
mod record;
mod tenant;
#[cfg(test)]
mod tests;

use record::{AsnRecord, CityRecord};

/// Where the list of networks is, and where the databases go.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/geo");

fn main() -> anyhow::Result<()> {
    if let Some(folder) = env::args_os().nth(1) {
        let folder = Path::new(&folder);
        fs::create_dir_all(folder).with_context(|| format!("could not make `{}`", folder.display()))?;
        write(&folder.join("City.mmdb"), &tenant::city_database()?)?;
        return write(&folder.join("ASN.mmdb"), &tenant::asn_database()?);
    }
    let directory = Path::new(DIRECTORY);
    let networks = directory.join("networks.json");
    let json = fs::read_to_string(&networks).with_context(|| format!("could not read `{}`", networks.display()))?;
    write(&directory.join("City.mmdb"), &city_database(&json)?)?;
    write(&directory.join("ASN.mmdb"), &asn_database(&json)?)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("could not write `{}`", path.display()))
}

/// Returns the bytes of the database that says where networks are.
fn city_database(json: &str) -> anyhow::Result<Vec<u8>> {
    let networks = network::parse(json)?;
    let mut records = Vec::new();
    for (path, network) in &networks {
        if let Some(place) = &network.place {
            records.push((*path, CityRecord::from(place)));
        }
    }
    database::write("GeoLite2-City", records).context("could not write the City database")
}

/// Returns the bytes of the database that says who runs networks.
fn asn_database(json: &str) -> anyhow::Result<Vec<u8>> {
    let networks = network::parse(json)?;
    let mut records = Vec::new();
    for (path, network) in &networks {
        if let Some(autonomous_system) = &network.autonomous_system {
            records.push((*path, AsnRecord::from(autonomous_system)));
        }
    }
    database::write("GeoLite2-ASN", records).context("could not write the ASN database")
}
