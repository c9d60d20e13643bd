//! The key of pseudonyms: from a file that the host gives, or from the environment.

use std::fs;

use exotrace_privacy_key::{NO_KEY, parse};

use crate::options::SecretText;

/// The key, if one is given.
pub(crate) fn read(file: Option<&str>, text: Option<&SecretText>, hint: &str) -> Result<Option<Vec<u8>>, String> {
    match (file, text) {
        (Some(_), Some(_)) => Err("`privacy-key-file` and `privacy-key` exclude each other".to_owned()),
        (Some(path), None) => {
            let bytes = fs::read(path);
            let bytes =
                bytes.map_err(|error| format!("could not read the key of pseudonyms `{path}`: {error}\n{hint}"))?;
            parse(&bytes).map(Some).ok_or_else(|| format!("`{path}` {NO_KEY}"))
        }
        (None, Some(text)) => {
            parse(text.expose().as_bytes()).map(Some).ok_or_else(|| format!("`privacy-key` {NO_KEY}"))
        }
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    const BYTES: [u8; 32] = [0xfb; 32];

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
}
