//! The link to the next page, and the ways in which it can be a bad one.

use axum::http::{HeaderMap, Uri, header};

use super::{page::PageRequest, skip_token};
use crate::{Tenant, faults::Fault, request_number::RequestNumber};

/// One request, as far as the link in its answer depends on it.
pub(super) struct LinkSource<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) number: RequestNumber,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

impl LinkSource<'_> {
    /// Returns the link to the next page at the address where the client found this one.
    pub(super) fn next_link(&self, next: &PageRequest) -> String {
        let Self { tenant, number, headers, .. } = *self;
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
        let host = if tenant.strikes(Fault::ForeignLink, number) { &tenant.config().foreign_host } else { host };
        format!("http://{host}{}", self.next_target(next))
    }

    fn next_target(&self, next: &PageRequest) -> String {
        let Self { tenant, number, uri, .. } = *self;
        let own_target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
        if tenant.strikes(Fault::RepeatedLink, number) {
            return own_target.to_owned();
        }
        if tenant.faults().is_on(Fault::LinkCycle)
            && let Some(target) = tenant.two_pages_back(own_target)
            && tenant.strikes(Fault::LinkCycle, number)
        {
            return target;
        }
        let is_quoted = tenant.strikes(Fault::QuotedToken, number);
        let skip_token = if is_quoted { skip_token::encode_quoted(next) } else { skip_token::encode(next) };
        let target = format!("{}?$skiptoken={skip_token}", uri.path());
        if tenant.faults().is_on(Fault::LinkCycle) {
            tenant.remember_link(own_target, &target);
        }
        target
    }
}
