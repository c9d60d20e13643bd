//! `email`.

use crate::{
    address::Address,
    document::Document,
    endpoint::Addresses,
    json::{Buffer, copy_pruned},
    property::Property,
};

/// Adds `email` (rows 7, 9, 11 to 14, 17 and 25).
#[inline(always)]
pub(crate) fn push_email(out: &mut Buffer<'_>, document: &Document<'_>, addresses: &Addresses<'_>) {
    let start = out.len();
    out.push_ascii(br#""email":{"#);
    push_value(out, document, r#""attachments":{"file":{"size":"#, Property::Size, "}}");
    if document.received.is_some() {
        // What is not a date would make Elasticsearch refuse the whole document.
        push_value(out, document, r#""delivery_timestamp":"#, Property::Received, "");
    }
    if let Some(direction) = document.direction {
        out.push_ascii(br#""direction":""#);
        out.push_str(direction.name());
        out.push_ascii(b"\",");
    }
    push_address(out, r#""from":{"address":["#, addresses.sender);
    push_value(out, document, r#""local_id":"#, Property::MessageTraceId, "");
    push_value(out, document, r#""message_id":"#, Property::MessageId, "");
    push_value(out, document, r#""subject":"#, Property::Subject, "");
    push_address(out, r#""to":{"address":["#, addresses.recipient);
    out.close(start, b"}");
}

/// Copies a property of any type, unless nothing is in it.
#[inline(always)]
fn push_value(out: &mut Buffer<'_>, document: &Document<'_>, before: &str, property: Property, after: &str) {
    let value = document.record.get(property);
    if value.is_empty() {
        return;
    }
    let start = out.len();
    out.push_str(before);
    if copy_pruned(out, &value) {
        out.push_str(after);
        out.push(b',');
    } else {
        out.truncate(start);
    }
}

#[inline(always)]
fn push_address(out: &mut Buffer<'_>, before: &str, address: Option<&Address>) {
    if let Some(address) = address {
        out.push_str(before);
        out.push_str(address.json());
        out.push_ascii(b"]},");
    }
}
