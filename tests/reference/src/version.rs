//! In what the versions differ: written down once more, so that a wrong rule in a version that ships shows as a
//! difference.

/// A version, by the package of Elastic whose documents it makes, or by another schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number, without the patch number.
    pub number: &'static str,
    /// Whether records can be dropped for their status.
    pub drops_statuses: bool,
    /// Whether a document is an event of OCSF; none of what follows counts then.
    pub(crate) is_ocsf: bool,
    /// Whether a document has all that ECS has for a delivery; none of what follows counts then.
    pub(crate) is_delivery: bool,
    /// Whether `event.outcome` is a word of ECS and no status.
    pub(crate) has_ecs_outcome: bool,
    /// Whether there are `event.category` and `event.type`.
    pub(crate) has_category: bool,
    /// Whether the dates between which the legacy service was asked are those of the event.
    pub(crate) has_query_dates: bool,
    /// Whether `event.created` says when the record was read.
    pub(crate) has_read_time: bool,
    /// Whether the sender of a bounce counts as none.
    pub(crate) null_sender_is_none: bool,
    /// Whether the case of local domains counts.
    pub(crate) domains_have_case: bool,
    /// Whether a status that is empty is part of the id.
    pub(crate) empty_status_counts: bool,
    /// Whether failed documents get a tag.
    pub(crate) tags_failures: bool,
}

/// As Elastic's package 1.20, made for the legacy service.
pub const V1_20: Version = Version {
    number: "1.20",
    drops_statuses: false,
    is_ocsf: false,
    is_delivery: false,
    has_ecs_outcome: false,
    has_category: false,
    has_query_dates: true,
    has_read_time: true,
    null_sender_is_none: false,
    domains_have_case: true,
    empty_status_counts: false,
    tags_failures: false,
};

/// As Elastic's package 2.2, made for Graph.
pub const V2_2: Version = Version {
    number: "2.2",
    drops_statuses: true,
    is_ocsf: false,
    is_delivery: false,
    has_ecs_outcome: true,
    has_category: true,
    has_query_dates: false,
    has_read_time: false,
    null_sender_is_none: true,
    domains_have_case: false,
    empty_status_counts: true,
    tags_failures: true,
};

/// Our own.
pub const V3_0: Version = Version { number: "3.0", is_delivery: true, ..V2_2 };

/// Email Activity of OCSF.
pub const OCSF_1_8: Version = Version { number: "ocsf-1.8", is_ocsf: true, ..V3_0 };

/// Every version, oldest first.
pub const VERSIONS: &[Version] = &[V1_20, V2_2, V3_0, OCSF_1_8];
