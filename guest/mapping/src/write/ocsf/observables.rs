//! `observables`: what is searched for in events of every class.

use super::email::email;
use crate::{
    context::MappingContext,
    document::Document,
    endpoint::{Addresses, Endpoint},
    json::Buffer,
};

/// Adds `observables`: IP addresses, mail addresses and domains, and pseudonyms by the key before.
#[inline(always)]
pub(super) fn push_observables(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    addresses: &Addresses<'_>,
) {
    let Addresses { sender, recipient } = *addresses;
    let ip = |endpoint: &Endpoint| endpoint.network(context).map_or("", |network| network.ip_json.as_str());
    let start = out.len();
    out.push_ascii(br#""observables":["#);
    push(out, r#"{"name":"src_endpoint.ip","type":"IP Address","type_id":2,"value":"#, ip(&document.source));
    push(out, r#"{"name":"dst_endpoint.ip","type":"IP Address","type_id":2,"value":"#, ip(&document.destination));
    push(out, r#"{"name":"from","type":"Email Address","type_id":5,"value":"#, email(sender));
    push(out, r#"{"name":"to","type":"Email Address","type_id":5,"value":"#, email(recipient));
    let [from, to] = [sender, recipient].map(|address| address.map_or("", |address| &*address.hosts[0]));
    push(out, r#"{"name":"src_endpoint.domain","type":"Hostname","type_id":1,"value":"#, from);
    push(out, r#"{"name":"dst_endpoint.domain","type":"Hostname","type_id":1,"value":"#, to);
    let [from, to] = [sender, recipient].map(|address| address.map_or("", |address| &*address.previous_hash_json));
    push(out, r#"{"name":"from","type":"Previous Pseudonym","type_id":99,"value":"#, from);
    push(out, r#"{"name":"to","type":"Previous Pseudonym","type_id":99,"value":"#, to);
    out.close(start, b"]");
}

/// Adds one, unless its value, a JSON string, is empty.
#[inline(always)]
fn push(out: &mut Buffer<'_>, before: &str, value: &str) {
    if !value.is_empty() {
        out.push_str(before);
        out.push_str(value);
        out.push_ascii(b"},");
    }
}
