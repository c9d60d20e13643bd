//! What a document says about a mail domain.

use crate::{json::build, local_domains::LocalDomains, suffix::SuffixList};

/// What is known about one domain.
pub(crate) struct Domain {
    /// Whether the domain is one of the tenant's.
    pub(crate) is_local: bool,
    /// `domain`, `registered_domain`, `subdomain` and `top_level_domain`, each with a comma after it.
    pub(crate) members: String,
    /// It as a JSON string, or nothing when it is empty.
    pub(crate) json: String,
    /// The domain that somebody registered as a JSON string, or nothing.
    pub(crate) registered_json: String,
}

impl Domain {
    pub(crate) fn new(domain: &str, suffix_list: &SuffixList, local_domains: &LocalDomains) -> Self {
        let split = suffix_list.split(domain);
        let registered = split.as_ref().and_then(|split| split.registered_domain.as_deref()).unwrap_or_default();
        let members = build(|out| {
            out.push_member(r#""domain":"#, domain);
            if let Some(split) = &split {
                out.push_member(r#""registered_domain":"#, registered);
                out.push_member(r#""subdomain":"#, split.subdomain.unwrap_or_default());
                out.push_member(r#""top_level_domain":"#, &split.top_level_domain);
            }
        });
        let string = |text: &str| if text.is_empty() { String::new() } else { build(|out| out.push_string(text)) };
        let (json, registered_json) = (string(domain), string(registered));
        Self { is_local: local_domains.contain(domain), members, json, registered_json }
    }
}
