//! What names a delivery: one message to one recipient, whatever its status.
//!
//! The first 20 bytes of the SHA-256 over a few values, each after its length in four bytes, lowest first. The values are
//! the tenant's id, the message's id and the recipient. Without an id: the tenant's id, nothing, the `Message-ID`, the
//! second of receipt, the sender and the recipient. Letter case does not count in ids and addresses, and neither do
//! digits beyond the second, of which every service gives another number.

use crate::{
    date::Instant,
    guid,
    hash_inputs::{Digest, HashInputs},
    json::{Raw, decode},
    property::Property,
    record::Record,
    sha256::digests,
};

/// Collects what the keys of several deliveries are made of.
pub(crate) struct DeliveryKeys {
    /// The tenant's id.
    tenant: String,
    inputs: HashInputs,
}

/// What a delivery is known by.
pub(crate) struct Delivery<'a> {
    pub(crate) record: &'a Record<'a>,
    pub(crate) received: Option<Instant>,
    /// As written; the one of a bounce, `<>`, counts as none.
    pub(crate) sender: Option<&'a str>,
    /// As written.
    pub(crate) recipient: Option<&'a str>,
}

impl DeliveryKeys {
    /// Keys for deliveries of the tenant of that id; empty when nobody has named it.
    pub(crate) fn new(tenant: &str) -> Self {
        Self { tenant: guid::normalised(tenant).into_owned(), inputs: HashInputs::default() }
    }

    /// Adds a delivery, unless neither of its ids is known: then it returns `false`.
    pub(crate) fn add(&mut self, delivery: &Delivery<'_>) -> bool {
        let id = text(delivery.record, Property::MessageTraceId);
        let message_id = text(delivery.record, Property::MessageId);
        if id.is_none() && message_id.is_none() {
            return false;
        }
        self.inputs.add_part(self.tenant.as_bytes());
        if let Some(id) = id {
            self.inputs.add_part(guid::normalised(&decode(&id)).as_bytes());
        } else {
            self.inputs.add_part(b"");
            self.inputs.add_part(message_id.map(|id| decode(&id)).unwrap_or_default().as_bytes());
            let received = delivery.received.as_ref().map(Instant::text);
            self.inputs.add_part(received.and_then(|text| text.get(..SECOND_BYTES)).unwrap_or_default());
            self.inputs.add_lower_part(delivery.sender.filter(|sender| *sender != "<>").unwrap_or_default());
        }
        self.inputs.add_lower_part(delivery.recipient.unwrap_or_default());
        self.inputs.end();
        true
    }

    /// Adds a delivery that nothing names but its whole record.
    pub(crate) fn add_line(&mut self, line: &str) {
        for part in [&self.tenant, "", "", line] {
            self.inputs.add_part(part.as_bytes());
        }
        self.inputs.end();
    }

    /// Takes the keys of all deliveries that were added, in order.
    pub(crate) fn take(&mut self) -> Vec<Digest> {
        self.inputs.take(digests)
    }
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
    fn check(line: &str, expected: &[&str]) {
        let mut input = Vec::new();
        for part in expected {
            input.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
            input.extend(part.as_bytes());
        }
        let expected = STANDARD.encode(&Sha256::digest(&input)[..20]);
        assert_eq!(delivery_id(TENANT, line), Some(expected), "{line}");
    }

    #[test]
    fn the_id_and_the_recipient_name_a_delivery() {
        let tenant = "aaaaaaaa-1111-2222-3333-444444444444";
        let id = "6f1c1a1e-0b1e-4a53-9a4e-08dc00000001";
        for line in [
            r#"{"Received":"2026-03-04T05:06:07.8901234","MessageTraceId":"6F1C1A1E-0B1E-4A53-9A4E-08DC00000001","RecipientAddress":"Ann@Contoso.COM","SenderAddress":"a@b.c","Status":"Delivered","Size":7}"#,
            r#"{"receivedDateTime":"2026-03-04T05:06:07Z","id":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","recipientAddress":"ann\u0040contoso.com","senderAddress":"<>","status":"failed","size":8}"#,
            r#"{"Received":"no date","MessageTraceId":"{6f1c1a1e-0b1e-4a53-9a4e-08dc00000001}","RecipientAddress":"ann@contoso.com"}"#,
        ] {
            check(line, &[tenant, id, "ann@contoso.com"]);
        }
    }

    #[test]
    fn without_an_id_the_message_id_and_the_second_name_a_delivery() {
        let expected =
            ["aaaaaaaa-1111-2222-3333-444444444444", "", "<1@b.c>", "2026-03-04T05:06:07", "", "ann@contoso.com"];
        for sender in [r#""<>""#, r#""""#, "null"] {
            for date in ["2026-03-04T05:06:07.8901234", "2026-03-04T06:06:07.1+01:00"] {
                let line = format!(
                    r#"{{"Received":"{date}","MessageId":"\u003c1@b.c>","RecipientAddress":"ANN@contoso.com","SenderAddress":{sender}}}"#
                );
                check(&line, &expected);
            }
        }
    }

    #[test]
    fn what_nothing_names_is_named_by_all_of_it() {
        let line = r#"{"Received":"2026-03-04","RecipientAddress":"ann@contoso.com"}"#;
        check(line, &["aaaaaaaa-1111-2222-3333-444444444444", "", "", line]);
        assert_eq!(delivery_id(TENANT, r#"{"RecipientAddress":"ann@contoso.com"}"#), None);
        assert_eq!(delivery_id(TENANT, "no record"), None);
    }

    #[test]
    fn the_same_message_in_two_tenants_is_two_deliveries() {
        let line = r#"{"Received":"2026-03-04","id":"x","recipientAddress":"ann@contoso.com"}"#;
        assert_ne!(delivery_id(TENANT, line), delivery_id("", line));
    }
}
