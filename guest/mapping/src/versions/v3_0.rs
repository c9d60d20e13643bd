//! Mapping 3.0.

use super::v2_2;
use crate::version::{
    AddressRule, IdRule, Layout, LocalDomainRule, OutcomeRule, ReadTimeRule, ReservedFields, Schema, Version,
};

/// Our own: all that ECS has for a delivery, and the same document for a record of any service.
pub const VERSION: Version = Version {
    number: "3.0.0",
    schema: Schema { name: "ecs", version: "9.4.0" },
    record_kinds: v2_2::VERSION.record_kinds,
    options_schema: Some(include_str!("v3_0_options.json")),
    reserved_fields: ReservedFields {
        document: &[
            "@timestamp",
            "destination",
            "ecs",
            "email",
            "error",
            "message",
            "microsoft",
            "network",
            "observer",
            "related",
            "source",
            "tags",
            "user",
        ],
        event: &["action", "category", "created", "id", "kind", "original", "outcome", "provider", "type", "url"],
        log: &["file", "offset"],
        shares_organization: true,
    },
    layout: Layout::Delivery,
    addresses: AddressRule::LastAt,
    local_domains: LocalDomainRule::WithSubDomains,
    id: IdRule::Delivery,
    outcome: OutcomeRule::Ecs,
    read_time: ReadTimeRule::Always,
    categorised: true,
    null_sender_is_absent: true,
    placeholder_ips_are_absent: true,
    types_are_checked: true,
    query_dates: false,
    drops_statuses: true,
    tags_failures: true,
};
