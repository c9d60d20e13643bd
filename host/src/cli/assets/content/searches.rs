//! Saved searches: what an administrator looks up, and what a hunter begins with.

use super::{
    condition::DocumentCondition::{Any, AtLeast, Every, Exists, Is, Like, Not, OneOf},
    saved_search::SavedSearch,
};

const STATUS: &str = "microsoft.online_message_trace.Status";
const SIZE: &str = "microsoft.online_message_trace.Size";

const MAIL: &[&str] =
    &["email.direction", "source.user.email", "destination.user.email", "email.subject", STATUS, "source.ip"];

/// All of them, administrators' first.
pub(in crate::cli::assets) const SEARCHES: &[SavedSearch] = &[
    SavedSearch {
        slug: "not-delivered",
        title: "Not delivered",
        about: "Deliveries that failed, or that ended in quarantine or as spam.",
        condition: Is("event.outcome", "failure"),
        columns: MAIL,
        needs_3_0: false,
    },
    SavedSearch {
        slug: "filtered",
        title: "Quarantined or filtered as spam",
        about: "Mail that the filters kept back: false alarms are asked for by name.",
        condition: OneOf(STATUS, &["Quarantined", "quarantined", "FilteredAsSpam", "filteredAsSpam"]),
        columns: MAIL,
        needs_3_0: false,
    },
    SavedSearch {
        slug: "waiting",
        title: "Still waiting",
        about: "Deliveries that were pending when they were read. A later status is a document of its own.",
        condition: OneOf(STATUS, &["Pending", "pending", "GettingStatus", "gettingStatus"]),
        columns: MAIL,
        needs_3_0: false,
    },
    SavedSearch {
        slug: "why-not-delivered",
        title: "Why mail was not delivered",
        about: "Failed deliveries with their cause and route.",
        condition: Exists("microsoft.online_message_trace.details.cause"),
        columns: &[
            "source.user.email",
            "destination.user.email",
            "microsoft.online_message_trace.details.cause",
            "event.code",
            "event.reason",
            "microsoft.online_message_trace.details.route",
        ],
        needs_3_0: true,
    },
    SavedSearch {
        slug: "not-mapped",
        title: "Records not mapped in full",
        about: "Records in which something is wrong, with every reason. Report those that are right.",
        condition: Is("event.kind", "pipeline_error"),
        columns: &["error.message", "event.original"],
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-own-domain-from-outside",
        title: "Hunt: own sender from outside",
        about: "Sender and recipient are of the tenant, and the mail came from a public address: a spoofed colleague, or a \
                printer or service that sends past the connectors.",
        condition: Every(&[
            Is("email.direction", "internal"),
            Exists("source.ip"),
            Not(&Any(&[
                Is("source.ip", "10.0.0.0/8"),
                Is("source.ip", "172.16.0.0/12"),
                Is("source.ip", "192.168.0.0/16"),
                Is("source.ip", "127.0.0.0/8"),
                Is("source.ip", "fc00::/7"),
                Is("source.ip", "fe80::/10"),
            ])),
        ]),
        columns: &[
            "source.user.email",
            "destination.user.email",
            "email.subject",
            "source.ip",
            "source.geo.country_name",
        ],
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-callback-phishing",
        title: "Hunt: callback phishing through Azure Monitor",
        about: "Alerts of Azure Monitor that anybody can have sent, with a telephone number in place of an alert.",
        condition: Every(&[
            Is("source.user.email", "azure-noreply@microsoft.com"),
            Not(&Is("event.outcome", "failure")),
            Is("email.subject.text", "Azure Monitor alert"),
        ]),
        columns: &["destination.user.email", "email.subject", "event.outcome"],
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-payment-subjects",
        title: "Hunt: subjects about money from outside",
        about: "Delivered inbound mail whose subject asks for money or bank details: the usual beginning of invoice fraud.",
        condition: Every(&[
            Is("email.direction", "inbound"),
            Not(&Is("event.outcome", "failure")),
            OneOf(
                "email.subject.text",
                &["invoice", "wire transfer", "gift card", "bank details", "overdue payment", "Rechnung", "facture"],
            ),
        ]),
        columns: &["source.user.email", "destination.user.email", "email.subject", "source.geo.country_name"],
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-idn-senders",
        title: "Hunt: senders with international domains",
        about: "Domains in Punycode, in which letters of other alphabets look like those of a partner.",
        condition: Every(&[
            Any(&[Like("source.domain", "xn--*"), Like("source.domain", "*.xn--*")]),
            Not(&Is("email.direction", "outbound")),
        ]),
        columns: &["source.domain", "source.user.email", "destination.user.email", "email.subject"],
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-cheap-domains",
        title: "Hunt: senders under cheap top-level domains",
        about: "Delivered inbound mail of top-level domains that are abused most. Change the list to what your partners use.",
        condition: Every(&[
            Is("email.direction", "inbound"),
            Is("event.outcome", "success"),
            OneOf(
                "source.top_level_domain",
                &["top", "xyz", "icu", "click", "zip", "mov", "cfd", "sbs", "buzz", "rest", "monster", "quest"],
            ),
        ]),
        columns: MAIL,
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-large-to-free-mail",
        title: "Hunt: large mail to free mail services",
        about: "Outbound mail of 5 MB and more to private mailboxes: data that leaves the house.",
        condition: Every(&[
            Is("email.direction", "outbound"),
            AtLeast(SIZE, 5_000_000),
            OneOf(
                "destination.registered_domain",
                &[
                    "gmail.com",
                    "googlemail.com",
                    "outlook.com",
                    "hotmail.com",
                    "live.com",
                    "yahoo.com",
                    "icloud.com",
                    "proton.me",
                    "protonmail.com",
                    "gmx.net",
                    "gmx.de",
                    "web.de",
                    "aol.com",
                    "mail.ru",
                    "qq.com",
                ],
            ),
        ]),
        columns: &["source.user.email", "destination.user.email", "email.subject", SIZE],
        needs_3_0: false,
    },
    SavedSearch {
        slug: "hunt-blocked-by-rule",
        title: "Hunt: stopped by a rule",
        about: "Deliveries on which a transport rule or data loss prevention acted.",
        condition: Exists("rule.category"),
        columns: &["rule.category", "rule.name", "source.user.email", "destination.user.email", "email.subject"],
        needs_3_0: true,
    },
    SavedSearch {
        slug: "hunt-old-tls",
        title: "Hunt: outdated encryption",
        about: "Deliveries whose last connection used TLS 1.0 or 1.1.",
        condition: OneOf("tls.version", &["1.0", "1.1"]),
        columns: &["tls.version", "tls.cipher", "source.domain", "destination.domain"],
        needs_3_0: true,
    },
];
