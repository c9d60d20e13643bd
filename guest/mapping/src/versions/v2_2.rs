//! Mapping 2.2.

use super::v1_20;
use crate::version::{OutcomeRule, Version};

/// As Elastic's newest package for Microsoft Graph, 2.x of July 2026.
pub const VERSION: Version = Version {
    number: "2.2.0",
    schema: v1_20::VERSION.schema,
    record_kinds: v1_20::VERSION.record_kinds,
    options_schema: None,
    reserved_fields: v1_20::VERSION.reserved_fields,
    outcome: OutcomeRule::Ecs,
    categorised: true,
    null_sender_is_absent: true,
    query_dates: false,
    local_domains_ignore_case: true,
    empty_status_counts: true,
    drops_statuses: true,
    tags_failures: true,
    read_time: false,
};
