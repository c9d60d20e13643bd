//! A secret in a file: read again when the file changes, so that it can be replaced while mail flows.

use std::{io, path::Path};

use crate::support::{plain_file, secret::Secret};

/// Why there is no secret in a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    #[error("{0}")]
    Read(io::Error),
    #[error("the file is empty")]
    Empty,
}

/// Reads it; white space at its end does not count.
pub(crate) fn read(path: &Path) -> Result<Secret, SecretFileError> {
    let text = plain_file::line(path).map_err(SecretFileError::Read)?;
    let text = text.trim_end();
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
        assert_eq!(read_back(b"\xffa"), Err("not a text in UTF-8".to_owned()));
        assert_eq!(read_back(&[b'x'; 70_000]), Err("longer than 65536 bytes".to_owned()));
        assert!(matches!(read(&folder.path().join("none")), Err(SecretFileError::Read(_))));
    }
}
