//! How a session maps.

use std::fmt;

/// How a session maps.
#[derive(Clone, Default)]
pub struct Settings {
    /// The tenant whose records are mapped; `None`: nobody has named it.
    pub tenant: Option<Tenant>,
    /// Domains of the tenant, from which `email.direction` is derived; `None`: no direction is written. A domain matches
    /// itself alone, or from 3.0 on its sub-domains too, and `*.` before one matches its sub-domains.
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
    /// The mapping's own settings: a JSON object as text, of which [`Version::options_schema`] says what it can have.
    ///
    /// [`Version::options_schema`]: crate::Version::options_schema
    pub options: Option<String>,
    /// The key that pseudonyms are made with: 32 random bytes.
    pub pseudonym_key: Option<Vec<u8>>,
    /// The key before that one, while documents are still looked for by its pseudonyms.
    pub previous_pseudonym_key: Option<Vec<u8>>,
}

/// A tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenant {
    /// Its id in Entra: a GUID.
    pub id: String,
    /// Its name, for people.
    pub name: Option<String>,
}

/// Without the keys.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tenant,
            local_domains,
            preserve_original_event,
            tags,
            drop_status,
            fields,
            suffix_list,
            options,
            pseudonym_key,
            previous_pseudonym_key,
        } = self;
        let hidden = |key: &Option<Vec<u8>>| key.as_ref().map(|_| "hidden");
        formatter
            .debug_struct("Settings")
            .field("tenant", tenant)
            .field("local_domains", local_domains)
            .field("preserve_original_event", preserve_original_event)
            .field("tags", tags)
            .field("drop_status", drop_status)
            .field("fields", fields)
            .field("suffix_list", &suffix_list.as_ref().map(String::len))
            .field("options", options)
            .field("pseudonym_key", &hidden(pseudonym_key))
            .field("previous_pseudonym_key", &hidden(previous_pseudonym_key))
            .finish()
    }
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
    /// The mapping's own settings cannot be used: the JSON pointer to what is wrong, a colon, a blank, and what is wrong.
    /// The host finds the line of the settings file by the pointer.
    #[error("options are not usable: {0}")]
    InvalidOptions(String),
    /// A key for pseudonyms cannot be used.
    #[error("pseudonym key is not usable: {0}")]
    InvalidPseudonymKey(String),
    /// The mapping has no rule for this setting.
    #[error("this mapping has no rule for `{0}`")]
    Unsupported(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_shown() {
        let key = |byte: u8| Some(vec![byte; 32]);
        let settings = Settings { pseudonym_key: key(171), previous_pseudonym_key: key(205), ..Settings::default() };
        let shown = format!("{settings:?} {settings:#?}");
        assert!(shown.contains("pseudonym_key: Some(\"hidden\")"), "{shown}");
        for part in ["171", "205", "0xab", "0xcd"] {
            assert!(!shown.contains(part), "{part} in {shown}");
        }
    }
}
