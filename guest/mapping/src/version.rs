//! The mapping versions, and all that differs between them.

/// The ECS version of every document (mapping-spec.md, row 2).
pub const ECS_VERSION: &str = "8.11.0";

/// A mapping version. What is not named here is the same in every version.
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    /// The version itself (semver); the first two parts are those of Elastic's package.
    pub number: &'static str,
    /// What `event.outcome` says (row 5).
    pub(crate) outcome: OutcomeRule,
    /// Whether `event.category` and `event.type` are written (row 6).
    pub(crate) categorised: bool,
    /// Whether the sender `<>` counts as no sender (rows 7 and 8).
    pub(crate) null_sender_is_absent: bool,
    /// Whether `StartDate` and `EndDate` become `event.start` and `event.end` (row 19).
    pub(crate) query_dates: bool,
    /// Whether local domains are compared ignoring case (section 2.9).
    pub(crate) local_domains_ignore_case: bool,
    /// Whether an empty status counts in the fingerprint (section 2.8: the raw status does, the outcome made of it not).
    pub(crate) empty_status_counts: bool,
    /// Whether statuses can be dropped (row 4b).
    pub(crate) drops_statuses: bool,
    /// Whether a failed document gets the tag `preserve_original_event` (section 2.12).
    pub(crate) tags_failures: bool,
    /// Whether the time of reading becomes `event.created`, unless the records come from a file (section 4).
    pub(crate) read_time: bool,
}

/// What `event.outcome` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OutcomeRule {
    /// The status as it is; nothing when there is none.
    Status,
    /// `success`, `failure` or `unknown`.
    Ecs,
}

impl Version {
    /// As Elastic's package 1.20, which the legacy service and PowerShell exports were made for.
    pub const V1_20: Self = Self {
        number: "1.20.0",
        outcome: OutcomeRule::Status,
        categorised: false,
        null_sender_is_absent: false,
        query_dates: true,
        local_domains_ignore_case: false,
        empty_status_counts: false,
        drops_statuses: false,
        tags_failures: false,
        read_time: true,
    };

    /// As Elastic's newest package for Microsoft Graph, 2.x of July 2026.
    pub const V2_2: Self = Self {
        number: "2.2.0",
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
}
