//! A component file as it was read.

use std::{io::Read as _, path::Path};

use super::{component_error::ComponentError, limits::MAX_COMPONENT_BYTES};
use crate::support::{
    plain_file::{self, Links},
    signature,
};

/// What a component file was when it was read.
#[derive(Debug, Clone)]
pub struct ComponentFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Those of the signature beside it, if there is one.
    pub signature: Option<Vec<u8>>,
}

impl ComponentFile {
    /// Reads the file at `path`, and the signature beside it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, ComponentError> {
        let bytes = read_component(path)?;
        Ok(Self { bytes, signature: read_component(&signature::path_of(path)).ok() })
    }
}

/// Reads a component file without checking its contents.
///
/// # Errors
///
/// When the file cannot be read, or is larger than any mapping.
pub fn read_component(path: &Path) -> Result<Vec<u8>, ComponentError> {
    let unreadable = |source| ComponentError::Unreadable { path: path.to_owned(), source };
    let file = plain_file::open(path, Links::Followed).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_COMPONENT_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_COMPONENT_BYTES {
        return Err(ComponentError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::error_text::chain;

    #[test]
    fn a_device_without_an_end_is_refused() {
        let error = read_component(Path::new("/dev/zero")).err().map(|error| chain(&error));
        assert_eq!(error.as_deref(), Some("could not read `/dev/zero`: not a regular file"));
    }
}
