//! What bytes are known by.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a component's bytes, in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a text takes everything");
    }
    text
}
