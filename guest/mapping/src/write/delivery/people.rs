//! Who and what took part in a delivery: `related` and `user`.

use crate::{
    address::Address,
    context::MappingContext,
    document::{Direction, Document},
    endpoint::Addresses,
    json::Buffer,
    network::NetworkText,
    write::parts::{push_distinct, push_users},
};

/// Adds `related`: pseudonyms by the key before, mail domains and the ones that somebody registered, IP addresses, people.
#[inline(always)]
pub(crate) fn push_related(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    addresses: &Addresses<'_>,
) {
    let Addresses { sender, recipient } = *addresses;
    let start = out.len();
    out.push_ascii(br#""related":{"#);
    let [to_hash, from_hash] = [recipient, sender].map(|address| address.map_or("", Address::previous_hash_json));
    push_distinct(out, r#""hash":["#, [to_hash, from_hash, "", ""]);
    let [to, from] = [recipient, sender].map(|address| address.map_or("", Address::host_json));
    let [to_registered, from_registered] =
        [recipient, sender].map(|address| address.map_or("", Address::registered_host_json));
    push_distinct(out, r#""hosts":["#, [to, from, to_registered, from_registered]);
    let ip = [&document.destination, &document.source]
        .map(|endpoint| endpoint.network(context).map_or("", NetworkText::ip_json));
    push_distinct(out, r#""ip":["#, [ip[0], ip[1], "", ""]);
    push_users(out, addresses);
    out.close(start, b"}");
}

/// Adds `user`: the one of the two who belongs to the tenant, the sender before the recipient.
#[inline(always)]
pub(crate) fn push_user(out: &mut Buffer<'_>, direction: Option<Direction>, addresses: &Addresses<'_>) {
    let user = match direction {
        Some(Direction::Inbound) => addresses.recipient,
        Some(Direction::Outbound | Direction::Internal) => addresses.sender,
        Some(Direction::External) | None => None,
    };
    out.push_str(user.map_or("", |address| address.user()));
}
