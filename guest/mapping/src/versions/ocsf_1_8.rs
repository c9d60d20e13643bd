//! Mapping ocsf-1.8.

use super::v3_0;
use crate::version::{
    AddressRule, IdRule, Layout, LocalDomainRule, OrganizationRule, OutcomeRule, ReadTimeRule, ReservedFields, Schema,
    Version,
};

/// Email Activity, activity Trace, of the Open Cybersecurity Schema Framework; it reads records as mapping 3.0 does.
pub const VERSION: Version = Version {
    name: "ocsf-1.8",
    number: "1.8.0",
    schema: Schema { name: "ocsf", version: "1.8.0" },
    record_kinds: v3_0::VERSION.record_kinds,
    options_schema: v3_0::VERSION.options_schema,
    // Within `unmapped.exotrace`, where the host's fields are.
    reserved_fields: ReservedFields {
        document: &["error"],
        event: &[],
        log: &["file", "offset"],
        organization: OrganizationRule::Elsewhere,
    },
    layout: Layout::Ocsf,
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
