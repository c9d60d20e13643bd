//! The two ends of a delivery, which become `source` and `destination`.

use crate::{
    address::Address,
    context::MappingContext,
    failure::{Excerpt, Failure, FailureReason},
    json::decode,
    network::{KnownNetwork, NetworkText},
    property::Property,
    record::Record,
};

/// One end of a delivery: where in the caches its pieces are.
#[derive(Default)]
pub(crate) struct Endpoint {
    pub(crate) address: Option<usize>,
    pub(crate) network: Option<usize>,
}

/// Where in the cache the networks of both ends are, as far as the record has them as texts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EndpointNetworks {
    pub(crate) source: Option<usize>,
    pub(crate) destination: Option<usize>,
}

/// The addresses of a delivery.
pub(crate) struct Addresses<'a> {
    pub(crate) sender: Option<&'a Address>,
    pub(crate) recipient: Option<&'a Address>,
}

impl Endpoint {
    /// Reads the end that the mail came from; `network` is where its network is in the cache, if the record has one.
    pub(crate) fn source(
        context: &mut MappingContext,
        record: &Record<'_>,
        network: Option<usize>,
        failures: &mut Vec<Failure>,
    ) -> Self {
        let mut address = address(context, record, Property::SenderAddress, failures);
        if context.version.null_sender_is_absent {
            address = address.filter(|place| context.addresses.get(*place).text() != "<>");
        }
        let network = self::network(context, record, Property::FromIp, network, failures);
        Self::new(context, address, network, "sender", failures)
    }

    /// Reads the end that the mail went to.
    pub(crate) fn destination(
        context: &mut MappingContext,
        record: &Record<'_>,
        network: Option<usize>,
        failures: &mut Vec<Failure>,
    ) -> Self {
        let address = address(context, record, Property::RecipientAddress, failures);
        let network = self::network(context, record, Property::ToIp, network, failures);
        Self::new(context, address, network, "recipient", failures)
    }

    fn new(
        context: &MappingContext,
        address: Option<usize>,
        network: Option<usize>,
        role: &str,
        failures: &mut Vec<Failure>,
    ) -> Self {
        let without_at = address.map(|place| context.addresses.get(place)).filter(|address| !address.has_at);
        if let Some(address) = without_at {
            let message = format!("{role} address `{}` has no `@`", Excerpt(address.text()));
            let without_value = format!("{role} address has no `@`");
            failures.push(Failure { reason: FailureReason::InvalidAddress, message, without_value });
        }
        Self { address, network }
    }

    /// Its address, if it has one.
    #[inline]
    pub(crate) fn address<'a>(&self, context: &'a MappingContext) -> Option<&'a Address> {
        self.address.map(|place| context.addresses.get(place))
    }

    /// What a document says about its IP address, if it has one.
    #[inline]
    pub(crate) fn network<'a>(&self, context: &'a MappingContext) -> Option<&'a NetworkText> {
        context.networks.get(self.network?).text()
    }

    /// Whether its address belongs to the tenant.
    pub(crate) fn is_local(&self, context: &MappingContext) -> bool {
        self.address(context).is_some_and(|address| address.is_local)
    }
}

fn address(
    context: &mut MappingContext,
    record: &Record<'_>,
    property: Property,
    failures: &mut Vec<Failure>,
) -> Option<usize> {
    let raw = record.get(property).present()?;
    if !raw.is_string() {
        failures.push(Failure::wrong_type(property.name(), raw.text));
        return None;
    }
    Some(context.find_address(&raw))
}

fn network(
    context: &MappingContext,
    record: &Record<'_>,
    property: Property,
    place: Option<usize>,
    failures: &mut Vec<Failure>,
) -> Option<usize> {
    let network = place.map(|place| context.networks.get(place));
    if network.is_some_and(|network| network.text().is_some()) {
        return place;
    }
    let raw = record.get(property).present()?;
    if !raw.is_string() {
        failures.push(Failure::wrong_type(property.name(), raw.text));
    }
    if matches!(network, Some(KnownNetwork::Invalid)) {
        let what = format_args!("`{}` is not an IP address", property.name());
        failures.push(Failure::of_value(FailureReason::InvalidIp, what, &decode(&raw)));
    }
    None
}
