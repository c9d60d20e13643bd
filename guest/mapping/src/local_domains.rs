//! The tenant's domains (guest/docs/facts/mapping.md, section 2.9).

use crate::{ignore_case::equal_ignoring_case, version::LocalDomainRule};

/// The tenant's domains.
pub(crate) struct LocalDomains {
    domains: Option<Vec<String>>,
    rule: LocalDomainRule,
}

impl LocalDomains {
    /// `None` when nobody has said which domains are the tenant's.
    pub(crate) fn new(domains: Option<Vec<String>>, rule: LocalDomainRule) -> Self {
        Self { domains, rule }
    }

    /// Whether any were given: without them no direction can be said, while an empty list makes all mail external.
    pub(crate) fn are_given(&self) -> bool {
        self.domains.is_some()
    }

    pub(crate) fn contain(&self, domain: &str) -> bool {
        self.domains.iter().flatten().any(|local| match local.strip_prefix("*.") {
            // Elastic's package has no such entries: for those that it has, nothing changes.
            Some(parent) => parents(domain).any(|of| self.equal(parent, of)),
            None => {
                let has_parent = || parents(domain).any(|of| self.equal(local, of));
                self.equal(local, domain) || (self.rule == LocalDomainRule::WithSubDomains && has_parent())
            }
        })
    }

    fn equal(&self, local: &str, domain: &str) -> bool {
        local == domain || (self.rule != LocalDomainRule::Exact && equal_ignoring_case(local, domain))
    }
}

/// The domains that a domain is a sub-domain of, nearest first.
fn parents(domain: &str) -> impl Iterator<Item = &str> {
    domain.match_indices('.').filter(|(at, _)| *at > 0).filter_map(|(at, _)| domain.get(at + 1..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;
    use crate::versions::{V1_20, V2_2, V3_0};

    #[track_caller]
    fn check_local(version: &Version, local: &str, domain: &str, expected: bool) {
        let domains = Some(vec!["other.example".to_owned(), local.to_owned()]);
        let domains = LocalDomains::new(domains, version.local_domains);
        assert_eq!(domains.contain(domain), expected, "{local} {domain}");
    }

    #[test]
    fn a_star_stands_for_sub_domains_and_nothing_else() {
        for version in [&V1_20, &V2_2] {
            for domain in ["mail.contoso.com", "a.b.contoso.com", "..contoso.com"] {
                check_local(version, "*.contoso.com", domain, true);
                check_local(version, "contoso.com", domain, false);
            }
            for domain in ["contoso.com", ".contoso.com", "xcontoso.com", "mail.contoso.com.evil.example", ""] {
                check_local(version, "*.contoso.com", domain, false);
            }
            check_local(version, "contoso.com", "contoso.com", true);
            check_local(version, "*.bücher.example", "mail.bücher.example", true);
        }
        check_local(&V2_2, "*.contoso.com", "Mail.CONTOSO.com", true);
        check_local(&V1_20, "*.contoso.com", "Mail.CONTOSO.com", false);
    }
    #[test]
    fn sub_domains_of_a_domain_count_where_the_version_says_so() {
        for (local, domain, expected) in [
            ("contoso.com", "contoso.com", true),
            ("Contoso.com", "mail.CONTOSO.com", true),
            ("contoso.com", "a.b.contoso.com", true),
            ("contoso.com", "xcontoso.com", false),
            ("contoso.com", ".contoso.com", false),
            ("contoso.com", "contoso.com.evil.example", false),
            ("*.contoso.com", "contoso.com", false),
            ("*.contoso.com", "mail.contoso.com", true),
        ] {
            check_local(&V3_0, local, domain, expected);
        }
    }
}
