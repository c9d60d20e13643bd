//! Hides people: what a privacy profile makes of the parts of a record, before any of them is written.

mod profile;
mod pseudonym;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use profile::{Addresses, Ip, LocalId, MessageId, Parties, Subject};
pub(crate) use profile::{Original, Profile};
pub(crate) use pseudonym::PseudonymKeys;
pub use pseudonym::{PseudonymKind, pseudonym};

use crate::{
    guid,
    property::Property,
    settings::{Settings, SettingsError},
};

/// A profile with its keys.
pub(crate) struct Privacy {
    profile: Profile,
    keys: PseudonymKeys,
    /// The keys before these, by whose pseudonyms documents are still looked for.
    previous: Option<PseudonymKeys>,
}

/// What stands for an address that is hidden.
pub(crate) struct HiddenAddress {
    /// In place of the whole; empty when nothing does.
    pub(crate) email: String,
    /// In place of the local part; empty when nothing does.
    pub(crate) name: String,
    /// The pseudonym; empty when there is none.
    pub(crate) hash: String,
    /// The pseudonym by the key before; empty when there is none.
    pub(crate) previous_hash: String,
}

impl Privacy {
    /// The profile of the settings, if they have one.
    pub(crate) fn new(
        profile: Option<Profile>,
        settings: &Settings,
        tenant_id: &str,
    ) -> Result<Option<Self>, SettingsError> {
        let invalid = |problem: &str| Err(SettingsError::InvalidPseudonymKey(problem.to_owned()));
        let (key, previous) = (settings.pseudonym_key.as_deref(), settings.previous_pseudonym_key.as_deref());
        let Some(profile) = profile else {
            if key.is_some() || previous.is_some() {
                return invalid("the options have no `/privacy` that uses it");
            }
            return Ok(None);
        };
        let Some(key) = key else { return invalid("the options have `/privacy`, which needs one, and there is none") };
        if previous == Some(key) {
            return invalid("the previous key is the same");
        }
        if profile.parties == Parties::Local && settings.local_domains.is_none() {
            let problem = "/privacy/parties: `local` takes `local_domains`, which say whose addresses are local";
            return Err(SettingsError::InvalidOptions(problem.to_owned()));
        }
        let keys = PseudonymKeys::new(tenant_id, key)?;
        let previous = previous.map(|key| PseudonymKeys::new(tenant_id, key)).transpose()?;
        Ok(Some(Self { profile, keys, previous }))
    }

    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(crate) fn keys(&self) -> &PseudonymKeys {
        &self.keys
    }

    /// What stands for an address, unless it is shown. One without a domain may be anybody's.
    pub(crate) fn hide_address(
        &self,
        whole: &str,
        parts: Option<(&str, &str)>,
        is_local: bool,
    ) -> Option<HiddenAddress> {
        let is_somebody_else = self.profile.parties == Parties::Local && !is_local && parts.is_some();
        if is_somebody_else {
            return None;
        }
        match self.profile.addresses {
            Addresses::Keep => None,
            Addresses::DomainOnly => Some(HiddenAddress {
                email: parts.map(|(_, domain)| format!("@{domain}")).unwrap_or_default(),
                name: String::new(),
                hash: String::new(),
                previous_hash: String::new(),
            }),
            Addresses::Pseudonym => {
                let hash = self.keys.pseudonym(PseudonymKind::Address, whole);
                let name = match parts {
                    Some((local_part, _)) if !local_part.is_empty() => {
                        self.keys.pseudonym(PseudonymKind::LocalPart, local_part)
                    }
                    _ => String::new(),
                };
                let email = match parts {
                    Some((_, domain)) => format!("{hash}@{domain}"),
                    None => hash.clone(),
                };
                let previous_hash = self.previous.as_ref().map(|keys| keys.pseudonym(PseudonymKind::Address, whole));
                Some(HiddenAddress { email, name, hash, previous_hash: previous_hash.unwrap_or_default() })
            }
        }
    }

    /// Whether a domain is shown. One that is an IP address is shown as IP addresses are.
    pub(crate) fn shows_domain(&self, domain: &str) -> bool {
        let literal = domain.trim_start_matches('[').trim_end_matches(']');
        let literal = literal.strip_prefix("ipv6:").unwrap_or(literal);
        self.profile.ip == Ip::Keep || literal.parse::<IpAddr>().is_err()
    }

    /// What stands for a subject, if anything does.
    fn subject(&self, text: &str) -> Option<String> {
        match self.profile.subject {
            Subject::Keep => Some(text.to_owned()),
            Subject::Drop => None,
            Subject::Length => Some(format!("({} characters)", text.chars().count())),
            Subject::Pseudonym => Some(self.keys.pseudonym(PseudonymKind::Subject, text)),
        }
    }

    /// What stands for a `Message-ID`, if anything does.
    fn message_id(&self, text: &str) -> Option<String> {
        match self.profile.message_id {
            MessageId::Keep => Some(text.to_owned()),
            MessageId::Drop => None,
            MessageId::Pseudonym => Some(self.keys.pseudonym(PseudonymKind::MessageId, text)),
        }
    }

    /// What stands for the text of a property, if anything does.
    pub(crate) fn text(&self, property: Property, text: &str) -> Option<String> {
        match property {
            Property::Subject => self.subject(text),
            Property::MessageId => self.message_id(text),
            _ => None,
        }
    }

    /// Whether an id of the message trace is shown. One that is not a GUID may say anything.
    pub(crate) fn shows_local_id(&self, id: &str) -> bool {
        self.profile.local_id == LocalId::Keep && guid::is_guid(id)
    }

    /// What stands for an IP address, if anything does.
    pub(crate) fn ip(&self, text: &str) -> Option<String> {
        match self.profile.ip {
            Ip::Keep => Some(text.to_owned()),
            Ip::Prefix => Some(prefix(text.parse().ok()?).to_string()),
            Ip::GeoOnly | Ip::Drop => None,
        }
    }

    /// Whether it is shown where an IP address is used, and by whom.
    pub(crate) fn shows_geo(&self) -> bool {
        self.profile.ip != Ip::Drop
    }
}

/// The address of the network that an address belongs to: of 256 addresses, or of a site's 2 to the power of 80.
fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_that_of_the_network() {
        for (address, expected) in [
            ("192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("::1", "::"),
        ] {
            assert_eq!(prefix(address.parse().unwrap()).to_string(), expected, "{address}");
        }
    }
}
