//! What names a delivery through all its statuses, and the `_id` of a document that is made of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{date::format_date, record::Record, text::guid_digits};

/// The first 20 bytes of the hash of texts of one tenant.
pub(crate) type Key = [u8; 20];

/// What names the delivery of a record, if the record has any id.
pub(crate) fn of_record(tenant: &str, record: &Record, timestamp: Option<i64>) -> Option<Key> {
    let text = |name: &str| record.text(name).ok().flatten().unwrap_or_default();
    let recipient = text("RecipientAddress").to_ascii_lowercase();
    let (id, message_id) = (text("MessageTraceId"), text("MessageId"));
    if !id.is_empty() {
        let id = guid_bytes(id).unwrap_or_else(|| id.to_ascii_lowercase().into_bytes());
        return Some(hash(tenant, &[&id, recipient.as_bytes()]));
    }
    if message_id.is_empty() {
        return None;
    }
    let received = timestamp.and_then(format_date).unwrap_or_default();
    let second = received.split('.').next().unwrap_or_default();
    let sender = text("SenderAddress").to_ascii_lowercase();
    let sender = if sender == "<>" { String::new() } else { sender };
    let parts = ["", message_id, second, &sender, &recipient];
    Some(hash(tenant, &parts.map(str::as_bytes)))
}

/// What names a delivery that has no id: all of its record.
pub(crate) fn of_line(tenant: &str, line: &str) -> Key {
    hash(tenant, &[b"", b"", line.as_bytes()])
}

/// The `_id` of the document of a delivery in one state.
pub(crate) fn document_id(tenant: &str, key: &Key, action: &str) -> String {
    to_text(&hash(tenant, &[key, action.as_bytes()]))
}

/// The `_id` of a document that could not be mapped wholly.
pub(crate) fn failed_document_id(tenant: &str, line: &str) -> String {
    to_text(&hash(tenant, &[b"", line.as_bytes()]))
}

/// As it stands in documents.
pub(crate) fn to_text(key: &Key) -> String {
    STANDARD.encode(key)
}

/// A tenant and texts, each after its length; the tenant with zeros up to a multiple of 64 bytes.
fn hash(tenant: &str, texts: &[&[u8]]) -> Key {
    let mut bytes = Vec::new();
    append(&mut bytes, crate::text::normal_id(tenant).as_bytes());
    while !bytes.len().is_multiple_of(64) {
        bytes.push(0);
    }
    for text in texts {
        append(&mut bytes, text);
    }
    *Sha256::digest(&bytes).first_chunk().expect("a hash has 32 bytes")
}

fn append(bytes: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    loop {
        let low = u8::try_from(length % 128).expect("less than 128");
        length /= 128;
        if length == 0 {
            bytes.push(low);
            break;
        }
        bytes.push(128 + low);
    }
    bytes.extend(text);
}

fn guid_bytes(text: &str) -> Option<Vec<u8>> {
    let number = u128::from_str_radix(&guid_digits(text)?, 16).ok()?;
    Some(number.to_be_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_seven_bits_a_byte() {
        for (length, expected) in [(0, vec![0]), (127, vec![127]), (128, vec![128, 1]), (16_384, vec![128, 128, 1])] {
            let mut bytes = Vec::new();
            append(&mut bytes, &vec![b'x'; length]);
            assert_eq!(bytes[..bytes.len() - length], expected);
        }
    }
}
