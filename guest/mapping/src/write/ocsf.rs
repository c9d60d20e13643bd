//! The layout of OCSF: Email Activity, activity Trace (guest/docs/ocsf.md).

mod details;
mod email;
mod metadata;
mod observables;
mod status;
mod unmapped;
mod values;

pub(crate) use details::push_details_document;
use values::{push_json, push_time};

use super::{delivery::message::push_message, parts::is_original_kept};
use crate::{
    address::Address,
    context::MappingContext,
    date::Instant,
    document::{Direction, Document, IdPlaces},
    endpoint::{Addresses, Endpoint},
    json::Buffer,
    network::NetworkText,
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
    push_class(out, context, document.direction);
    push_endpoint(out, context, r#""dst_endpoint":{"#, destination);
    email::push_email(out, context, document, &addresses);
    push_message(out, document, &addresses);
    email::push_trace_id(out, context, document);
    let places = metadata::push_metadata(out, context, document, "messageTraces", origin);
    observables::push_observables(out, [ip(context, source), ip(context, destination)], &addresses, &[]);
    push_protocol(out, context, document);
    push_original(out, context, document, line);
    push_endpoint(out, context, r#""src_endpoint":{"#, source);
    status::push_status(out, document);
    push_times(out, document, origin);
    unmapped::push_unmapped(out, context, document, offset, origin, None);
    out.close(start, b"}");
    out.pop(); // the comma
    IdPlaces {
        document: places.document.map(|place| place - start),
        delivery: places.delivery.map(|place| place - start),
    }
}

/// Begins a document with what it is, and adds where the tenant is and where the mail goes.
#[inline(always)]
fn push_class(out: &mut Buffer<'_>, context: &MappingContext, direction: Option<Direction>) {
    out.push_ascii(br#"{"activity_id":4,"activity_name":"Trace","category_name":"Network Activity","category_uid":4,"#);
    out.push_ascii(br#""class_name":"Email Activity","class_uid":4009,"#);
    out.push_str(&context.settings.cloud.member);
    push_direction(out, direction);
}

/// Adds `protocol_name`, when an IP address is known.
#[inline(always)]
fn push_protocol(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    if document.source.network(context).is_some() || document.destination.network(context).is_some() {
        out.push_ascii(br#""protocol_name":"SMTP","#);
    }
}

/// Adds the record as it came, where that is wanted, and the severity.
#[inline(always)]
fn push_original(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>, line: &str) {
    if is_original_kept(context, document) {
        out.push_ascii(br#""raw_data":"#);
        out.push_string(line);
        out.push(b',');
    }
    out.push_ascii(br#""severity":"Informational","severity_id":1,"#);
}

/// Adds when it happened.
#[inline(always)]
fn push_times(out: &mut Buffer<'_>, document: &Document<'_>, origin: &Origin) {
    let read_at = origin.read_at.and_then(Instant::from_milliseconds);
    // Every event of OCSF has a time: what nothing is known of is where time begins.
    push_time(out, r#""time":"#, document.received.or(read_at).map_or(0, Instant::milliseconds));
    out.push_ascii(br#""timezone_offset":0,"type_name":"Email Activity: Trace","type_uid":400904,"#);
}

/// The IP address of one end as a JSON string, or nothing.
#[inline(always)]
fn ip<'a>(context: &'a MappingContext, endpoint: &Endpoint) -> &'a str {
    endpoint.network(context).map_or("", NetworkText::ip_json)
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
        out.push_str(network.members());
    }
    let domain = endpoint.address(context).map_or("", Address::host_json);
    // Without an address of either kind, it would be no endpoint.
    if domain.is_empty() && endpoint.network(context).is_none_or(|network| network.ip_json().is_empty()) {
        out.truncate(start);
        return;
    }
    push_json(out, r#""domain":"#, domain);
    out.close(start, b"}");
}
