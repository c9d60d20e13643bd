//! The id of a state folder: the same for as long as the folder is.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::plain_file::{self, Links};

/// The file within the state folder that keeps the id.
const FILE_NAME: &str = "agent-id";

/// The longest such file, in bytes: an id has 36.
const MAX_BYTES: u64 = 4096;

/// The file that keeps it.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE_NAME)
}

/// The id; none when there is none yet, or something else.
///
/// # Errors
///
/// When the file is there and cannot be read.
pub(crate) fn read(state_dir: &Path) -> io::Result<Option<String>> {
    match plain_file::bytes(&path(state_dir), Links::Refused, MAX_BYTES) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok().map(|id| id.trim().to_owned()).filter(|id| is_id(id))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a text is an id: a UUID.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|character| character == '-' || character.is_ascii_hexdigit())
}
