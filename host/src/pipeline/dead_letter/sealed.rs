//! Dead letters where people are hidden: only who has the key of the profile reads the record again.
//!
//! Nothing is lost, and a replay needs nothing that a run does not have anyway.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rand::random;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Salt},
};
use serde::{Deserialize, Serialize};

use super::{DeadLetter, masked};
use crate::mapper::PseudonymKey;

/// What the key that seals is derived for: pseudonyms have others.
const PURPOSE: &[u8] = b"exotrace/dead-letter";

/// A record that is sealed: AES-256-GCM, with a key derived by HKDF-SHA-256 from that of pseudonyms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedRecord {
    /// What the key of pseudonyms is called.
    pub key_id: String,
    /// The nonce, the record and the tag, in Base64.
    pub record: String,
}

/// Seals the records of letters, and opens them again.
pub(crate) struct Sealer {
    key_id: String,
    key: LessSafeKey,
    previous_key: Option<LessSafeKey>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sealer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Sealer {
    /// Seals with the key of this name, and opens what the previous one has sealed as well.
    ///
    /// # Errors
    ///
    /// When no key can be derived.
    pub(crate) fn new(
        key_id: &str,
        key: &PseudonymKey,
        previous_key: Option<&PseudonymKey>,
    ) -> Result<Self, Unspecified> {
        let previous_key = previous_key.map(derived).transpose()?;
        Ok(Self { key_id: key_id.to_owned(), key: derived(key)?, previous_key })
    }

    /// The letter without anything of its record that can be read; one that is sealed stays as it is.
    pub(super) fn seal(&self, letter: &DeadLetter) -> Result<DeadLetter, Unspecified> {
        if letter.sealed.is_some() {
            return Ok(letter.clone());
        }
        let nonce: [u8; NONCE_LEN] = random();
        let mut bytes = letter.record.clone().into_bytes();
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)?;
        let record = BASE64_STANDARD.encode([&nonce[..], &bytes].concat());
        Ok(DeadLetter {
            reason: masked(&letter.reason, &letter.record),
            record: String::new(),
            sealed: Some(SealedRecord { key_id: self.key_id.clone(), record }),
            ..letter.clone()
        })
    }

    /// The record, if one of the keys has sealed it.
    pub(crate) fn open(&self, sealed: &SealedRecord) -> Option<String> {
        let bytes = BASE64_STANDARD.decode(&sealed.record).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>()?;
        [Some(&self.key), self.previous_key.as_ref()].into_iter().flatten().find_map(|key| {
            let mut text = text.to_vec();
            let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut text).ok()?;
            String::from_utf8(opened.to_vec()).ok()
        })
    }
}

fn derived(key: &PseudonymKey) -> Result<LessSafeKey, Unspecified> {
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(key.expose());
    let expanded = extracted.expand(&[PURPOSE], &AES_256_GCM)?;
    Ok(LessSafeKey::new(UnboundKey::from(expanded)))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::pipeline::dead_letter::Stage;

    const RECORD: &str = "{\"Subject\":\"zebra \\u00e4\",\"SenderAddress\":\"ann@contoso.com\"}";

    fn letter() -> DeadLetter {
        DeadLetter {
            time: DateTime::UNIX_EPOCH,
            source: "graph".to_owned(),
            stage: Stage::Output,
            output: Some("siem".to_owned()),
            mapping: "3.0.0".to_owned(),
            reason: "cannot parse ann@contoso.com in field [email.subject]".to_owned(),
            id: None,
            read_at: None,
            path: None,
            offset: None,
            record: RECORD.to_owned(),
            sealed: None,
        }
    }

    fn sealer(key: u8, previous: Option<u8>) -> Sealer {
        let key_of = |byte| PseudonymKey::new(vec![byte; 32]);
        Sealer::new("2026-q4", &key_of(key), previous.map(key_of).as_ref()).unwrap()
    }

    #[test]
    fn only_the_key_opens_what_it_has_sealed() {
        let sealed = sealer(1, None).seal(&letter()).unwrap();
        let text = serde_json::to_string(&sealed).unwrap();
        assert!(!text.contains("zebra") && !text.contains("ann@"), "{text}");
        assert!(text.contains("[email.subject]") && !text.contains("\"record\":\"\""), "{text}");
        let sealed: DeadLetter = serde_json::from_str(&text).unwrap();
        let record = sealed.sealed.clone().unwrap();
        assert_eq!(record.key_id, "2026-q4");
        assert_eq!(sealer(1, None).open(&record).as_deref(), Some(RECORD));
        assert_eq!(sealer(2, Some(1)).open(&record).as_deref(), Some(RECORD));
        assert_eq!(sealer(2, None).open(&record), None);
        // What is sealed is not sealed twice, and no two seals are alike.
        assert_eq!(sealer(2, None).seal(&sealed).unwrap(), sealed);
        assert_ne!(sealer(1, None).seal(&letter()).unwrap().sealed, sealed.sealed);
    }

    #[test]
    fn what_was_changed_is_not_opened() {
        let record = sealer(1, None).seal(&letter()).unwrap().sealed.unwrap();
        let mut bytes = BASE64_STANDARD.decode(&record.record).unwrap();
        let short = BASE64_STANDARD.encode(&bytes[..20]);
        bytes[20] ^= 1;
        for damaged in ["", "AAAA", "not Base64", &short, &BASE64_STANDARD.encode(&bytes)] {
            let sealed = SealedRecord { record: damaged.to_owned(), ..record.clone() };
            assert_eq!(sealer(1, None).open(&sealed), None, "{damaged}");
        }
    }
}
