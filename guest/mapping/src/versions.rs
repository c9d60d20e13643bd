//! The mapping versions, one file each. A new one needs a line here.

use crate::version::Version;

/// Declares the module and the constant of each version, and the list of all.
macro_rules! versions {
    ($($module:ident $constant:ident),*) => {
        $(mod $module;)*
        $(pub use $module::VERSION as $constant;)*

        /// Every version: those of ECS, oldest first, and then those of other schemas.
        pub const ALL: &[&Version] = &[$(&$constant),*];
    };
}

versions! {
    v1_20 V1_20,
    v2_2 V2_2,
    v3_0 V3_0,
    ocsf_1_8 OCSF_1_8
}

/// The version of that name, with or without the patch number.
pub fn find(name: &str) -> Option<&'static Version> {
    ALL.iter().copied().find(|version| name == version.name || name.strip_suffix(".0") == Some(version.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_with_and_without_the_patch_number() {
        for version in ALL {
            assert_eq!(find(version.name), Some(*version));
            assert_eq!(find(&format!("{}.0", version.name)), Some(*version));
            let schema = if version.schema.name == "ecs" { String::new() } else { format!("{}-", version.schema.name) };
            assert_eq!(format!("{}.0", version.name), format!("{schema}{}", version.number));
        }
        for name in ["1.2", "1.8", "1.8.0", "ocsf", "ocsf-", ".0", ""] {
            assert_eq!(find(name), None, "{name}");
        }
    }

    #[test]
    fn every_version_has_a_number_of_its_own_and_the_newest_is_the_last() {
        let numbers: Vec<(&str, Vec<u32>)> = ALL
            .iter()
            .map(|version| (version.schema.name, version.number.split('.').map(|part| part.parse().unwrap()).collect()))
            .collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }
}
