//! What a record may be.

/// The longest record that is mapped, in bytes; a longer one fails alone. Real records are under 4 KiB.
pub const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// How deep arrays and objects may be nested in a record. Real records are flat.
pub const MAX_DEPTH: usize = 64;
