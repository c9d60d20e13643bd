//! Mapping 2.2.

use super::v1_20;
use crate::version::{AddressRule, IdRule, Layout, LocalDomainRule, OutcomeRule, ReadTimeRule, Version};

/// As Elastic's newest package for Microsoft Graph, 2.x of July 2026.
pub const VERSION: Version = Version {
    name: "2.2",
    number: "2.2.0",
    schema: v1_20::VERSION.schema,
    record_kinds: v1_20::VERSION.record_kinds,
    options_schema: None,
    reserved_fields: v1_20::VERSION.reserved_fields,
    layout: Layout::Package,
    addresses: AddressRule::FirstAt,
    local_domains: LocalDomainRule::IgnoringCase,
    id: IdRule::Fingerprint { empty_status_counts: true },
    outcome: OutcomeRule::Ecs,
    read_time: ReadTimeRule::Never,
    categorised: true,
    null_sender_is_absent: true,
    placeholder_ips_are_absent: false,
    types_are_checked: false,
    query_dates: false,
    drops_statuses: true,
    tags_failures: true,
};
