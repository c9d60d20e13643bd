//! What bytes are known by.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a component's bytes, in hexadecimal. That of a built-in mapping is not computed again.
pub(crate) fn digest(bytes: &[u8]) -> String {
    match super::built_in::with_bytes(bytes) {
        Some(built_in) => built_in.digest.to_owned(),
        None => computed(bytes),
    }
}

fn computed(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a text takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::BUILT_IN;

    #[test]
    fn digests_of_built_in_mappings_are_those_of_their_bytes() {
        for built_in in BUILT_IN {
            assert_eq!(digest(built_in.bytes), computed(built_in.bytes), "{}", built_in.version);
        }
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
