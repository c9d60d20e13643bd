//! The two ends of a delivery: `source` and `destination`.

use crate::{
    address::Address,
    document::Workshop,
    domain::Domain,
    failure::{Failure, FailureReason, Shortened},
    json::{Buffer, decode},
    record::{Property, Record},
};

/// One end of a delivery: where in the caches its pieces are.
#[derive(Default)]
pub(crate) struct Party {
    pub(crate) address: Option<usize>,
    network: Option<usize>,
}

/// Where in the cache the networks of both ends are, when that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
    pub(crate) source: Option<usize>,
    pub(crate) destination: Option<usize>,
}

/// The addresses of a delivery.
pub(crate) struct Addresses<'a> {
    pub(crate) sender: Option<&'a Address>,
    pub(crate) recipient: Option<&'a Address>,
}

impl Workshop {
    pub(crate) fn sender(&mut self, record: &Record<'_>, network: Option<usize>, failures: &mut Vec<Failure>) -> Party {
        let mut address = self.address(record, Property::SenderAddress, failures);
        if self.version.null_sender_is_absent {
            address = address.filter(|place| self.addresses.get(*place).text() != "<>");
        }
        let network = self.network(record, Property::FromIp, network, failures);
        self.party(address, network, "sender", failures)
    }

    pub(crate) fn recipient(
        &mut self,
        record: &Record<'_>,
        network: Option<usize>,
        failures: &mut Vec<Failure>,
    ) -> Party {
        let address = self.address(record, Property::RecipientAddress, failures);
        let network = self.network(record, Property::ToIp, network, failures);
        self.party(address, network, "recipient", failures)
    }

    fn party(&self, address: Option<usize>, network: Option<usize>, role: &str, failures: &mut Vec<Failure>) -> Party {
        let without_at = address.map(|place| self.addresses.get(place)).filter(|address| !address.has_at());
        if let Some(address) = without_at {
            let message = format!("{role} address `{}` has no `@`", Shortened(address.text()));
            failures.push(Failure::new(FailureReason::InvalidAddress, message));
        }
        Party { address, network }
    }

    fn address(&mut self, record: &Record<'_>, property: Property, failures: &mut Vec<Failure>) -> Option<usize> {
        let raw = record.get(property).present()?;
        if !raw.is_string() {
            failures.push(Failure::wrong_type(property.name(), raw.text));
            return None;
        }
        self.addresses.find(raw.text).or_else(|| {
            let Self { addresses, domains, settings, .. } = self;
            let address = Address::new(&raw, |domain| {
                let place = domains.find(domain).unwrap_or_else(|| {
                    domains.insert(domain, Domain::new(domain, &settings.suffixes, &settings.local_domains))
                });
                domains.get(place)
            });
            Some(addresses.insert(raw.text, address))
        })
    }

    /// Whether the address at that end belongs to the tenant.
    pub(crate) fn is_local(&self, party: &Party) -> bool {
        party.address.is_some_and(|place| self.addresses.get(place).is_local)
    }

    pub(crate) fn addresses(&self, source: &Party, destination: &Party) -> Addresses<'_> {
        let get = |party: &Party| party.address.map(|place| self.addresses.get(place));
        Addresses { sender: get(source), recipient: get(destination) }
    }

    fn network(
        &self,
        record: &Record<'_>,
        property: Property,
        known: Option<usize>,
        failures: &mut Vec<Failure>,
    ) -> Option<usize> {
        if known.is_some_and(|place| self.networks.get(place).is_some()) {
            return known;
        }
        let raw = record.get(property).present()?;
        if !raw.is_string() {
            failures.push(Failure::wrong_type(property.name(), raw.text));
            return None;
        }
        let text = decode(&raw);
        let place = self.networks.find(&text)?;
        if self.networks.get(place).is_none() {
            let message = format!("`{}` is not an IP address: `{}`", property.name(), Shortened(&text));
            failures.push(Failure::new(FailureReason::InvalidIp, message));
            return None;
        }
        Some(place)
    }

    /// Adds `source` or `destination` (rows 8, 10, 15, 16, 20 to 24 and 28).
    #[inline(always)]
    pub(crate) fn push_party(&self, out: &mut Buffer<'_>, key: &str, party: &Party) {
        let start = out.len();
        out.push_str(key);
        if let Some(network) = party.network {
            out.push_str(self.networks.get(network).as_deref().unwrap_or_default());
        }
        if let Some(address) = party.address {
            out.push_str(&self.addresses.get(address).members);
        }
        out.close(start, b"}");
    }
}
