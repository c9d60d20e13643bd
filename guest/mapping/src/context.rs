//! What a session keeps from one document to the next.

use std::sync::Arc;

use crate::{
    address::Address, cache::Cache, domain::Domain, ids::Ids, json::Raw, network::Networks,
    session_settings::SessionSettings, version::Version,
};

/// A version with its settings, and the pieces of documents that are kept.
pub(crate) struct MappingContext {
    pub(crate) version: &'static Version,
    pub(crate) settings: SessionSettings,
    pub(crate) networks: Networks,
    pub(crate) addresses: Cache<Address>,
    pub(crate) domains: Cache<Arc<Domain>>,
    pub(crate) ids: Ids,
}

impl MappingContext {
    pub(crate) fn new(version: &'static Version, settings: SessionSettings) -> Self {
        let ids = Ids::new(version.id, &settings.tenant_id, settings.privacy.as_ref());
        Self { version, settings, networks: Cache::new(), addresses: Cache::new(), domains: Cache::new(), ids }
    }

    /// Where in the cache an address is: the one that `raw`, a string, stands for.
    pub(crate) fn find_address(&mut self, raw: &Raw<'_>) -> usize {
        let Self { addresses, domains, settings, version, .. } = self;
        let (place, _) = addresses.find_or_insert(raw.text, || {
            let privacy = settings.privacy.as_ref();
            Address::new(raw, version.addresses, version.layout, privacy, |domain| {
                let (place, _) = domains.find_or_insert(domain, || {
                    Arc::new(Domain::new(domain, &settings.suffix_list, &settings.local_domains))
                });
                Arc::clone(domains.get(place))
            })
        });
        place
    }
}
