//! Puts what a module cannot be told later into it: settings and geo databases, checked here.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use exotrace_geo::Databases;
use exotrace_mapping::Session;

#[path = "src/settings.rs"]
#[expect(unreachable_pub, reason = "the library's own")]
mod settings;

use settings::Settings;

/// Whether what a file holds can be used.
type Check = fn(Vec<u8>) -> Result<(), Box<dyn Error>>;

/// Where the settings are (JSON); none: those that go without saying.
const SETTINGS: &str = "EXOTRACE_MODULE_SETTINGS";

/// Where the geo databases are; none: nothing is known about addresses.
const CITY: &str = "EXOTRACE_MODULE_GEOIP_CITY";
const ASN: &str = "EXOTRACE_MODULE_GEOIP_ASN";

fn main() -> Result<(), Box<dyn Error>> {
    for (variable, file, check) in [
        (SETTINGS, "settings.json", check_settings as Check),
        (CITY, "city.mmdb", check_city),
        (ASN, "asn.mmdb", check_asn),
    ] {
        println!("cargo::rerun-if-env-changed={variable}");
        let bytes = match env::var_os(variable).filter(|path| !path.is_empty()) {
            Some(path) => read(Path::new(&path), check).map_err(|error| format!("{variable}: {error}"))?,
            None => Vec::new(),
        };
        fs::write(PathBuf::from(env::var("OUT_DIR")?).join(file), bytes)?;
    }
    Ok(())
}

fn read(path: &Path, check: Check) -> Result<Vec<u8>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", path.display());
    let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    let bytes = fs::read(path).map_err(|error| named(&error))?;
    check(bytes.clone()).map_err(|error| named(&error))?;
    Ok(bytes)
}

fn check_settings(bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let settings: Settings = serde_json::from_slice(&bytes)?;
    Session::open(settings.version(), &settings.mapping())?;
    Ok(())
}

fn check_city(bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    Databases::default().with_city(bytes)?;
    Ok(())
}

fn check_asn(bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    Databases::default().with_asn(bytes)?;
    Ok(())
}
