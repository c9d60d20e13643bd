//! `source`, `destination` and `network`.

use crate::{
    address::Address,
    context::MappingContext,
    document::{Direction, Document},
    endpoint::Endpoint,
    json::Buffer,
    network::NetworkText,
};

/// Adds `source` or `destination`. Its `address` is the mail domain, or else the IP address.
#[inline(always)]
pub(super) fn push_endpoint(out: &mut Buffer<'_>, context: &MappingContext, key: &str, endpoint: &Endpoint) {
    let start = out.len();
    out.push_str(key);
    let address = endpoint.address(context);
    let network = endpoint.network(context);
    let domain = address.map_or("", Address::host_json);
    let raw = if domain.is_empty() { network.map_or("", NetworkText::ip_json) } else { domain };
    if !raw.is_empty() {
        out.push_ascii(br#""address":"#);
        out.push_str(raw);
        out.push(b',');
    }
    if let Some(network) = network {
        out.push_str(network.members());
    }
    if let Some(address) = address {
        out.push_str(address.domain_members());
        out.push_str(address.user());
    }
    out.close(start, b"}");
}

/// Adds `network`. That a message went over the internet is known of one that has an IP address and crossed the tenant's
/// border.
#[inline(always)]
pub(super) fn push_network(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    let Some(direction) = document.direction else { return };
    out.push_ascii(br#""network":{"direction":""#);
    out.push_str(direction.name());
    let has_ip = document.source.network(context).is_some() || document.destination.network(context).is_some();
    if has_ip && direction != Direction::Internal {
        out.push_ascii(br#"","protocol":"smtp"#);
    }
    out.push_ascii(b"\"},");
}
