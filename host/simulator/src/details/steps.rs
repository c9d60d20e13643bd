//! What the steps of a delivery are: a table from why mail did not arrive to what the service tells of it.

use chrono::Duration;
use serde_json::{Value, json};

use crate::{Row, Status, faults::chance};

/// Names and values of properties.
type Properties = &'static [(&'static str, &'static str)];

/// The last steps of deliveries that came to the same end.
struct Ending {
    /// Events with their actions, descriptions and the names and values of their properties; `RECIPIENT` stands for the
    /// address.
    events: &'static [(&'static str, &'static str, &'static str, Properties)],
}

const REMOTE: Properties = &[
    ("IsSmtpResponseFromExternalServer", "true"),
    ("OutboundProxyTargetHostName", "mx.fabrikam.com"),
    ("OutboundProxyTargetIPAddress", "198.51.100.7"),
    ("tlsversion", "SP_PROT_TLS1_3_CLIENT"),
];

/// How deliveries fail.
const FAILED: [Ending; 9] = [
    Ending {
        events: &[(
            "Fail",
            "",
            "Reason: [{LED=550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient RECIPIENT not found by SMTP address lookup};{MSG=};{FQDN=};{IP=};{LRT=}]",
            &[("SourceContext", "Unknown"), ("TotalLatency", "1")],
        )],
    },
    Ending {
        events: &[(
            "Fail",
            "",
            "Reason: [{LED=550 5.1.1 <RECIPIENT>: user unknown};{MSG=};{FQDN=mx.fabrikam.com};{IP=198.51.100.7};{LRT=}]",
            REMOTE,
        )],
    },
    Ending {
        events: &[(
            "Fail",
            "",
            "Reason: [{LED=554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException};{MSG=};{FQDN=};{IP=};{LRT=}]",
            &[("TotalLatency", "4")],
        )],
    },
    Ending {
        events: &[
            (
                "DLP rule",
                "BA",
                "DLP rule: 'Credit cards', ID: ('5a4e08dc-0000-4000-8000-000000000001'), DLP policy: 'PCI DSS', ID: (5a4e08dc-0000-4000-8000-000000000002).",
                &[],
            ),
            (
                "Fail",
                "",
                "Reason: [{LED=550 5.7.171 your message was blocked};{MSG=};{FQDN=};{IP=};{LRT=}]",
                &[("SourceContext", "DLP Policy Agent")],
            ),
        ],
    },
    Ending {
        events: &[
            (
                "Transport rule",
                "RejectMessage",
                "Transport rule: 'No archives', ID: ('5a4e08dc-0000-4000-8000-000000000003')",
                &[],
            ),
            (
                "Fail",
                "",
                "Reason: [{LED=550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy};{MSG=};{FQDN=};{IP=};{LRT=}]",
                &[("SourceContext", "Transport Rule Agent")],
            ),
        ],
    },
    Ending {
        events: &[
            (
                "Defer",
                "",
                "[LastAttemptedServerName=mx.fabrikam.com] [LastAttemptedIP=198.51.100.7:25] [Message=450 4.4.316 Connection refused]",
                &[],
            ),
            (
                "Fail",
                "",
                "Reason: [{LED=550 5.4.300 Message expired -> 450 4.4.316 Connection refused};{MSG=};{FQDN=mx.fabrikam.com};{IP=198.51.100.7};{LRT=}]",
                &[],
            ),
        ],
    },
    Ending {
        events: &[
            ("Spam", "", "Spam confidence level: 9.", &[("SCL", "9")]),
            ("Fail", "", "550 5.7.1 Message rejected", &[]),
        ],
    },
    Ending {
        events: &[(
            "Fail",
            "",
            "Reason: [{LED=550 5.7.703 blocked by the tenant allow/block list};{MSG=};{FQDN=};{IP=};{LRT=}]",
            &[],
        )],
    },
    Ending {
        events: &[
            ("Teleport", "Beam", "An event that nobody knows", &[("Flux", "1.21")]),
            ("Fail", "", "500 Unknown failure", &[]),
        ],
    },
];

/// How they are kept in quarantine.
const QUARANTINED: [Ending; 3] = [
    Ending {
        events: &[("Spam", "Quarantine", "Spam confidence level: 9.", &[("SCL", "9"), ("SFV", "SPM"), ("DI", "SQ")])],
    },
    Ending { events: &[("Malware", "Quarantine", "Malware \"EICAR\" was detected.", &[])] },
    Ending {
        events: &[(
            "Transport rule",
            "Quarantine",
            "Transport rule: 'Hold invoices', ID: ('5a4e08dc-0000-4000-8000-000000000004')",
            &[],
        )],
    },
];

const PENDING: [Ending; 1] =
    [Ending { events: &[("Defer", "", "Reason: [{LED=451 4.7.0 Server busy, try again la", &[])] }];

const JUNK: [Ending; 1] = [Ending {
    events: &[
        ("Spam", "", "Spam confidence level: 5.", &[("SCL", "5"), ("DI", "SJ")]),
        ("Deliver", "", "The message was successfully delivered to the folder: DefaultFolderType:JunkEmail", &[]),
    ],
}];

const EXPANDED: [Ending; 1] = [Ending {
    events: &[
        ("Expand DL", "", "The group was expanded.", &[]),
        ("Drop", "", "250 2.1.5 RESOLVER.GRP.Expanded; distribution list expanded", &[]),
    ],
}];

const DELIVERED: [Ending; 1] =
    [Ending { events: &[("Deliver", "", "The message was successfully delivered.", &[("TotalLatency", "2")])] }];

const SENT: [Ending; 1] = [Ending {
    events: &[(
        "Send external",
        "",
        "Message sent to mx.fabrikam.com at 198.51.100.7 using TLS1.2 with AES256",
        &[("TotalLatency", "3")],
    )],
}];

const SERVER: &str = "AM0PR04MB5555.eurprd04.prod.outlook.com";

/// One delivery in this number has data that is cut.
const CUT_ONE_IN: u64 = 5;

/// The steps of a delivery, always the same for the same status, in no order within a second.
pub(super) fn steps_of(row: &Row, seed: u64) -> Vec<Value> {
    let lot = chance::number(seed, &[b"details", row.id.as_bytes(), row.recipient.as_bytes()]);
    let endings: &[Ending] = match row.status {
        Status::Failed => &FAILED,
        Status::Quarantined => &QUARANTINED,
        Status::Pending | Status::GettingStatus => &PENDING,
        Status::FilteredAsSpam => &JUNK,
        Status::Expanded => &EXPANDED,
        Status::Delivered if row.to_ip.as_deref().is_some_and(|ip| !ip.is_empty()) => &SENT,
        Status::Delivered | Status::Recalled | Status::Odd(_) => &DELIVERED,
    };
    let ending = &endings[(lot % endings.len() as u64) as usize];
    let client = row.from_ip.clone().unwrap_or_default();
    let received = format!("Message received by: {SERVER}");
    let properties = [("ServerHostName", SERVER), ("ClientIP", client.as_str()), ("RcptCount", "1")];
    let mut steps = vec![step(row, 0, ("Receive", "", &received), &data(&properties))];
    let last = ending.events.len().saturating_sub(1);
    for (index, (event, action, description, properties)) in ending.events.iter().enumerate() {
        let description = description.replace("RECIPIENT", &row.recipient);
        let mut data = data(properties);
        if index == last && (lot >> 8).is_multiple_of(CUT_ONE_IN) {
            data.truncate(data.len().saturating_sub("/></root>".len()));
        }
        steps.push(step(row, 1, (event, action, &description), &data));
    }
    steps.push(step(row, 0, ("Submit", "", "The message was submitted."), &data(&[("ServerHostName", SERVER)])));
    if lot >> 16 & 1 == 1 {
        steps.reverse();
    }
    steps
}

fn step(row: &Row, seconds: i64, (event, action, description): (&str, &str, &str), data: &str) -> Value {
    let at = row.received + Duration::seconds(seconds);
    json!({
        "id": row.id,
        "messageId": row.message_id,
        "dateTime": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "event": event,
        "action": action,
        "description": description,
        "data": data,
    })
}

/// The properties of an event as the service has them: an XML fragment in which the type is the name of the attribute.
fn data(properties: &[(&str, &str)]) -> String {
    let elements = properties.iter().map(|(name, value)| {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        format!("<MEP Name=\"{name}\" {}=\"{value}\"/>", if is_number { "Integer" } else { "String" })
    });
    format!("<root>{}</root>", elements.collect::<String>())
}
