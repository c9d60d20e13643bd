//! What was put in when the module was built, by `build.rs`.

/// The settings that were put in, as JSON; empty when none were.
pub const SETTINGS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/settings.json"));

/// The City database that was put in; empty when none was.
pub const CITY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/city.mmdb"));

/// The ASN database that was put in; empty when none was.
pub const ASN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/asn.mmdb"));
