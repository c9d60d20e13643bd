//! What a mapping version is: data, and no code that asks for a version's number.

/// A mapping version: every rule in which versions differ. What has no field here is the same in all of them.
///
/// Each one is a constant in a file of its own, in `versions/`.
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    /// What people call it: the number without the patch number, for another schema than ECS after the schema's name.
    pub name: &'static str,
    /// The version itself (semver). The first two parts are those of the package of Elastic whose documents it makes, or
    /// those of the schema.
    pub number: &'static str,
    /// The schema that its documents follow (guest/docs/facts/mapping.md, row 2).
    pub schema: Schema,
    /// The records that it maps.
    pub record_kinds: &'static [RecordKind],
    /// What its own settings can have: a JSON Schema as text. `None`: it has no settings of its own.
    pub options_schema: Option<&'static str>,
    /// What the host's fields may not be called, because the mapping writes fields of these names.
    pub(crate) reserved_fields: ReservedFields,
    /// Which fields a document has.
    pub(crate) layout: Layout,
    /// How an address is read.
    pub(crate) addresses: AddressRule,
    /// Which domains are the tenant's (section 2.9).
    pub(crate) local_domains: LocalDomainRule,
    /// What a document's `_id` is made of (row 29).
    pub(crate) id: IdRule,
    /// What `event.outcome` says (row 5).
    pub(crate) outcome: OutcomeRule,
    /// When the time of reading becomes `event.created` (section 4).
    pub(crate) read_time: ReadTimeRule,
    /// Whether `event.category` and `event.type` are written (row 6).
    pub(crate) categorised: bool,
    /// Whether the sender `<>` counts as no sender (rows 7 and 8).
    pub(crate) null_sender_is_absent: bool,
    /// Whether an IP address that stands for none, such as `255.255.255.255`, counts as absent.
    pub(crate) placeholder_ips_are_absent: bool,
    /// Whether ids and the subject have to be texts, and the size a number or a text.
    pub(crate) types_are_checked: bool,
    /// Whether `StartDate` and `EndDate` become `event.start` and `event.end` (row 19).
    pub(crate) query_dates: bool,
    /// Whether statuses can be dropped (row 4b).
    pub(crate) drops_statuses: bool,
    /// Whether a failed document gets the tag `preserve_original_event` (section 2.12).
    pub(crate) tags_failures: bool,
}

/// A schema of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Its name: `ecs`, the Elastic Common Schema, or `ocsf`, the Open Cybersecurity Schema Framework.
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
    /// A record of either together with the steps of its delivery.
    Details,
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
    /// Who writes `organization`.
    pub(crate) organization: OrganizationRule,
}

/// Who writes `organization`, which says of which tenant a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrganizationRule {
    /// The host.
    Host,
    /// The mapping and the host.
    Both,
    /// The host, if it wants to: the mapping says it elsewhere.
    Elsewhere,
}

/// Which fields a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Those of Elastic's package.
    Package,
    /// All that ECS has for a delivery (guest/docs/facts/mapping-3.0.md).
    Delivery,
    /// Email Activity of OCSF (guest/docs/ocsf.md).
    Ocsf,
}

/// How an address is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressRule {
    /// Its domain begins after the first `@`, and everything stays as it is written (sections 2.4 and 2.5).
    FirstAt,
    /// Its domain begins after the last `@` and ends before a dot at the end, and everything is put into lower case.
    LastAt,
}

/// Which domains are the tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalDomainRule {
    /// Those that are written the same.
    Exact,
    /// Those that are the same but for letter case.
    IgnoringCase,
    /// Those, and all below them.
    WithSubDomains,
}

/// What a document's `_id` is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdRule {
    /// Of seven properties as they are written; an empty status counts, or not (section 2.8: the raw status does, the
    /// outcome made of it not).
    Fingerprint { empty_status_counts: bool },
    /// Of what names the delivery, and the action.
    Delivery,
}

/// What `event.outcome` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutcomeRule {
    /// The status as it is; nothing when there is none.
    Status,
    /// `success`, `failure` or `unknown`.
    Ecs,
}

/// When the time of reading becomes `event.created`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadTimeRule {
    Never,
    /// Unless the records come from a file.
    NotOfFiles,
    Always,
}
