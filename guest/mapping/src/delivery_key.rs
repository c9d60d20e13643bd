//! What names a delivery: one message to one recipient, through all its statuses.
//!
//! The first 20 bytes of the SHA-256 over a few values, each after its length (LEB128). First of all the tenant's id,
//! filled up with zeros to whole blocks of 64 bytes: that part is the same for all records of a session, and hashed once.
//! Then the message's id and the recipient. Without an id: nothing, the `Message-ID`, the second of receipt, the sender
//! and the recipient. An id that is a GUID is its 16 bytes. Letter case does not count in ids and addresses, and neither
//! do digits beyond the second, of which every service gives another number.

use crate::{
    date::Instant,
    guid,
    hash_inputs::HashInputs,
    json::{Raw, decode},
    message_blocks::BLOCK_BYTES,
    property::Property,
    record::Record,
};

/// What a delivery is known by.
pub(crate) struct Delivery<'a> {
    pub(crate) record: &'a Record<'a>,
    pub(crate) received: Option<Instant>,
    /// As written; the one of a bounce, `<>`, counts as none.
    pub(crate) sender: Option<&'a str>,
    /// As written.
    pub(crate) recipient: Option<&'a str>,
}

/// What every key of a tenant's deliveries begins with; the id is empty when nobody has named the tenant.
pub(crate) fn beginning(tenant: &str) -> Vec<u8> {
    let mut inputs = HashInputs::default();
    inputs.add_part(guid::normalised(tenant).as_bytes());
    let mut bytes = inputs.bytes.into_vec();
    bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    bytes
}

/// Adds what the key of a delivery is made of, unless neither of its ids is known: then it returns `false`.
pub(crate) fn add(inputs: &mut HashInputs, delivery: &Delivery<'_>) -> bool {
    let id = text(delivery.record, Property::MessageTraceId);
    let message_id = text(delivery.record, Property::MessageId);
    if id.is_none() && message_id.is_none() {
        return false;
    }
    if let Some(id) = id {
        let id = decode(&id);
        match guid::bytes(&id) {
            Some(guid) => inputs.add_part(&guid),
            None => inputs.add_lower_part(&id),
        }
    } else {
        inputs.add_part(b"");
        inputs.add_part(message_id.map(|id| decode(&id)).unwrap_or_default().as_bytes());
        let received = delivery.received.as_ref().map(Instant::text);
        inputs.add_part(received.and_then(|text| text.get(..SECOND_BYTES)).unwrap_or_default());
        inputs.add_lower_part(delivery.sender.filter(|sender| *sender != "<>").unwrap_or_default());
    }
    inputs.add_lower_part(delivery.recipient.unwrap_or_default());
    inputs.end();
    true
}

/// Adds a delivery that nothing names but its whole record.
pub(crate) fn add_line(inputs: &mut HashInputs, line: &str) {
    for part in ["", "", line] {
        inputs.add_part(part.as_bytes());
    }
    inputs.end();
}

/// Whether a record has an id that names its delivery.
pub(crate) fn is_named(record: &Record<'_>) -> bool {
    text(record, Property::MessageTraceId).or_else(|| text(record, Property::MessageId)).is_some()
}

/// How much of an instant's text names its second: `2026-03-04T05:06:07`.
const SECOND_BYTES: usize = 19;

fn text<'a>(record: &Record<'a>, property: Property) -> Option<Raw<'a>> {
    record.get(property).present().filter(Raw::is_string)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    use crate::{NoGeo, Origin, Outcome, Session, Settings, Tenant, versions};

    const TENANT: &str = "AAAAAAAA-1111-2222-3333-444444444444";

    const ID: &[u8] = b"\x6f\x1c\x1a\x1e\x0b\x1e\x4a\x53\x9a\x4e\x08\xdc\0\0\0\x01";

    fn delivery_id(tenant: &str, line: &str) -> Option<String> {
        let tenant = Some(Tenant { id: tenant.to_owned(), name: None });
        let mut session = Session::open(&versions::V2_2, &Settings { tenant, ..Settings::default() }).unwrap();
        let outcome = session.map_batch(line, &Origin::default(), &mut NoGeo).outcomes.pop();
        match outcome {
            Some(Outcome::Mapped { delivery_id, .. }) => Some(delivery_id),
            Some(Outcome::Failed { delivery_id, .. }) => delivery_id,
            _ => None,
        }
    }

    #[track_caller]
    fn check(line: &str, expected: &[&[u8]]) {
        let mut input = b"\x24aaaaaaaa-1111-2222-3333-444444444444".to_vec();
        input.resize(64, 0);
        for part in expected {
            // A line of the test is longer than 127 bytes, and shorter than 256.
            input.extend(if part.len() < 128 { vec![part.len() as u8] } else { vec![part.len() as u8, 1] });
            input.extend(*part);
        }
        let expected = STANDARD.encode(&Sha256::digest(&input)[..20]);
        assert_eq!(delivery_id(TENANT, line), Some(expected), "{line}");
    }

    #[test]
    fn the_id_and_the_recipient_name_a_delivery() {
        for line in [
            r#"{"Received":"2026-03-04T05:06:07.8901234","MessageTraceId":"6F1C1A1E-0B1E-4A53-9A4E-08DC00000001","RecipientAddress":"Ann@Contoso.COM","SenderAddress":"a@b.c","Status":"Delivered","Size":7}"#,
            r#"{"receivedDateTime":"2026-03-04T05:06:07Z","id":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","recipientAddress":"ann\u0040contoso.com","senderAddress":"<>","status":"failed","size":8}"#,
            r#"{"Received":"no date","MessageTraceId":"{6f1c1a1e-0b1e-4a53-9a4e-08dc00000001}","RecipientAddress":"ann@contoso.com"}"#,
        ] {
            check(line, &[ID, b"ann@contoso.com"]);
        }
        check(r#"{"Received":"2026","id":"No GUID","recipientAddress":""}"#, &[b"no guid", b""]);
    }

    #[test]
    fn without_an_id_the_message_id_and_the_second_name_a_delivery() {
        let expected: &[&[u8]] = &[b"", b"<1@b.c>", b"2026-03-04T05:06:07", b"", b"ann@contoso.com"];
        for sender in [r#""<>""#, r#""""#, "null"] {
            for date in ["2026-03-04T05:06:07.8901234", "2026-03-04T06:06:07.1+01:00"] {
                let line = format!(
                    r#"{{"Received":"{date}","MessageId":"\u003c1@b.c>","RecipientAddress":"ANN@contoso.com","SenderAddress":{sender}}}"#
                );
                check(&line, expected);
            }
        }
    }

    #[test]
    fn what_nothing_names_is_named_by_all_of_it() {
        let line = format!(r#"{{"Received":"2026-03-04","RecipientAddress":"{}@contoso.com"}}"#, "a".repeat(100));
        check(&line, &[b"", b"", line.as_bytes()]);
        assert_eq!(delivery_id(TENANT, r#"{"RecipientAddress":"ann@contoso.com"}"#), None);
        assert_eq!(delivery_id(TENANT, "no record"), None);
    }

    #[test]
    fn the_same_message_in_two_tenants_is_two_deliveries() {
        let line = r#"{"Received":"2026-03-04","id":"x","recipientAddress":"ann@contoso.com"}"#;
        assert_ne!(delivery_id(TENANT, line), delivery_id("", line));
    }
}
