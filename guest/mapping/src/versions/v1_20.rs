//! Mapping 1.20.

use crate::version::{
    AddressRule, IdRule, Layout, LocalDomainRule, OrganizationRule, OutcomeRule, ReadTimeRule, RecordKind, ReservedFields, Schema, Version,
};

/// As Elastic's package 1.20, which the legacy service and PowerShell exports were made for.
pub const VERSION: Version = Version {
    name: "1.20",
    number: "1.20.0",
    schema: Schema { name: "ecs", version: "8.11.0" },
    record_kinds: &[RecordKind::Graph, RecordKind::Legacy],
    options_schema: None,
    reserved_fields: ReservedFields {
        document: &[
            "@timestamp",
            "destination",
            "ecs",
            "email",
            "error",
            "microsoft",
            "related",
            "source",
            "tags",
            "user",
        ],
        // Those of 2.2 as well, so that the same settings are right for both.
        event: &["category", "created", "end", "kind", "original", "outcome", "start", "type"],
        log: &["file", "offset"],
        organization: OrganizationRule::Host,
    },
    layout: Layout::Package,
    addresses: AddressRule::FirstAt,
    local_domains: LocalDomainRule::Exact,
    id: IdRule::Fingerprint { empty_status_counts: false },
    outcome: OutcomeRule::Status,
    read_time: ReadTimeRule::NotOfFiles,
    categorised: false,
    null_sender_is_absent: false,
    placeholder_ips_are_absent: false,
    types_are_checked: false,
    query_dates: true,
    drops_statuses: false,
    tags_failures: false,
};
