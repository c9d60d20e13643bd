//! The properties of a record that have a meaning, by their names in every interface. The one place with these names.

/// Declares the properties, and the table of their names.
macro_rules! properties {
    ($($(#[$doc:meta])* $property:ident: $name:literal, $graph_name:expr;)*) => {
        /// A property of a record that has a meaning. Any other one is only kept.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Property {
            $($(#[$doc])* $property,)*
        }

        /// In the order of the enum.
        const NAMES: &[Names] = &[
            $(Names { property: Property::$property, name: $name, key: concat!("\"", $name, "\""), graph_name: $graph_name },)*
        ];
    };
}

properties! {
    /// The end of the time range that was asked for.
    EndDate: "EndDate", None;
    /// The IP address that the message came from.
    FromIp: "FromIP", Some("fromIP");
    /// The `Message-ID` header.
    MessageId: "MessageId", Some("messageId");
    /// The service's own id of the message.
    MessageTraceId: "MessageTraceId", Some("id");
    /// The date of receipt.
    Received: "Received", Some("receivedDateTime");
    /// The recipient.
    RecipientAddress: "RecipientAddress", Some("recipientAddress");
    /// The sender.
    SenderAddress: "SenderAddress", Some("senderAddress");
    /// The size of the message in bytes.
    Size: "Size", Some("size");
    /// The start of the time range that was asked for.
    StartDate: "StartDate", None;
    /// What became of the message.
    Status: "Status", Some("status");
    /// The subject.
    Subject: "Subject", Some("subject");
    /// The IP address that the message went to.
    ToIp: "ToIP", Some("toIP");
    /// The rows, when the record is a whole page.
    Value: "value", Some("value");
}

/// How many properties there are.
pub(crate) const PROPERTY_COUNT: usize = NAMES.len();

/// What one property is called.
struct Names {
    property: Property,
    /// By the Reporting Web Service and PowerShell, and in documents.
    name: &'static str,
    /// The same with quotes.
    key: &'static str,
    /// By Graph, if it has the property. Elastic's 2.x renames these to the others (guest/docs/facts/mapping.md,
    /// row 3b).
    graph_name: Option<&'static str>,
}

impl Property {
    /// The property of that name in any interface. Letter case does not count: no service has two names that differ in
    /// nothing else, and files have all of them.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let is_name = |known: &str| known.eq_ignore_ascii_case(name);
        let names = NAMES.iter().find(|names| is_name(names.name) || names.graph_name.is_some_and(is_name))?;
        Some(names.property)
    }

    /// Its name in the Reporting Web Service, in PowerShell and in documents.
    pub const fn name(self) -> &'static str {
        NAMES[self as usize].name
    }

    /// Its name in Graph, if Graph has it.
    pub const fn graph_name(self) -> Option<&'static str> {
        NAMES[self as usize].graph_name
    }

    /// Its key in documents, with the quotes.
    pub(crate) fn key(self) -> &'static str {
        NAMES[self as usize].key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_its_property() {
        for names in NAMES {
            let property = names.property;
            assert_eq!((property.name(), property.key().trim_matches('"')), (names.name, names.name));
            for name in [Some(names.name), names.graph_name].into_iter().flatten() {
                assert_eq!(Property::named(name), Some(property), "{name}");
                assert_eq!(Property::named(&name.to_uppercase()), Some(property), "{name}");
            }
        }
        assert_eq!(Property::named("Index"), None);
    }
}
