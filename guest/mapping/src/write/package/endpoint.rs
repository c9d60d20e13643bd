//! `source` and `destination`.

use crate::{context::MappingContext, endpoint::Endpoint, json::Buffer};

/// Adds `source` or `destination` (rows 8, 10, 15, 16, 20 to 24 and 28).
#[inline(always)]
pub(crate) fn push_endpoint(out: &mut Buffer<'_>, context: &MappingContext, key: &str, endpoint: &Endpoint) {
    let start = out.len();
    out.push_str(key);
    if let Some(network) = endpoint.network(context) {
        out.push_str(network.members());
    }
    if let Some(address) = endpoint.address(context) {
        out.push_str(address.domain_members());
        out.push_str(address.user());
    }
    out.close(start, b"}");
}
