//! Builds the core modules with the settings and geo databases of the fixtures.

use std::{env, error::Error, path::PathBuf};

use exotrace_guest_build::{Guests, NO_SIMD, TARGET};

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let fixture = |name: &str| package.join("../../../fixtures").join(name).into_os_string();
    let guests = Guests {
        target: TARGET,
        packages: &["exotrace-fluent-bit", "exotrace-redpanda-connect"],
        // Fluent Bit's runtime has no SIMD.
        flags: NO_SIMD,
        variables: vec![
            ("EXOTRACE_MODULE_SETTINGS", fixture("modules/settings.json")),
            ("EXOTRACE_MODULE_GEOIP_CITY", fixture("geo/City.mmdb")),
            ("EXOTRACE_MODULE_GEOIP_ASN", fixture("geo/ASN.mmdb")),
        ],
    };
    for (module, name) in guests.build(3)?.iter().zip(["FLUENT_BIT", "REDPANDA_CONNECT"]) {
        println!("cargo::rustc-env={name}={}", module.display());
    }
    Ok(())
}
