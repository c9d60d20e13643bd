//! Puts files into what is built, checked. For build scripts.

use std::{
    env,
    error::Error,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use exotrace_geo::Databases;

/// Whether what a file holds can be used.
pub(crate) type Check = fn(Vec<u8>) -> Result<(), Box<dyn Error>>;

/// Puts in the geo databases that the environment names; where it names none, nothing is known about addresses.
pub(crate) fn databases() -> Result<(), Box<dyn Error>> {
    file("EXOTRACE_MODULE_GEOIP_CITY", "city.mmdb", check_city)?;
    file("EXOTRACE_MODULE_GEOIP_ASN", "asn.mmdb", check_asn)
}

/// Puts in the file that a variable of the environment names, under another name; an empty one when it names none.
pub(crate) fn file(variable: &str, name: &str, check: Check) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={variable}");
    let bytes = match env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(path) => read(Path::new(&path), check).map_err(|error| format!("{variable}: {error}"))?,
        None => Vec::new(),
    };
    Ok(fs::write(PathBuf::from(env::var("OUT_DIR")?).join(name), bytes)?)
}

fn read(path: &Path, check: Check) -> Result<Vec<u8>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", path.display());
    let named = |error: &dyn Display| format!("`{}`: {error}", path.display());
    let bytes = fs::read(path).map_err(|error| named(&error))?;
    check(bytes.clone()).map_err(|error| named(&error))?;
    Ok(bytes)
}

fn check_city(bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    Databases::default().with_city(bytes)?;
    Ok(())
}

fn check_asn(bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    Databases::default().with_asn(bytes)?;
    Ok(())
}
