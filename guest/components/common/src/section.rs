//! The sections of a component that a host reads before it compiles anything, put together when the component is built.

use exotrace_mapping::Version;

/// The version of the contract, as its files say.
pub const WIT_VERSION: &str = package_version(include_str!("../../../../wit/world.wit"));

/// What stands before the version in the contract.
const PACKAGE: &[u8] = b"package exotrace:mapping@";

/// The lines of `exotrace:mapping`: the versions of the mapping and of the contract, as `describe` says them too.
pub const fn mapping(version: &Version) -> [&str; 5] {
    ["mapping=", version.number, "\nwit=", WIT_VERSION, "\n"]
}

/// Sees that a crate has the number of its version.
///
/// # Panics
///
/// When it has another one: then the crate does not build.
pub const fn check_number(version: &Version, crate_version: &str) {
    assert!(is_at(version.number.as_bytes(), 0, crate_version.as_bytes()), "Cargo.toml has another version");
    assert!(version.number.len() == crate_version.len(), "Cargo.toml has another version");
}

/// How long the pieces of a section are together.
pub const fn length(pieces: &[&str]) -> usize {
    let (mut length, mut piece) = (0, 0);
    while piece < pieces.len() {
        length += pieces[piece].len();
        piece += 1;
    }
    length
}

/// The pieces of a section as one, which is `N` bytes long.
pub const fn bytes<const N: usize>(pieces: &[&str]) -> [u8; N] {
    let mut bytes = [0; N];
    let (mut end, mut piece) = (0, 0);
    while piece < pieces.len() {
        let text = pieces[piece].as_bytes();
        bytes.split_at_mut(end).1.split_at_mut(text.len()).0.copy_from_slice(text);
        end += text.len();
        piece += 1;
    }
    bytes
}

const fn package_version(wit: &'static str) -> &'static str {
    let bytes = wit.as_bytes();
    let mut start = 0;
    while !is_at(bytes, start, PACKAGE) {
        start += 1;
    }
    start += PACKAGE.len();
    let mut end = start;
    while bytes[end] != b';' {
        end += 1;
    }
    wit.split_at(end).0.split_at(start).1
}

const fn is_at(bytes: &[u8], at: usize, expected: &[u8]) -> bool {
    let mut index = 0;
    while index < expected.len() {
        if bytes[at + index] != expected[index] {
            return false;
        }
        index += 1;
    }
    true
}
