//! The file of a key of pseudonyms: 32 random bytes as they are, or a line of hexadecimal digits or Base64.

use std::{
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use crate::{
    mapper::PseudonymKey,
    support::plain_file::{self, Links},
};

/// How long a key is, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

/// No file of a key is longer, in bytes.
const MOST_BYTES: u64 = 1024;

/// What users other than the owner and the group may do with a file.
const OTHERS: u32 = 0o007;

/// With or without `=` at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why there is no key in a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PseudonymKeyFileError {
    /// It cannot be read.
    #[error("could not read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Everybody may use it.
    #[error(
        "everybody on this machine may use `{0}`\nhint: `chmod 600 {0}`, and make another key if others have read it"
    )]
    Open(String),
    /// What it has is not a key.
    #[error("`{path}` has no key: {problem}\nhint: `exotrace privacy keygen FILE` makes one")]
    NoKey {
        /// The file.
        path: String,
        /// What it has.
        problem: String,
    },
}

/// Reads a key.
pub(crate) fn read(path: &Path) -> Result<PseudonymKey, PseudonymKeyFileError> {
    let shown = || path.display().to_string();
    let failed = |source| PseudonymKeyFileError::Read { path: shown(), source };
    let file = plain_file::open(path, Links::Followed).map_err(failed)?;
    // Of the file that is read, and not of one that was there before.
    if file.metadata().map_err(failed)?.permissions().mode() & OTHERS != 0 {
        return Err(PseudonymKeyFileError::Open(shown()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES as usize + 1));
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    key(&bytes).map(PseudonymKey::new).map_err(|problem| PseudonymKeyFileError::NoKey { path: shown(), problem })
}

/// The key in a file with these bytes.
fn key(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = bytes.trim_ascii();
    let is_text = text.iter().all(u8::is_ascii_graphic);
    if bytes.len() == KEY_BYTES && !is_text {
        return Ok(bytes.to_vec());
    }
    if text.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if !is_text {
        return Err(format!("it has {} bytes, and {KEY_BYTES} random ones are needed", bytes.len()));
    }
    let key = Zeroizing::new(if text.iter().all(u8::is_ascii_hexdigit) { hexadecimal(text) } else { base64(text)? });
    if key.len() != KEY_BYTES {
        return Err(format!("its text stands for {} bytes, and {KEY_BYTES} random ones are needed", key.len()));
    }
    Ok(key.to_vec())
}

fn hexadecimal(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default() as u8;
    text.chunks(2).map(|pair| pair.iter().fold(0, |value, byte| value << 4 | digit(byte))).collect()
}

fn base64(text: &[u8]) -> Result<Vec<u8>, String> {
    // The letters of URLs are those of everybody else but for two.
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().map(|byte| standard(*byte)).collect());
    let no_text = |_| "its text is neither hexadecimal nor Base64".to_owned();
    BASE64.decode(text.as_slice()).map_err(no_text)
}

fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        process::Command,
    };

    use super::*;

    const BYTES: [u8; KEY_BYTES] = {
        let mut bytes = [0xfb; KEY_BYTES];
        bytes[1] = 0xff;
        bytes[31] = 0;
        bytes
    };

    #[test]
    fn a_key_is_read_in_every_form() {
        let hex: String = BYTES.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = base64::prelude::BASE64_STANDARD.encode(BYTES);
        let url = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(BYTES);
        assert_ne!(url, base64.trim_end_matches('='));
        for text in [hex.clone(), hex.to_uppercase() + "\n", base64.clone(), base64 + "\r\n", url] {
            assert_eq!(key(text.as_bytes()).as_deref(), Ok(&BYTES[..]), "{text}");
        }
        assert_eq!(key(&BYTES).as_deref(), Ok(&BYTES[..]));
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for (bytes, expected) in [
            (&b""[..], "the file is empty"),
            (b" \n", "the file is empty"),
            (&BYTES[..31], "it has 31 bytes, and 32 random ones are needed"),
            // 16 random bytes, as `openssl rand -hex 16` gives them.
            (&[b'a'; 32], "its text stands for 16 bytes, and 32 random ones are needed"),
            (&[b'z'; 32], "its text stands for 24 bytes, and 32 random ones are needed"),
            (b"correct-horse-battery-staple!", "its text is neither hexadecimal nor Base64"),
        ] {
            assert_eq!(key(bytes), Err(expected.to_owned()), "{bytes:?}");
        }
    }

    #[test]
    fn a_file_that_others_may_use_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let problem = || read(&path).unwrap_err().to_string();
        assert!(problem().contains("No such file"), "{}", problem());
        fs::write(&path, BYTES).unwrap();
        for (mode, is_refused) in [(0o604, true), (0o602, true), (0o644, true), (0o640, false), (0o400, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).is_err(), is_refused, "{mode:o}");
            assert!(!is_refused || problem().contains("everybody on this machine may use"), "{}", problem());
        }
        assert_eq!(format!("{:?}", read(&path).unwrap()), "****");
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(problem().contains("not a regular file"), "{}", problem());
    }
}
