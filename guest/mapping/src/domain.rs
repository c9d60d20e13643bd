//! What a document says about a mail domain.

use crate::{
    json::push_string,
    settings::LocalDomains,
    suffix::Suffixes,
};

/// What is known about one domain.
pub(crate) struct Domain {
    /// Whether the domain is one of the tenant's.
    pub(crate) is_local: bool,
    /// `domain`, `registered_domain`, `subdomain` and `top_level_domain`, each with a comma after it.
    pub(crate) members: String,
}

impl Domain {
    pub(crate) fn new(domain: &str, suffixes: &Suffixes, local_domains: &LocalDomains) -> Self {
        let mut members = String::new();
        push_member(&mut members, r#""domain":"#, domain);
        if let Some(split) = suffixes.split(domain) {
            push_member(&mut members, r#""registered_domain":"#, split.registered_domain.as_deref().unwrap_or_default());
            push_member(&mut members, r#""subdomain":"#, split.subdomain.unwrap_or_default());
            push_member(&mut members, r#""top_level_domain":"#, &split.top_level_domain);
        }
        Self { is_local: local_domains.contain(domain), members }
    }
}

fn push_member(out: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        out.push_str(key);
        push_string(out, value);
        out.push(',');
    }
}
