//! Which component maps: replacing it while mail keeps flowing, and the signatures that a component needs.

pub mod replacement;
pub mod signature;
