//! How a session maps.

use crate::{fields::Fields, json::build, suffix::Suffixes, version::Version};

/// The tag that keeps `event.original`.
pub(crate) const PRESERVE_TAG: &str = "preserve_original_event";

/// How a session maps.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Domains of the tenant, from which `email.direction` is derived; `None`: no direction is written. A domain matches
    /// itself alone, and `*.` before one matches its sub-domains.
    pub local_domains: Option<Vec<String>>,
    /// Keep every record's own bytes in `event.original`, and put the tag `preserve_original_event` first.
    pub preserve_original_event: bool,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped, compared ignoring case.
    pub drop_status: Vec<String>,
    /// Fields to add to every document: a JSON object as text.
    pub fields: Option<String>,
    /// A public suffix list in the format of publicsuffix.org, in place of the built-in one.
    pub suffix_list: Option<String>,
}

/// Why a session could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The fields to add are not a JSON object.
    #[error("fields to add are not usable: {0}")]
    InvalidFields(String),
    /// A field to add is one that the mapping itself writes.
    #[error("field `{0}` is written by the mapping itself")]
    ReservedField(String),
    /// The public suffix list is not one.
    #[error("public suffix list is not usable: {0}")]
    InvalidSuffixList(String),
    /// The mapping has no rule for this setting.
    #[error("this mapping has no rule for `{0}`")]
    Unsupported(String),
}

/// Settings, checked and turned into what mapping needs.
pub(crate) struct Prepared {
    pub(crate) local_domains: LocalDomains,
    pub(crate) preserve_original_event: bool,
    /// The tags without those that are empty or repeated, the one for the switch first: each as a JSON string with a
    /// comma after it.
    pub(crate) tags: String,
    pub(crate) drop_status: Vec<String>,
    pub(crate) fields: Fields,
    pub(crate) suffixes: Suffixes,
}

impl Prepared {
    pub(crate) fn new(version: &Version, settings: &Settings) -> Result<Self, SettingsError> {
        if !version.drops_statuses && !settings.drop_status.is_empty() {
            return Err(SettingsError::Unsupported("drop_status".to_owned()));
        }
        let switch = settings.preserve_original_event.then_some(PRESERVE_TAG);
        let mut tags: Vec<String> = Vec::new();
        for tag in switch.into_iter().chain(settings.tags.iter().map(String::as_str)) {
            if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
        let suffixes = match &settings.suffix_list {
            Some(text) => Suffixes::parse(text).map_err(|error| SettingsError::InvalidSuffixList(error.to_string()))?,
            None => Suffixes::built_in(),
        };
        Ok(Self {
            local_domains: LocalDomains {
                domains: settings.local_domains.clone(),
                ignore_case: version.local_domains_ignore_case,
            },
            preserve_original_event: tags.iter().any(|tag| tag == PRESERVE_TAG),
            tags: tags.iter().map(|tag| build(|out| out.push_string(tag)) + ",").collect(),
            drop_status: settings.drop_status.clone(),
            fields: Fields::parse(settings.fields.as_deref())?,
            suffixes,
        })
    }
}

/// The tenant's domains (mapping-spec.md, section 2.9).
pub(crate) struct LocalDomains {
    domains: Option<Vec<String>>,
    ignore_case: bool,
}

impl LocalDomains {
    /// Whether any were given: without them no direction can be said, while an empty list makes all mail external.
    pub(crate) fn are_given(&self) -> bool {
        self.domains.is_some()
    }

    pub(crate) fn contain(&self, domain: &str) -> bool {
        self.domains.iter().flatten().any(|local| match local.strip_prefix("*.") {
            // Elastic's package has no such entries: for those that it has, nothing changes.
            Some(parent) => parents(domain).any(|of| self.equal(parent, of)),
            None => self.equal(local, domain),
        })
    }

    fn equal(&self, local: &str, domain: &str) -> bool {
        local == domain || (self.ignore_case && equal_ignoring_case(local, domain))
    }
}

/// The domains that a domain is a sub-domain of, nearest first.
fn parents(domain: &str) -> impl Iterator<Item = &str> {
    domain.match_indices('.').filter(|(at, _)| *at > 0).filter_map(|(at, _)| domain.get(at + 1..))
}

/// As Java's `equalsIgnoreCase`: character by character, by the lower case of the upper case.
pub(crate) fn equal_ignoring_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().map(fold).eq(b.chars().map(fold))
}

fn fold(character: char) -> char {
    // Java looks at one character at a time: one whose upper case is two stays as it is.
    let mut upper = character.to_uppercase();
    let upper = upper.next().filter(|_| upper.next().is_none()).unwrap_or(character);
    upper.to_lowercase().next().unwrap_or(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_character_by_character() {
        assert!(equal_ignoring_case("Contoso.COM", "cONTOSO.com"));
        assert!(equal_ignoring_case("BÜCHER.de", "bücher.DE"));
        assert!(equal_ignoring_case("\u{212a}elvin", "kelvin"));
        assert!(equal_ignoring_case("ẞ", "ß"));
        assert!(!equal_ignoring_case("ß", "ss"));
        assert!(!equal_ignoring_case("contoso.com", "contoso.co"));
        assert!(!equal_ignoring_case("contoso.co", "contoso.com"));
    }

    #[track_caller]
    fn check_local(version: &Version, local: &str, domain: &str, expected: bool) {
        let domains = Some(vec!["other.example".to_owned(), local.to_owned()]);
        let domains = LocalDomains { domains, ignore_case: version.local_domains_ignore_case };
        assert_eq!(domains.contain(domain), expected, "{local} {domain}");
    }

    #[test]
    fn a_star_stands_for_sub_domains_and_nothing_else() {
        for version in [&Version::V1_20, &Version::V2_2] {
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
        check_local(&Version::V2_2, "*.contoso.com", "Mail.CONTOSO.com", true);
        check_local(&Version::V1_20, "*.contoso.com", "Mail.CONTOSO.com", false);
    }

    #[test]
    fn the_switch_puts_its_tag_first_and_once() {
        let settings = Settings {
            preserve_original_event: true,
            tags: ["forwarded", "preserve_original_event", "", "forwarded"].map(str::to_owned).to_vec(),
            ..Settings::default()
        };
        let prepared = Prepared::new(&Version::V2_2, &settings).unwrap();
        assert_eq!(prepared.tags, r#""preserve_original_event","forwarded","#);
    }

    #[test]
    fn a_setting_without_a_rule_is_refused() {
        let settings = Settings { drop_status: vec!["Pending".to_owned()], ..Settings::default() };
        let error = Prepared::new(&Version::V1_20, &settings).err();
        assert_eq!(error, Some(SettingsError::Unsupported("drop_status".to_owned())));
    }
}
