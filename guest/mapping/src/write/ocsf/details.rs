//! The event of a delivery with its steps: that of the row, with why it failed, and step by step how.

use exotrace_details::DeliveryDetails;

use super::{
    email, ip, metadata,
    observables::{Observable, push_observables},
    push_class, push_endpoint, push_original, push_protocol, push_times,
    status::push_details_status,
    unmapped::{Steps, push_unmapped},
    values::{push_json, push_time},
};
use crate::{
    address::Address,
    context::MappingContext,
    details_record::DetailsLine,
    document::{Document, IdPlaces},
    endpoint::Addresses,
    json::{Buffer, build},
    network::NetworkText,
    outcome::Origin,
    write::{
        delivery::message::push_message,
        last_server::LastServer,
        parts::push_text,
        shown::Shown,
        steps::{clients, push_cause},
    },
};

/// What an event is made of.
struct EventFacts<'a> {
    context: &'a MappingContext,
    document: &'a Document<'a>,
    details: &'a DeliveryDetails,
    shown: Shown<'a>,
    server: Option<LastServer>,
    /// The IP address of the last server as a JSON string, when the row has another one or none.
    other_ip: String,
}

/// Writes a document, and returns the places in it for the ids.
pub(crate) fn push_details_document(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    details: &DeliveryDetails,
    lines: DetailsLine<'_>,
    origin: &Origin,
) -> IdPlaces {
    let Document { source, destination, .. } = document;
    let addresses = Addresses { sender: source.address(context), recipient: destination.address(context) };
    let shown = Shown { privacy: context.settings.privacy.as_ref() };
    let server = LastServer::of(details, document, &shown);
    let other_ip = server.as_ref().filter(|server| !server.is_of_row).and_then(|server| server.ip.as_deref());
    let other_ip = other_ip.map(string).unwrap_or_default();
    let facts = EventFacts { context, document, details, shown, server, other_ip };
    let start = out.len();
    push_class(out, context, document.direction);
    push_destination(out, &facts);
    push_span(out, details);
    email::push_email(out, context, document, &addresses);
    let message = out.len();
    push_message(out, document, &addresses);
    push_cause(out, message, details, &shown);
    email::push_trace_id(out, context, document);
    let places = metadata::push_metadata(out, context, document, "messageTraceDetails", origin);
    let destination_ip = if facts.other_ip.is_empty() { ip(context, destination) } else { &facts.other_ip };
    push_observables(out, [ip(context, source), destination_ip], &addresses, &observables(&facts));
    push_policy(out, &facts);
    push_protocol(out, context, document);
    push_original(out, context, document, lines.line);
    push_endpoint(out, context, r#""src_endpoint":{"#, source);
    push_details_status(out, document, details, &shown);
    push_times(out, document, origin);
    let steps = Steps { details, shown: &shown, has_other_ip: !facts.other_ip.is_empty() };
    push_unmapped(out, context, document, lines.offset, origin, Some(&steps));
    out.close(start, b"}");
    out.pop(); // the comma
    IdPlaces {
        document: places.document.map(|place| place - start),
        delivery: places.delivery.map(|place| place - start),
    }
}

/// Adds `dst_endpoint`: the last server outside, if one is known, and the domain of the recipient.
fn push_destination(out: &mut Buffer<'_>, facts: &EventFacts<'_>) {
    let EventFacts { context, document: Document { destination, .. }, server, other_ip, .. } = facts;
    let host = server.as_ref().and_then(|server| server.host.as_deref());
    let network = destination.network(context).filter(|_| other_ip.is_empty());
    let domain = destination.address(context).map_or("", Address::host_json);
    let has_ip = !other_ip.is_empty() || network.is_some_and(|network| !network.ip_json().is_empty());
    // Without an address of any kind, it would be no endpoint.
    if host.is_none() && domain.is_empty() && !has_ip {
        return;
    }
    let start = out.len();
    out.push_ascii(br#""dst_endpoint":{"#);
    push_json(out, r#""ip":"#, other_ip);
    out.push_str(network.map_or("", NetworkText::members));
    push_json(out, r#""domain":"#, domain);
    push_text(out, r#""hostname":"#, host);
    out.close(start, b"}");
}

/// Adds when the first and the last step happened, and the milliseconds between.
fn push_span(out: &mut Buffer<'_>, details: &DeliveryDetails) {
    let Some((first, last)) = details.times() else { return };
    push_time(out, r#""duration":"#, last.saturating_sub(first));
    push_time(out, r#""end_time":"#, last);
    push_time(out, r#""start_time":"#, first);
}

/// What is to be found of the steps: servers and clients, each once.
fn observables(facts: &EventFacts<'_>) -> Vec<Observable> {
    let EventFacts { context, document: Document { source, destination, .. }, details, shown, server, other_ip } =
        facts;
    let last_host = server.as_ref().and_then(|server| server.host.as_deref());
    let mut found = Vec::new();
    let mut add = |before: &'static str, value: String| {
        if !found.iter().any(|known: &Observable| known.value == value) {
            found.push(Observable { before, value });
        }
    };
    if let Some(host) = last_host {
        add(r#"{"name":"dst_endpoint.hostname","type":"Hostname","type_id":1,"value":"#, string(host));
    }
    for host in details.hosts().into_iter().filter_map(|host| shown.host(host)) {
        add(r#"{"name":"unmapped.details.steps","type":"Hostname","type_id":1,"value":"#, string(&host));
    }
    let of_row = ip(context, destination);
    if !other_ip.is_empty() && !of_row.is_empty() {
        add(r#"{"name":"unmapped.toIP","type":"IP Address","type_id":2,"value":"#, of_row.to_owned());
    }
    for client in clients(details, shown).iter().map(|client| string(client)) {
        if ![ip(context, source), of_row, other_ip.as_str()].contains(&client.as_str()) {
            add(r#"{"name":"unmapped.details.steps","type":"IP Address","type_id":2,"value":"#, client);
        }
    }
    found
}

/// Adds `policy`: the rule that has decided. Its name is what somebody has written, of whomever.
fn push_policy(out: &mut Buffer<'_>, facts: &EventFacts<'_>) {
    let Some(rule) = facts.details.rule() else { return };
    let start = out.len();
    out.push_ascii(br#""policy":{"#);
    if let Some(policy) = rule.policy.as_deref().and_then(|policy| facts.shown.text(policy)) {
        out.push_ascii(br#""group":{"name":"#);
        out.push_string(policy);
        out.push_ascii(b"},");
    }
    push_text(out, r#""name":"#, facts.shown.text(&rule.name));
    push_text(out, r#""type":"#, Some(rule.kind.name()));
    push_text(out, r#""uid":"#, rule.id.as_deref());
    out.close(start, b"}");
}

fn string(text: &str) -> String {
    build(|out| out.push_string(text))
}
