//! What a document's `_id` is made of (row 29).

use crate::{context::MappingContext, document::Document, json::Raw, property::Property};

/// Takes down what the `_id` of a document is made of. That of a failed document is made of the whole record: what it
/// lacks may be all that tells it from another.
pub(crate) fn add(context: &mut MappingContext, document: &Document<'_>, line: &str) {
    let MappingContext { fingerprints, addresses, version, .. } = context;
    if document.failures.is_empty() {
        let text = |address: Option<usize>| address.map(|place| addresses.get(place).text());
        let record = &document.record;
        let present = |property| record.get(property).present().unwrap_or(Raw::MISSING);
        fingerprints.add(&present(Property::Size));
        text(document.source.address).into_iter().for_each(|text| fingerprints.add_text(text));
        fingerprints.add(&present(Property::MessageTraceId));
        fingerprints.add(&present(Property::MessageId));
        fingerprints.add(&present(Property::Subject));
        text(document.destination.address).into_iter().for_each(|text| fingerprints.add_text(text));
        let status = record.get(Property::Status);
        fingerprints.add(&if version.empty_status_counts { status } else { present(Property::Status) });
    }
    fingerprints.end(line);
}
