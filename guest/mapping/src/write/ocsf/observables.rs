//! `observables`: what is searched for in events of every class.

use super::email::email;
use crate::{address::Address, endpoint::Addresses, json::Buffer};

/// Something more to search for.
pub(super) struct Observable {
    /// The object up to its value.
    pub(super) before: &'static str,
    /// A JSON string.
    pub(super) value: String,
}

/// Adds `observables`: IP addresses of both ends, as JSON strings, mail addresses and domains, pseudonyms by the key
/// before, and what else there is.
#[inline(always)]
pub(super) fn push_observables(
    out: &mut Buffer<'_>,
    [source_ip, destination_ip]: [&str; 2],
    addresses: &Addresses<'_>,
    more: &[Observable],
) {
    let Addresses { sender, recipient } = *addresses;
    let start = out.len();
    out.push_ascii(br#""observables":["#);
    push(out, r#"{"name":"src_endpoint.ip","type":"IP Address","type_id":2,"value":"#, source_ip);
    push(out, r#"{"name":"dst_endpoint.ip","type":"IP Address","type_id":2,"value":"#, destination_ip);
    push(out, r#"{"name":"from","type":"Email Address","type_id":5,"value":"#, email(sender));
    push(out, r#"{"name":"to","type":"Email Address","type_id":5,"value":"#, email(recipient));
    let [from, to] = [sender, recipient].map(|address| address.map_or("", Address::host_json));
    push(out, r#"{"name":"src_endpoint.domain","type":"Hostname","type_id":1,"value":"#, from);
    push(out, r#"{"name":"dst_endpoint.domain","type":"Hostname","type_id":1,"value":"#, to);
    let [from, to] = [sender, recipient].map(|address| address.map_or("", Address::previous_hash_json));
    push(out, r#"{"name":"from","type":"Previous Pseudonym","type_id":99,"value":"#, from);
    push(out, r#"{"name":"to","type":"Previous Pseudonym","type_id":99,"value":"#, to);
    for Observable { before, value } in more {
        push(out, before, value);
    }
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
