//! By what contents are known again.

/// A hash of some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct FileHash {
    /// How many bytes.
    pub length: u64,
    /// Half of their SHA-256.
    pub hash: [u8; 16],
}
