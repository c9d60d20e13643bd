//! The names that an event is asked for.

/// The names of one kind of records.
pub(crate) struct Names {
    /// The properties that these records have, in their order, and what records of the other kind call them.
    pub(crate) usual: &'static [(&'static str, Option<&'static str>)],
    /// Properties that few of them have.
    pub(crate) rare: &'static [&'static str],
}

/// The property that tells records of Graph from those of the other kind.
pub(crate) const RECEIVED: &str = "receivedDateTime";

/// Records of Graph.
pub(crate) const GRAPH: Names = Names {
    usual: &[
        ("id", Some("MessageTraceId")),
        ("messageId", Some("MessageId")),
        ("status", Some("Status")),
        (RECEIVED, Some("Received")),
        ("recipientAddress", Some("RecipientAddress")),
        ("senderAddress", Some("SenderAddress")),
        ("subject", Some("Subject")),
        ("size", Some("Size")),
        ("fromIP", Some("FromIP")),
        ("toIP", Some("ToIP")),
    ],
    rare: &["@odata.type", "Organization", "StartDate", "EndDate", "Index"],
};

/// Records of the Reporting Web Service and of PowerShell.
pub(crate) const LEGACY: Names = Names {
    usual: &[
        ("Organization", None),
        ("MessageId", Some("messageId")),
        ("Received", None),
        ("SenderAddress", Some("senderAddress")),
        ("RecipientAddress", Some("recipientAddress")),
        ("Subject", Some("subject")),
        ("Status", Some("status")),
        ("ToIP", Some("toIP")),
        ("FromIP", Some("fromIP")),
        ("Size", Some("size")),
        ("MessageTraceId", Some("id")),
        ("StartDate", None),
        ("EndDate", None),
        ("Index", None),
    ],
    rare: &["PSComputerName", "RunspaceId", "PSShowComputerName"],
};
