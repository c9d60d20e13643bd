//! The mapping once more, written from its specification to be obviously right instead of fast.
//!
//! Property tests and fuzzing compare the mapper that ships with this one. It shares no code with that, only the
//! list of public suffixes, and nothing but tests may depend on it.

mod address;
mod date;
mod delivery;
mod delivery_key;
mod document;
mod fingerprint;
mod json;
mod line;
mod ocsf;
mod record;
mod settings;
mod side;
mod status;
mod suffix;
mod tags;
mod text;
mod version;

#[cfg(test)]
mod tests;

pub use address::split_address;
pub use date::parse_date;
pub use document::map;
pub use settings::{Geo, Mapped, Origin, Settings};
pub use suffix::{Split, split_domain};
pub use version::{OCSF_1_8, V1_20, V2_2, V3_0, VERSIONS, Version};
