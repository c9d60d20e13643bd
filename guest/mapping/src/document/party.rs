//! The two ends of a delivery: `source` and `destination`.

use crate::{
    address::Address,
    document::Workshop,
    domain::Domain,
    failure::{Failure, FailureReason, Shortened},
    json::{Buffer, decode},
    record::{Property, Record},
};

/// One end of a delivery, and where in the caches its pieces are.
#[derive(Default)]
pub(crate) struct Party<'a> {
    pub(crate) address: Option<Address<'a>>,
    pub(crate) is_local: bool,
    domain: Option<usize>,
    network: Option<usize>,
}

impl Party<'_> {
    /// The whole address, or nothing.
    pub(crate) fn text(&self) -> &str {
        self.address.as_ref().map_or("", Address::text)
    }

    /// What stands before the `@`, or nothing.
    pub(crate) fn local_part(&self) -> &str {
        self.address.as_ref().map_or("", Address::local_part)
    }

    /// Adds a part of the address as it has to stand between the quotes of a string.
    #[inline]
    pub(crate) fn push_part(&self, out: &mut Buffer, part: &str) {
        match &self.address {
            Some(address) if address.is_plain() => out.push_str(part),
            _ => out.push_escaped(part),
        }
    }
}

impl Workshop {
    pub(crate) fn sender<'a>(&mut self, record: &Record<'a>, failures: &mut Vec<Failure>) -> Party<'a> {
        let mut address = address(record, Property::SenderAddress, failures);
        if self.version.null_sender_is_absent {
            address = address.filter(|address| address.text() != "<>");
        }
        self.party(record, address, "sender", Property::FromIp, failures)
    }

    pub(crate) fn recipient<'a>(&mut self, record: &Record<'a>, failures: &mut Vec<Failure>) -> Party<'a> {
        let address = address(record, Property::RecipientAddress, failures);
        self.party(record, address, "recipient", Property::ToIp, failures)
    }

    fn party<'a>(
        &mut self,
        record: &Record<'a>,
        address: Option<Address<'a>>,
        role: &str,
        ip: Property,
        failures: &mut Vec<Failure>,
    ) -> Party<'a> {
        let network = self.network(record, ip, failures);
        let Some(address) = address else { return Party { network, ..Party::default() } };
        if !address.has_at() {
            let message = format!("{role} address `{}` has no `@`", Shortened(address.text()));
            failures.push(Failure::new(FailureReason::InvalidAddress, message));
        }
        let domain = self.domain(address.domain());
        let is_local = domain.is_some_and(|domain| self.domains.get(domain).is_local);
        Party { address: Some(address), is_local, domain, network }
    }

    fn domain(&mut self, domain: &str) -> Option<usize> {
        if domain.is_empty() {
            return None;
        }
        self.domains.find(domain).or_else(|| {
            let known = Domain::new(domain, &self.settings.suffixes, &self.settings.local_domains);
            Some(self.domains.insert(domain, known))
        })
    }

    fn network(&self, record: &Record<'_>, property: Property, failures: &mut Vec<Failure>) -> Option<usize> {
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
    pub(crate) fn push_party(&self, out: &mut Buffer, key: &str, party: &Party<'_>) {
        let start = out.len();
        out.push_str(key);
        if let Some(domain) = party.domain {
            out.push_str(&self.domains.get(domain).members);
        }
        if let Some(network) = party.network {
            out.push_str(self.networks.get(network).as_deref().unwrap_or_default());
        }
        if let Some(address) = &party.address {
            out.push_ascii(br#""user":{"#);
            push_part(out, r#""domain":""#, party, address.user_domain());
            out.push_ascii(br#""email":"#);
            address.push(out);
            out.push_ascii(br#","id":"#);
            address.push(out);
            out.push(b',');
            push_part(out, r#""name":""#, party, address.local_part());
            out.close(start, b"}");
        }
        out.close(start, b"}");
    }
}

fn push_part(out: &mut Buffer, key: &str, party: &Party<'_>, part: &str) {
    if !part.is_empty() {
        out.push_str(key);
        party.push_part(out, part);
        out.push_ascii(b"\",");
    }
}

fn address<'a>(record: &Record<'a>, property: Property, failures: &mut Vec<Failure>) -> Option<Address<'a>> {
    let raw = record.get(property).present()?;
    if !raw.is_string() {
        failures.push(Failure::wrong_type(property.name(), raw.text));
        return None;
    }
    Some(Address::new(raw))
}
