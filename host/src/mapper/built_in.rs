//! The mapping versions that the program carries.

pub use exotrace_built_in::{BUILT_IN, BuiltIn};

use crate::support::property::RecordKind;

/// The built-in mapping of records of a kind unless somebody names another version.
pub fn default_mapping(kind: RecordKind) -> BuiltIn {
    let found = BUILT_IN.into_iter().find(|known| known.default_for.contains(&kind.as_str()));
    found.expect("`build.rs` sees that every kind has a default")
}

/// The built-in mapping of that version, with or without the patch number.
pub fn built_in(version: &str) -> Option<BuiltIn> {
    BUILT_IN.into_iter().find(|known| version == known.version || version.strip_suffix(".0") == Some(known.version))
}

/// The built-in version whose component has this digest.
pub(crate) fn version_with(digest: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|known| known.digest == digest).map(|known| known.version)
}

/// The built-in mapping that has these bytes.
pub(super) fn with_bytes(bytes: &[u8]) -> Option<&'static BuiltIn> {
    static KNOWN: [BuiltIn; BUILT_IN.len()] = BUILT_IN;
    KNOWN.iter().find(|known| known.bytes == bytes)
}

/// Whether these are the bytes of a built-in mapping.
pub(crate) fn is_built_in(bytes: &[u8]) -> bool {
    with_bytes(bytes).is_some()
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
