//! The panels of the dashboard.

use super::{
    condition::DocumentCondition::{All, Every, Exists, Is, OneOf},
    panel::{
        Metric::{Bytes, Count, Distinct},
        Panel, PanelSection,
        PanelView::{Number, OverTime, Share, Table, Top},
    },
};

const SIZE: &str = "microsoft.online_message_trace.Size";
const STATUS: &str = "microsoft.online_message_trace.Status";
const CAUSE: &str = "microsoft.online_message_trace.details.cause";
const TIME: &str = "@timestamp";

/// The dashboard, from its top.
pub(in crate::cli::assets) const SECTIONS: &[PanelSection] = &[NOW, FLOW, PROBLEMS, GEO, COLLECTION];

const NOW: PanelSection = PanelSection {
    title: "Now",
    about: "The chosen range of time at a glance.",
    panels: &[
        Panel {
            slug: "documents",
            title: "Documents",
            about: "One document for each recipient of a message and each status of that delivery.",
            condition: All,
            metric: Count,
            view: Number,
            needs_3_0: false,
        },
        Panel {
            slug: "messages",
            title: "Messages",
            about: "Different messages, about; a message to many recipients counts once.",
            condition: All,
            metric: Distinct("email.local_id"),
            view: Number,
            needs_3_0: false,
        },
        Panel {
            slug: "volume",
            title: "Volume",
            about: "Sum of the sizes of messages, once for each recipient and status.",
            condition: All,
            metric: Bytes(SIZE),
            view: Number,
            needs_3_0: false,
        },
        Panel {
            slug: "not-delivered",
            title: "Not delivered",
            about: "Deliveries that failed, or that ended in quarantine or as spam.",
            condition: Is("event.outcome", "failure"),
            metric: Count,
            view: Number,
            needs_3_0: false,
        },
        Panel {
            slug: "recipients-without-mail",
            title: "Recipients affected",
            about: "Different recipients of deliveries that failed.",
            condition: Is("event.outcome", "failure"),
            metric: Distinct("destination.user.email"),
            view: Number,
            needs_3_0: false,
        },
        Panel {
            slug: "not-mapped",
            title: "Not mapped in full",
            about: "Records in which something is wrong; error.message says what. The saved search lists them.",
            condition: Is("event.kind", "pipeline_error"),
            metric: Count,
            view: Number,
            needs_3_0: false,
        },
    ],
};

const FLOW: PanelSection = PanelSection {
    title: "Flow",
    about: "Who writes to whom. Directions need `local_domains` of the source.",
    panels: &[
        Panel {
            slug: "by-direction",
            title: "Mail by direction",
            about: "When Exchange received messages, by direction. A direction that falls silent is worth a look.",
            condition: All,
            metric: Count,
            view: OverTime { time: TIME, split: Some("email.direction") },
            needs_3_0: false,
        },
        Panel {
            slug: "by-outcome",
            title: "Mail by outcome",
            about: "When Exchange received messages, by what became of them.",
            condition: All,
            metric: Count,
            view: OverTime { time: TIME, split: Some("event.outcome") },
            needs_3_0: false,
        },
        Panel {
            slug: "statuses",
            title: "Statuses",
            about: "The status as the service spells it; an export and Graph spell it differently.",
            condition: All,
            metric: Count,
            view: Share { field: STATUS },
            needs_3_0: false,
        },
        Panel {
            slug: "senders",
            title: "Top senders",
            about: "Addresses that sent most.",
            condition: All,
            metric: Count,
            view: Top { field: "source.user.email" },
            needs_3_0: false,
        },
        Panel {
            slug: "recipients",
            title: "Top recipients",
            about: "Addresses that were sent most.",
            condition: All,
            metric: Count,
            view: Top { field: "destination.user.email" },
            needs_3_0: false,
        },
        Panel {
            slug: "sender-domains",
            title: "Top domains that send to us",
            about: "Registered domains of inbound mail.",
            condition: Is("email.direction", "inbound"),
            metric: Count,
            view: Top { field: "source.registered_domain" },
            needs_3_0: false,
        },
        Panel {
            slug: "recipient-domains",
            title: "Top domains that we send to",
            about: "Registered domains of outbound mail.",
            condition: Is("email.direction", "outbound"),
            metric: Count,
            view: Top { field: "destination.registered_domain" },
            needs_3_0: false,
        },
        Panel {
            slug: "volume-by-sender",
            title: "Volume by sender",
            about: "Who sends the largest messages, once for each recipient.",
            condition: All,
            metric: Bytes(SIZE),
            view: Top { field: "source.user.email" },
            needs_3_0: false,
        },
    ],
};

const PROBLEMS: PanelSection = PanelSection {
    title: "Problems",
    about: "Mail that did not arrive, and why. Causes need `[source.details]` and mapping 3.0.",
    panels: &[
        Panel {
            slug: "failures-by-status",
            title: "Not delivered, by status",
            about: "When messages were received that were not delivered.",
            condition: Is("event.outcome", "failure"),
            metric: Count,
            view: OverTime { time: TIME, split: Some(STATUS) },
            needs_3_0: false,
        },
        Panel {
            slug: "failures-by-direction",
            title: "Not delivered, by sender and recipient domain",
            about: "Which partners are affected.",
            condition: Is("event.outcome", "failure"),
            metric: Count,
            view: Table { fields: &["source.domain", "destination.domain", STATUS] },
            needs_3_0: false,
        },
        Panel {
            slug: "recipients-failing",
            title: "Recipients that mail does not reach",
            about: "Recipients of most failed deliveries.",
            condition: Is("event.outcome", "failure"),
            metric: Count,
            view: Top { field: "destination.user.email" },
            needs_3_0: false,
        },
        Panel {
            slug: "causes",
            title: "Causes",
            about: "Why deliveries failed, as their steps say.",
            condition: Exists(CAUSE),
            metric: Count,
            view: Top { field: CAUSE },
            needs_3_0: true,
        },
        Panel {
            slug: "rules",
            title: "Rules that acted",
            about: "Transport rules and rules of data loss prevention that a step names.",
            condition: Exists("rule.name"),
            metric: Count,
            view: Top { field: "rule.name" },
            needs_3_0: true,
        },
        Panel {
            slug: "codes",
            title: "Status codes",
            about: "Enhanced status codes of failed deliveries with their causes.",
            condition: Exists("event.code"),
            metric: Count,
            view: Table { fields: &["event.code", "microsoft.online_message_trace.details.cause_id"] },
            needs_3_0: true,
        },
    ],
};

const GEO: PanelSection = PanelSection {
    title: "Geography and networks",
    about: "Where mail comes from and goes to. Needs geo databases in `[geoip]`.",
    panels: &[
        Panel {
            slug: "countries-over-time",
            title: "Inbound mail by country",
            about: "Countries of the addresses that delivered inbound mail.",
            condition: Is("email.direction", "inbound"),
            metric: Count,
            view: OverTime { time: TIME, split: Some("source.geo.country_name") },
            needs_3_0: false,
        },
        Panel {
            slug: "networks",
            title: "Networks of inbound mail",
            about: "Owners of the networks that delivered inbound mail, with their country.",
            condition: Is("email.direction", "inbound"),
            metric: Count,
            view: Table { fields: &["source.as.organization.name", "source.geo.country_name"] },
            needs_3_0: false,
        },
        Panel {
            slug: "countries",
            title: "Countries of senders",
            about: "Countries of the addresses that delivered mail.",
            condition: All,
            metric: Count,
            view: Top { field: "source.geo.country_name" },
            needs_3_0: false,
        },
        Panel {
            slug: "destination-countries",
            title: "Countries of recipients",
            about: "Countries of the addresses that mail was delivered to.",
            condition: All,
            metric: Count,
            view: Top { field: "destination.geo.country_name" },
            needs_3_0: false,
        },
        Panel {
            slug: "countries-not-delivered",
            title: "Countries of mail that was not delivered",
            about: "Countries of the addresses that delivered mail which was refused or filtered.",
            condition: Every(&[Is("event.outcome", "failure"), Exists("source.geo.country_name")]),
            metric: Count,
            view: Top { field: "source.geo.country_name" },
            needs_3_0: false,
        },
    ],
};

const COLLECTION: PanelSection = PanelSection {
    title: "Health of the collection",
    about: "Whether documents arrive. `exotrace status` and the dashboard of Grafana know more.",
    panels: &[
        Panel {
            slug: "arrival",
            title: "Arrival",
            about: "When the cluster got documents. A gap means that nothing was delivered; it says nothing of lost mail.",
            condition: Exists("event.ingested"),
            metric: Count,
            view: OverTime { time: "event.ingested", split: None },
            needs_3_0: false,
        },
        Panel {
            slug: "tenants",
            title: "Mail by tenant",
            about: "Documents by `tenant_name` of the source. A tenant that falls silent is worth a look.",
            condition: Exists("organization.name"),
            metric: Count,
            view: OverTime { time: TIME, split: Some("organization.name") },
            needs_3_0: false,
        },
        Panel {
            slug: "not-mapped-over-time",
            title: "Records not mapped in full",
            about: "When records came in which something is wrong.",
            condition: Is("event.kind", "pipeline_error"),
            metric: Count,
            view: OverTime { time: TIME, split: None },
            needs_3_0: false,
        },
        Panel {
            slug: "schemas",
            title: "Versions of ECS",
            about: "8.11.0 is written by mapping 2.2, 9.4.0 by mapping 3.0. Two at once show a change of the mapping.",
            condition: OneOf("event.category", &["email"]),
            metric: Count,
            view: OverTime { time: TIME, split: Some("ecs.version") },
            needs_3_0: false,
        },
    ],
};
