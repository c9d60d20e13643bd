//! The names that an event is asked for.

use exotrace_mapping::Property;

/// The names of one kind of records.
pub(crate) struct PropertyNames {
    /// The properties that these records have, in their order, and what records of the other kind call them.
    pub(crate) usual: &'static [(&'static str, Option<&'static str>)],
    /// Properties that few of them have.
    pub(crate) rare: &'static [&'static str],
}

/// The property that tells records of Graph from those of the other kind.
pub(crate) const RECEIVED: &str = graph(Property::Received).0;

/// Records of Graph.
pub(crate) const GRAPH: PropertyNames = PropertyNames {
    usual: &[
        graph(Property::MessageTraceId),
        graph(Property::MessageId),
        graph(Property::Status),
        graph(Property::Received),
        graph(Property::RecipientAddress),
        graph(Property::SenderAddress),
        graph(Property::Subject),
        graph(Property::Size),
        graph(Property::FromIp),
        graph(Property::ToIp),
    ],
    rare: &["@odata.type", "Organization", Property::StartDate.name(), Property::EndDate.name(), "Index"],
};

/// Records of the Reporting Web Service and of PowerShell.
pub(crate) const LEGACY: PropertyNames = PropertyNames {
    usual: &[
        ("Organization", None),
        legacy(Property::MessageId),
        (Property::Received.name(), None),
        legacy(Property::SenderAddress),
        legacy(Property::RecipientAddress),
        legacy(Property::Subject),
        legacy(Property::Status),
        legacy(Property::ToIp),
        legacy(Property::FromIp),
        legacy(Property::Size),
        legacy(Property::MessageTraceId),
        legacy(Property::StartDate),
        legacy(Property::EndDate),
        ("Index", None),
    ],
    rare: &["PSComputerName", "RunspaceId", "PSShowComputerName"],
};

/// What Graph calls a property, and the others.
const fn graph(property: Property) -> (&'static str, Option<&'static str>) {
    match property.graph_name() {
        Some(name) => (name, Some(property.name())),
        None => (property.name(), None),
    }
}

/// What the others call a property, and Graph.
const fn legacy(property: Property) -> (&'static str, Option<&'static str>) {
    (property.name(), property.graph_name())
}
