//! Pseudonyms: the same for the same value, and of no use without the key.

use data_encoding::BASE32_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{guid, hash_inputs::Digest, message_blocks::DIGEST_BYTES, settings::SettingsError};

/// How long a key is, in bytes.
const KEY_BYTES: usize = 32;

/// How much of an HMAC a pseudonym has, in bytes: enough that no two people share one.
const PSEUDONYM_BYTES: usize = 16;

/// What a pseudonym stands for. Pseudonyms of two kinds have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PseudonymKind {
    /// A whole mail address.
    Address,
    /// What stands before the last `@` of an address.
    LocalPart,
    /// The `Message-ID` header.
    MessageId,
    /// The subject.
    Subject,
}

/// The pseudonym of a value of a tenant: `p-` and 26 characters. Letter case does not count in the value.
///
/// # Errors
///
/// When the key is not usable.
pub fn pseudonym(kind: PseudonymKind, tenant_id: &str, value: &str, key: &[u8]) -> Result<String, SettingsError> {
    Ok(PseudonymKeys::new(&guid::normalised(tenant_id), key)?.pseudonym(kind, value))
}

/// The keys of a tenant, one for each kind, all made of one key. They leave no trace in memory.
#[derive(Clone)]
pub(crate) struct PseudonymKeys {
    address: Hmac<Sha256>,
    local_part: Hmac<Sha256>,
    message_id: Hmac<Sha256>,
    subject: Hmac<Sha256>,
    /// For the ids of documents and deliveries.
    id: Hmac<Sha256>,
}

impl PseudonymKeys {
    pub(crate) fn new(tenant_id: &str, key: &[u8]) -> Result<Self, SettingsError> {
        let invalid = |problem: String| Err(SettingsError::InvalidPseudonymKey(problem));
        if key.len() != KEY_BYTES {
            return invalid(format!("it has {} bytes, and {KEY_BYTES} are needed", key.len()));
        }
        if key.iter().all(|byte| *byte == key[0]) {
            return invalid("all of its bytes are the same; random ones are needed".to_owned());
        }
        let expand = |kind: &str| {
            let mut derived = Zeroizing::new([0; KEY_BYTES]);
            let info = format!("exotrace/{tenant_id}/{kind}");
            Hkdf::<Sha256>::new(None, key)
                .expand(info.as_bytes(), derived.as_mut_slice())
                .expect("a key is shorter than the longest that can be derived");
            Hmac::new_from_slice(derived.as_slice()).expect("a key of HMAC can have any length")
        };
        Ok(Self {
            address: expand("address"),
            local_part: expand("local-part"),
            message_id: expand("message-id"),
            subject: expand("subject"),
            id: expand("id"),
        })
    }

    pub(crate) fn pseudonym(&self, kind: PseudonymKind, value: &str) -> String {
        let key = match kind {
            PseudonymKind::Address => &self.address,
            PseudonymKind::LocalPart => &self.local_part,
            PseudonymKind::MessageId => &self.message_id,
            PseudonymKind::Subject => &self.subject,
        };
        let code = key.clone().chain_update(value.to_ascii_lowercase()).finalize().into_bytes();
        let mut text = BASE32_NOPAD.encode(code.get(..PSEUDONYM_BYTES).unwrap_or_default());
        text.make_ascii_lowercase();
        format!("p-{text}")
    }

    /// What the id of a document or delivery is made of, where nobody without the key is to guess it.
    pub(crate) fn id(&self, input: &[u8]) -> Digest {
        let code = self.id.clone().chain_update(input).finalize().into_bytes();
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(code.get(..DIGEST_BYTES).unwrap_or_default());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = *b"0123456789abcdef0123456789ABCDEF";

    fn of(kind: PseudonymKind, tenant: &str, value: &str) -> String {
        pseudonym(kind, tenant, value, &KEY).unwrap()
    }

    /// HMAC and HKDF once more, by their definitions (RFC 2104, RFC 5869).
    fn by_definition(info: &str, value: &str) -> Vec<u8> {
        use sha2::Digest as _;
        let hmac = |key: &[u8], text: &[u8]| {
            let mut block = [0; 64];
            block[..key.len()].copy_from_slice(key);
            let pad = |with: u8| block.map(|byte| byte ^ with);
            let inner = Sha256::digest([&pad(0x36), text].concat());
            Sha256::digest([pad(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
        };
        let extracted = hmac(&[0; 32], &KEY);
        let derived = hmac(&extracted, &[info.as_bytes(), &[1]].concat());
        hmac(&derived, value.as_bytes())
    }

    #[test]
    fn a_pseudonym_is_what_its_definition_says() {
        let found = of(PseudonymKind::Address, "tenant", "Ann@Contoso.com");
        let code = by_definition("exotrace/tenant/address", "ann@contoso.com");
        let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
        let bits = u128::from_be_bytes(*code.first_chunk().unwrap());
        let digit = |at: u32| {
            let rest = 128 - 5 * (at + 1).min(25);
            let value = if at < 25 { bits >> rest & 31 } else { (bits & 7) << 2 };
            char::from(alphabet[value as usize])
        };
        let expected: String = (0..26).map(digit).collect();
        assert_eq!(found, format!("p-{expected}"));
    }

    #[test]
    fn kinds_tenants_and_keys_have_nothing_in_common() {
        let value = "ann@contoso.com";
        let mut all: Vec<String> =
            [PseudonymKind::Address, PseudonymKind::LocalPart, PseudonymKind::MessageId, PseudonymKind::Subject]
                .map(|kind| of(kind, "tenant", value))
                .to_vec();
        all.push(of(PseudonymKind::Address, "other", value));
        all.push(pseudonym(PseudonymKind::Address, "tenant", value, &KEY.map(|byte| byte + 1)).unwrap());
        all.push(of(PseudonymKind::Address, "tenant", "bob@contoso.com"));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        assert_eq!(
            of(PseudonymKind::Address, "AAAAAAAA-1111-2222-3333-444444444444", value),
            of(PseudonymKind::Address, "aaaaaaaa-1111-2222-3333-444444444444", value)
        );
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for (key, expected) in [
            (vec![65; 16], "pseudonym key is not usable: it has 16 bytes, and 32 are needed"),
            (Vec::new(), "pseudonym key is not usable: it has 0 bytes, and 32 are needed"),
            (vec![65; 32], "pseudonym key is not usable: all of its bytes are the same; random ones are needed"),
        ] {
            let error = pseudonym(PseudonymKind::Address, "", "x", &key).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
