//! The versions of the WIT contract that this host speaks. A new one is a file beside `v0_1.rs` and a line in
//! [`CONTRACTS`]; nothing else knows what wasmtime makes of them.

use std::sync::Arc;

use semver::Version;
use wasmtime::component::Component as Compiled;

mod linked;
mod v0_1;
mod v0_2;

pub(super) use linked::{LinkedComponent, Session};

/// What links a component of one version of the contract.
type LinkFn = fn(&Compiled) -> wasmtime::Result<Arc<dyn LinkedComponent>>;

/// The newest version of every track, oldest first, with what links its components.
static CONTRACTS: [(Version, LinkFn); 2] = [(v0_1::VERSION, v0_1::link), (v0_2::VERSION, v0_2::link)];

/// What links a component that was built for this version of the contract; none when this host does not speak it.
pub(super) fn speaking(version: &str) -> Option<LinkFn> {
    let version = Version::parse(version).ok()?;
    CONTRACTS.iter().find(|(newest, _)| is_spoken(&version, newest)).map(|(_, link)| *link)
}

/// The versions that this host speaks, for people.
pub(crate) fn spoken() -> String {
    CONTRACTS.each_ref().map(|(version, _)| format!("`{version}`")).join(" and ")
}

/// Whether a version is not newer on the same track. Before 1.0 a track is a minor version.
fn is_spoken(version: &Version, newest: &Version) -> bool {
    let is_same_track = version.major == newest.major && (version.major > 0 || version.minor == newest.minor);
    is_same_track && version.pre.is_empty() && version <= newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_on_a_track_is_spoken() {
        let is_spoken = |version: &&str| speaking(version).is_some();
        let others = ["0.1.1", "0.0.9", "0.2.1", "0.3.0", "1.0.0", "0.1.0-rc.1", "0.2.0-rc.1", "0.1", ""];
        assert_eq!(["0.1.0", "0.2.0"].iter().filter(|version| is_spoken(version)).count(), 2);
        assert_eq!(others.iter().find(|version| is_spoken(version)), None);
    }
}
