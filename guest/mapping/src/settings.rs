//! How a session maps.

/// How a session maps.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Domains of the tenant, from which `email.direction` is derived; `None`: no direction is written. A domain matches
    /// itself alone, and `*.` before one matches its sub-domains.
    pub local_domains: Option<Vec<String>>,
    /// Keep every record's own bytes in `event.original`, and put the tag `preserve_original_event` first.
    pub preserve_original_event: bool,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped, compared ignoring case.
    pub drop_status: Vec<String>,
    /// Fields to add to every document: a JSON object as text.
    pub fields: Option<String>,
    /// A public suffix list in the format of publicsuffix.org, in place of the built-in one.
    pub suffix_list: Option<String>,
}

/// Why a session could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The fields to add are not a JSON object.
    #[error("fields to add are not usable: {0}")]
    InvalidFields(String),
    /// A field to add is one that the mapping itself writes.
    #[error("field `{0}` is written by the mapping itself")]
    ReservedField(String),
    /// The public suffix list is not one.
    #[error("public suffix list is not usable: {0}")]
    InvalidSuffixList(String),
    /// The mapping has no rule for this setting.
    #[error("this mapping has no rule for `{0}`")]
    Unsupported(String),
}
