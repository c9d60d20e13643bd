//! The settings of a mapping.

/// How the component maps.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Domains of the tenant, from which `email.direction` is derived; `None`: no direction is written.
    pub local_domains: Option<Vec<String>>,
    /// Keep the bytes of every record in `event.original`.
    pub preserve_original_event: bool,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped, compared ignoring case.
    pub drop_status: Vec<String>,
    /// Fields to add to every document: a JSON object.
    pub fields: Option<serde_json::Value>,
    /// A public suffix list in the format of publicsuffix.org, in place of the built-in one.
    pub suffix_list: Option<String>,
}
