//! The layout of OCSF: Email Activity, activity Trace (guest/docs/ocsf.md).

mod email;
mod metadata;
mod observables;
mod status;
mod unmapped;
mod values;

use values::{push_json, push_time};

use super::{delivery::message::push_message, parts::is_original_kept};
use crate::{
    context::MappingContext,
    date::Instant,
    document::{Direction, Document, IdPlaces},
    endpoint::{Addresses, Endpoint},
    json::Buffer,
    outcome::Origin,
};

/// Writes a document; `line` is the record's own text, `offset` where it begins in its batch. Returns the places in it
/// for the ids, which are not known yet.
#[inline(always)]
pub(crate) fn push_document(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
) -> IdPlaces {
    let Document { source, destination, .. } = document;
    let addresses = Addresses { sender: source.address(context), recipient: destination.address(context) };
    let start = out.len();
    out.push_ascii(br#"{"activity_id":4,"activity_name":"Trace","category_name":"Network Activity","category_uid":4,"#);
    out.push_ascii(br#""class_name":"Email Activity","class_uid":4009,"#);
    out.push_str(&context.settings.cloud.member);
    push_direction(out, document.direction);
    push_endpoint(out, context, r#""dst_endpoint":{"#, destination);
    email::push_email(out, context, document, &addresses);
    push_message(out, document, &addresses);
    email::push_trace_id(out, context, document);
    let places = metadata::push_metadata(out, context, document, origin);
    observables::push_observables(out, context, document, &addresses);
    if source.network(context).is_some() || destination.network(context).is_some() {
        out.push_ascii(br#""protocol_name":"SMTP","#);
    }
    if is_original_kept(context, document) {
        out.push_ascii(br#""raw_data":"#);
        out.push_string(line);
        out.push(b',');
    }
    out.push_ascii(br#""severity":"Informational","severity_id":1,"#);
    push_endpoint(out, context, r#""src_endpoint":{"#, source);
    status::push_status(out, document);
    let read_at = origin.read_at.and_then(Instant::from_milliseconds);
    // Every event of OCSF has a time: what nothing is known of is where time begins.
    push_time(out, r#""time":"#, document.received.or(read_at).map_or(0, Instant::milliseconds));
    out.push_ascii(br#""timezone_offset":0,"type_name":"Email Activity: Trace","type_uid":400904,"#);
    unmapped::push_unmapped(out, context, document, offset, origin);
    out.close(start, b"}");
    out.pop(); // the comma
    IdPlaces {
        document: places.document.map(|place| place - start),
        delivery: places.delivery.map(|place| place - start),
    }
}

#[inline(always)]
fn push_direction(out: &mut Buffer<'_>, direction: Option<Direction>) {
    out.push_str(match direction {
        None => r#""direction":"Unknown","direction_id":0,"#,
        Some(Direction::Inbound) => r#""direction":"Inbound","direction_id":1,"#,
        Some(Direction::Outbound) => r#""direction":"Outbound","direction_id":2,"#,
        Some(Direction::Internal) => r#""direction":"Internal","direction_id":3,"#,
        Some(Direction::External) => r#""direction":"External","direction_id":99,"#,
    });
}

/// Adds one end of the delivery, unless nothing is known of it.
#[inline(always)]
fn push_endpoint(out: &mut Buffer<'_>, context: &MappingContext, key: &str, endpoint: &Endpoint) {
    let start = out.len();
    out.push_str(key);
    if let Some(network) = endpoint.network(context) {
        out.push_str(&network.members);
    }
    let domain = endpoint.address(context).map_or("", |address| &*address.hosts[0]);
    // Without an address of either kind, it would be no endpoint.
    if domain.is_empty() && endpoint.network(context).is_none_or(|network| network.ip_json.is_empty()) {
        out.truncate(start);
        return;
    }
    push_json(out, r#""domain":"#, domain);
    out.close(start, b"}");
}
