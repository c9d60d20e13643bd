//! What a document says about a mail domain.

use crate::{json::Buffer, local_domains::LocalDomains, pieces::Pieces, suffix::SuffixList};

/// What is known about one domain.
pub(crate) struct Domain {
    pieces: Pieces<3>,
    /// Whether the domain is one of the tenant's.
    pub(crate) is_local: bool,
}

// What the pieces are.
const JSON: usize = 0;
const REGISTERED_JSON: usize = 1;
const MEMBERS: usize = 2;

impl Domain {
    pub(crate) fn new(domain: &str, suffix_list: &SuffixList, local_domains: &LocalDomains) -> Self {
        let split = suffix_list.split(domain);
        let registered = split.as_ref().and_then(|split| split.registered_domain.as_deref()).unwrap_or_default();
        let string = |out: &mut Buffer<'_>, text: &str| {
            if !text.is_empty() {
                out.push_string(text);
            }
        };
        let pieces = Pieces::new([&|out| string(out, domain), &|out| string(out, registered), &|out| {
            out.push_member(r#""domain":"#, domain);
            if let Some(split) = &split {
                out.push_member(r#""registered_domain":"#, registered);
                out.push_member(r#""subdomain":"#, split.subdomain.unwrap_or_default());
                out.push_member(r#""top_level_domain":"#, &split.top_level_domain);
            }
        }]);
        Self { pieces, is_local: local_domains.contain(domain) }
    }

    /// It as a JSON string, or nothing when it is empty.
    pub(crate) fn json(&self) -> &str {
        self.pieces.get(JSON)
    }

    /// The domain that somebody registered as a JSON string, or nothing.
    pub(crate) fn registered_json(&self) -> &str {
        self.pieces.get(REGISTERED_JSON)
    }

    /// `domain`, `registered_domain`, `subdomain` and `top_level_domain`, each with a comma after it.
    pub(crate) fn members(&self) -> &str {
        self.pieces.get(MEMBERS)
    }
}
