//! Where a secret comes from.

use std::path::PathBuf;

use crate::support::secret::Secret;

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// The settings have it.
    Text(Secret),
    /// A file has it, and is read again when it changes.
    File(PathBuf),
}
