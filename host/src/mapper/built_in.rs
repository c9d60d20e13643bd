//! The mapping versions that the program carries.

use std::sync::LazyLock;

use crate::support::property::RecordKind;

/// A component inside the program.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The version as people write it, without the patch number.
    pub version: &'static str,
    /// The records that it maps unless somebody names another version.
    pub default_for: &'static [RecordKind],
    /// The component.
    pub bytes: &'static [u8],
}

// `BUILT_IN`, which `build.rs` makes of the folders `guest/components/v*`.
include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The built-in mapping of records of a kind unless somebody names another version.
pub fn default_mapping(kind: RecordKind) -> BuiltIn {
    let found = BUILT_IN.into_iter().find(|known| known.default_for.contains(&kind));
    found.expect("`build.rs` sees that every kind has a default")
}

/// The built-in mapping of that version, with or without the patch number.
pub fn built_in(version: &str) -> Option<BuiltIn> {
    BUILT_IN.into_iter().find(|known| version == known.version || version.strip_suffix(".0") == Some(known.version))
}

/// The built-in version whose component has this digest.
pub(crate) fn version_with(digest: &str) -> Option<&'static str> {
    static DIGESTS: LazyLock<[String; BUILT_IN.len()]> =
        LazyLock::new(|| BUILT_IN.map(|known| super::digest::digest(known.bytes)));
    let place = DIGESTS.iter().position(|known| known == digest)?;
    BUILT_IN.get(place).map(|known| known.version)
}

/// Whether these are the bytes of a built-in mapping.
pub(crate) fn is_built_in(bytes: &[u8]) -> bool {
    BUILT_IN.iter().any(|known| known.bytes == bytes)
}

#[cfg(test)]
mod tests {
    use memchr::memmem;

    use super::*;

    #[test]
    fn no_component_names_a_folder_of_the_machine_that_it_was_built_on() {
        for BuiltIn { version, bytes, .. } in BUILT_IN {
            for folder in ["/.cargo/", env!("CARGO_MANIFEST_DIR")] {
                assert_eq!(memmem::find(bytes, folder.as_bytes()), None, "{version}: {folder}");
            }
        }
    }
}
