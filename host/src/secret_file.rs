//! A secret in a file: read anew when the file changes, so that it can be replaced while mail flows.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use crate::secret::Secret;

/// The longest file, in bytes: whoever names another file by mistake is told so.
const LONGEST: u64 = 64 * 1024;

/// Why there is no secret in a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    #[error("{0}")]
    Read(io::Error),
    #[error("the file is empty")]
    Empty,
    #[error("the file is longer than a secret")]
    TooLong,
    #[error("the file is not text")]
    NotText,
}

/// Reads it; white space at its end does not count.
pub(crate) fn read(path: &Path) -> Result<Secret, SecretFileError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(SecretFileError::Read)?;
    if bytes.len() as u64 > LONGEST {
        return Err(SecretFileError::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| SecretFileError::NotText)?;
    // Editors of Windows put a mark in front.
    let text = text.trim_start_matches('\u{feff}').trim_end();
    if text.is_empty() { Err(SecretFileError::Empty) } else { Ok(Secret::new(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_secret_is_the_text_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let read_back = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            read(&path).map(|secret| secret.expose().to_owned()).map_err(|error| error.to_string())
        };
        assert_eq!(read_back(b"hunter2\r\n").as_deref(), Ok("hunter2"));
        assert_eq!(read_back("\u{feff}a b\n\n".as_bytes()).as_deref(), Ok("a b"));
        assert_eq!(read_back(b" \n"), Err("the file is empty".to_owned()));
        assert_eq!(read_back(b"\xff\xfe"), Err("the file is not text".to_owned()));
        assert_eq!(read_back(&[b'x'; 70_000]), Err("the file is longer than a secret".to_owned()));
        assert!(matches!(read(&folder.path().join("none")), Err(SecretFileError::Read(_))));
    }
}
