//! What a document's `_id` is made of (row 29), and what names its delivery.

use crate::{context::MappingContext, delivery_key::Delivery, document::Document, json::Raw, property::Property};

/// Takes down what the `_id` of a document is made of, and what names its delivery; returns whether anything does. The
/// `_id` of a failed document is made of the whole record: what it lacks may be all that tells it from another.
pub(crate) fn add(context: &mut MappingContext, document: &Document<'_>, line: &str) -> bool {
    let MappingContext { fingerprints, delivery_keys, addresses, version, .. } = context;
    let text = |address: Option<usize>| address.map(|place| addresses.get(place).text());
    let (sender, recipient) = (text(document.source.address), text(document.destination.address));
    let record = &document.record;
    let has_failed = !document.failures.is_empty();
    if !has_failed {
        let present = |property| record.get(property).present().unwrap_or(Raw::MISSING);
        fingerprints.add(&present(Property::Size));
        sender.into_iter().for_each(|text| fingerprints.add_text(text));
        fingerprints.add(&present(Property::MessageTraceId));
        fingerprints.add(&present(Property::MessageId));
        fingerprints.add(&present(Property::Subject));
        recipient.into_iter().for_each(|text| fingerprints.add_text(text));
        let status = record.get(Property::Status);
        fingerprints.add(&if version.empty_status_counts { status } else { present(Property::Status) });
    }
    fingerprints.end(line);
    let has_key = delivery_keys.add(&Delivery { record, received: document.received, sender, recipient });
    if !has_key && !has_failed {
        // Two records that nothing names are two deliveries, unless they are the same to the byte.
        delivery_keys.add_line(line);
    }
    has_key || !has_failed
}
