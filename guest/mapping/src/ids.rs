//! The ids of documents and deliveries, worked out for several at a time.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    delivery_key::{self, Delivery},
    fingerprint::Fingerprints,
    hash_inputs::{Digest, HashInputs},
    json::Raw,
    message_blocks::{DIGEST_BYTES, LANES},
    privacy::{Privacy, PseudonymKeys},
    property::Property,
    sha256::Sha256,
    version::IdRule,
};

/// How long an id is: 20 bytes as Base64.
pub(crate) const ID_BYTES: usize = 28;

/// Collects what ids are made of.
pub(crate) struct Ids {
    hash: Hash,
    deliveries: HashInputs,
    documents: DocumentIds,
}

/// How an id is made of its input.
enum Hash {
    /// After the tenant.
    Sha256(Sha256),
    /// Where an id is not to be guessed from an address, with a key, which is the tenant's.
    Keyed(Box<PseudonymKeys>),
}

impl Hash {
    fn digests(&self, texts: &[&[u8]; LANES]) -> [Digest; LANES] {
        match self {
            Self::Sha256(sha256) => sha256.digests(texts),
            Self::Keyed(keys) => texts.map(|text| keys.id(text)),
        }
    }
}

/// Collects what the ids of documents are made of.
enum DocumentIds {
    Fingerprint {
        fingerprints: Fingerprints,
        empty_status_counts: bool,
    },
    Delivery {
        inputs: HashInputs,
        /// Where in them the key of the next delivery belongs, of which there is none when a document has failed.
        key_places: Vec<Option<usize>>,
    },
}

/// The ids of several documents, in order.
pub(crate) struct TakenIds {
    /// One for each document.
    pub(crate) documents: Vec<String>,
    /// One for each document whose delivery is known.
    pub(crate) deliveries: Vec<String>,
}

impl Ids {
    pub(crate) fn new(rule: IdRule, tenant: &str, privacy: Option<&Privacy>) -> Self {
        let documents = match rule {
            IdRule::Fingerprint { empty_status_counts } => {
                DocumentIds::Fingerprint { fingerprints: Fingerprints::default(), empty_status_counts }
            }
            IdRule::Delivery => DocumentIds::Delivery { inputs: HashInputs::default(), key_places: Vec::new() },
        };
        let hash = match privacy {
            Some(privacy) => Hash::Keyed(Box::new(privacy.keys().clone())),
            None => Hash::Sha256(Sha256::after(&delivery_key::beginning(tenant))),
        };
        Self { hash, deliveries: HashInputs::default(), documents }
    }

    /// Takes down what the `_id` of a document is made of, and what names its delivery; returns whether anything does.
    /// The `_id` of a failed document is made of the whole record: what it lacks may be all that tells it from another.
    /// `action` is `None` when it has failed.
    pub(crate) fn add(&mut self, action: Option<&str>, delivery: &Delivery<'_>, line: &str) -> bool {
        let has_failed = action.is_none();
        let mut has_key = delivery_key::add(&mut self.deliveries, delivery);
        if !has_key && !has_failed {
            // Two records that nothing names are two deliveries, unless they are the same to the byte.
            delivery_key::add_line(&mut self.deliveries, line);
            has_key = true;
        }
        match &mut self.documents {
            DocumentIds::Fingerprint { fingerprints, empty_status_counts } => {
                if !has_failed {
                    add_fingerprint(fingerprints, delivery, *empty_status_counts);
                }
                fingerprints.end(line);
            }
            DocumentIds::Delivery { inputs, key_places } => {
                inputs.add_part(if has_failed { b"" } else { &[0; DIGEST_BYTES] });
                if has_key {
                    key_places.push((!has_failed).then(|| inputs.bytes.len() - DIGEST_BYTES));
                }
                inputs.add_part(action.unwrap_or(line).as_bytes());
                inputs.end();
            }
        }
        has_key
    }

    /// Takes the ids of all that was added.
    pub(crate) fn take(&mut self) -> TakenIds {
        let Self { hash, deliveries, documents } = self;
        let keys = deliveries.take(|texts| hash.digests(texts));
        let documents = match documents {
            DocumentIds::Fingerprint { fingerprints, .. } => fingerprints.take(),
            DocumentIds::Delivery { inputs, key_places } => {
                for (key, place) in keys.iter().zip(key_places.drain(..)) {
                    place.into_iter().for_each(|place| inputs.bytes.replace(place, key));
                }
                inputs.take(|texts| hash.digests(texts))
            }
        };
        let text = |digests: &[[u8; DIGEST_BYTES]]| digests.iter().map(|digest| STANDARD.encode(digest)).collect();
        TakenIds { documents: text(&documents), deliveries: text(&keys) }
    }
}

/// The properties in the order of their fields' names.
fn add_fingerprint(fingerprints: &mut Fingerprints, delivery: &Delivery<'_>, empty_status_counts: bool) {
    let Delivery { record, sender, recipient, .. } = delivery;
    let present = |property| record.get(property).present().unwrap_or(Raw::MISSING);
    fingerprints.add(&present(Property::Size));
    sender.iter().for_each(|text| fingerprints.add_text(text));
    fingerprints.add(&present(Property::MessageTraceId));
    fingerprints.add(&present(Property::MessageId));
    fingerprints.add(&present(Property::Subject));
    recipient.iter().for_each(|text| fingerprints.add_text(text));
    let status = record.get(Property::Status);
    fingerprints.add(&if empty_status_counts { status } else { present(Property::Status) });
}
