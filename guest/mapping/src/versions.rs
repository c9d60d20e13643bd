//! The mapping versions, one file each. A new one needs a line here.

use crate::version::Version;

/// Declares the module and the constant of each version, and the list of all.
macro_rules! versions {
    ($($module:ident $constant:ident),*) => {
        $(mod $module;)*
        $(pub use $module::VERSION as $constant;)*

        /// Every version, oldest first.
        pub const ALL: &[&Version] = &[$(&$constant),*];
    };
}

versions! {
    v1_20 V1_20,
    v2_2 V2_2,
    v3_0 V3_0
}

/// The version of that number, with or without the patch number.
pub fn find(number: &str) -> Option<&'static Version> {
    ALL.iter().copied().find(|version| number == version.number || number == version.short_number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_by_either_number() {
        for version in ALL {
            assert_eq!(find(version.number), Some(*version));
            assert_eq!(find(version.short_number()), Some(*version));
        }
        assert_eq!(find("1.2"), None);
    }

    #[test]
    fn every_version_has_a_number_of_its_own_and_the_newest_is_the_last() {
        let numbers: Vec<Vec<u32>> =
            ALL.iter().map(|version| version.number.split('.').map(|part| part.parse().unwrap()).collect()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }
}
