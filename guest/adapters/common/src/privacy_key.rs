//! The key of pseudonyms: from a file that the host gives, or from the environment.

use std::fs;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use crate::options::SecretText;

/// How long a key is, in bytes.
const KEY_BYTES: usize = 32;

/// The key, if one is given.
pub(crate) fn read(file: Option<&str>, text: Option<&SecretText>, hint: &str) -> Result<Option<Vec<u8>>, String> {
    match (file, text) {
        (Some(_), Some(_)) => Err("`privacy-key-file` and `privacy-key` exclude each other".to_owned()),
        (Some(path), None) => {
            let bytes = fs::read(path);
            let bytes =
                bytes.map_err(|error| format!("could not read the key of pseudonyms `{path}`: {error}\n{hint}"))?;
            key(&bytes).map(Some).ok_or_else(|| format!("`{path}` {NO_KEY}"))
        }
        (None, Some(text)) => key(text.expose().as_bytes()).map(Some).ok_or_else(|| format!("`privacy-key` {NO_KEY}")),
        (None, None) => Ok(None),
    }
}

/// What is said of anything else.
const NO_KEY: &str =
    "has no key: 32 random bytes, raw or in hexadecimal or Base64\nhint: `exotrace privacy keygen` makes one";

fn key(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = bytes.trim_ascii();
    if bytes.len() == KEY_BYTES && !text.iter().all(u8::is_ascii_graphic) {
        return Some(bytes.to_vec());
    }
    let encodings = [HEXLOWER_PERMISSIVE, BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD];
    encodings.iter().find_map(|encoding| encoding.decode(text).ok().filter(|key| key.len() == KEY_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; KEY_BYTES] = [0xfb; KEY_BYTES];

    #[test]
    fn a_key_comes_from_one_place() {
        let text: SecretText = SecretText::new(&BASE64.encode(&BYTES));
        assert_eq!(read(None, Some(&text), ""), Ok(Some(BYTES.to_vec())));
        assert_eq!(read(None, None, ""), Ok(None));
        let problem = |file, text| read(file, text, "hint: x").unwrap_err();
        assert_eq!(problem(Some("none"), Some(&text)), "`privacy-key-file` and `privacy-key` exclude each other");
        assert!(
            problem(Some("no-such-file"), None).starts_with("could not read the key of pseudonyms `no-such-file`: ")
        );
        assert!(problem(None, Some(&SecretText::new("AQID"))).starts_with("`privacy-key` has no key: "));
        assert_eq!(format!("{text:?}"), "****");
    }

    #[test]
    fn a_key_is_read_in_every_form_and_nothing_else_is_one() {
        for text in [
            HEXLOWER_PERMISSIVE.encode(&BYTES) + "\n",
            BASE64.encode(&BYTES),
            BASE64_NOPAD.encode(&BYTES),
            BASE64URL.encode(&BYTES),
        ] {
            assert_eq!(key(text.as_bytes()).as_deref(), Some(&BYTES[..]), "{text}");
        }
        assert_eq!(key(&BYTES).as_deref(), Some(&BYTES[..]));
        for bytes in [&b""[..], b"AQID", &[b'a'; 32], &BYTES[1..]] {
            assert_eq!(key(bytes), None, "{bytes:?}");
        }
    }
}
