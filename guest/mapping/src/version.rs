//! What a mapping version is: data, and no code that asks for a version's number.

/// A mapping version: every rule in which versions differ. What has no field here is the same in all of them.
///
/// Each one is a constant in a file of its own, in `versions/`.
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    /// The version itself (semver). The first two parts are those of the package of Elastic whose documents it makes.
    pub number: &'static str,
    /// The schema that its documents follow (guest/docs/facts/mapping.md, row 2).
    pub schema: Schema,
    /// The records that it maps.
    pub record_kinds: &'static [RecordKind],
    /// What its own settings can have: a JSON Schema as text. `None`: it has no settings of its own.
    pub options_schema: Option<&'static str>,
    /// What the host's fields may not be called, because the mapping writes fields of these names.
    pub(crate) reserved_fields: ReservedFields,
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

/// A schema of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Its name: `ecs`, the Elastic Common Schema.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// The interface that a record has its names from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Microsoft Graph.
    Graph,
    /// The Reporting Web Service and PowerShell.
    Legacy,
}

/// Names of fields that the mapping writes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReservedFields {
    /// At the top of a document.
    pub(crate) document: &'static [&'static str],
    /// Inside `event`.
    pub(crate) event: &'static [&'static str],
    /// Inside `log`.
    pub(crate) log: &'static [&'static str],
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
    /// The number as people write it, without the patch number: `1.20`.
    pub fn short_number(&self) -> &'static str {
        self.number.rsplit_once('.').map_or(self.number, |(short, _)| short)
    }
}
