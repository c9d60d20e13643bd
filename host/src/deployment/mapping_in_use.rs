//! A mapping with what it takes.

/// A mapping that maps for one source, or is kept ready to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingInUse {
    /// `current`, `before`, `trial`, or `compared` for what is compared with a canary.
    pub role: &'static str,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Memory of its instances.
    pub memory_bytes: u64,
    /// How many instances it has.
    pub instances: u64,
}
