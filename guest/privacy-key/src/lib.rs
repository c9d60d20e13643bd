//! The key of pseudonyms as people hand it over to an adapter: 32 random bytes, raw, or as hexadecimal or Base64.
#![forbid(unsafe_code)]

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

/// How long a key is, in bytes.
pub const KEY_BYTES: usize = 32;

/// The error for any other text.
pub const NO_KEY: &str =
    "has no key: 32 random bytes, raw or in hexadecimal or Base64\nhint: `exotrace privacy keygen` makes one";

/// The key in a file or a text; `None`: there is no key in it.
pub fn parse(bytes: &[u8]) -> Option<Vec<u8>> {
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
    fn a_key_is_read_in_every_form_and_nothing_else_is_one() {
        for text in [
            HEXLOWER_PERMISSIVE.encode(&BYTES) + "\n",
            BASE64.encode(&BYTES),
            BASE64_NOPAD.encode(&BYTES),
            BASE64URL.encode(&BYTES),
        ] {
            assert_eq!(parse(text.as_bytes()).as_deref(), Some(&BYTES[..]), "{text}");
        }
        assert_eq!(parse(&BYTES).as_deref(), Some(&BYTES[..]));
        for bytes in [&b""[..], b"AQID", &[b'a'; 32], &BYTES[1..]] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
    }
}
