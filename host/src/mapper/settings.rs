//! The settings of a mapping.

use std::fmt;

use zeroize::Zeroizing;

use crate::support::property::RecordKind;

/// What the profile that hides people is called among the mapping's own settings.
pub(crate) const PRIVACY: &str = "privacy";

/// How the component maps.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whose records are mapped; `None`: it is not known.
    pub tenant: Option<Tenant>,
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
    /// The mapping's own settings: a JSON object, which the mapping checks.
    pub options: Option<serde_json::Value>,
    /// The key of pseudonyms.
    pub pseudonym_key: Option<PseudonymKey>,
    /// The key of pseudonyms that was used before.
    pub previous_pseudonym_key: Option<PseudonymKey>,
    /// Kinds of records that the mapping has to map: one that does not is refused.
    pub record_kinds: Vec<RecordKind>,
}

impl Settings {
    /// Whether they have a profile that hides people.
    pub(super) fn hide_people(&self) -> bool {
        self.pseudonym_key.is_some() && self.options.as_ref().is_some_and(|options| options.get(PRIVACY).is_some())
    }
}

/// A tenant of Microsoft's cloud.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, or one of its domains where that is all that is known; empty when neither is.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
}

impl Tenant {
    /// The tenant of that id, in the letters that a mapping gets, and of that name; none when both are unknown.
    pub fn known_by(id: Option<&str>, name: Option<&str>) -> Option<Self> {
        let id = id.map(str::to_lowercase);
        (id.is_some() || name.is_some()).then(|| Self { id: id.unwrap_or_default(), name: name.map(str::to_owned) })
    }
}

/// The secret key of pseudonyms. Shows as `****` wherever it is printed, and is wiped when it is let go.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey(Zeroizing<Vec<u8>>);

impl PseudonymKey {
    /// Keeps the bytes of a key; the mapping says whether they are one.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the mapping and for what is sealed.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let settings =
            Settings { pseudonym_key: Some(PseudonymKey::new(b"0123456789".to_vec())), ..Settings::default() };
        let shown = format!("{settings:?} {settings:#?}");
        assert!(shown.contains("****") && !shown.contains("48") && !shown.contains("0123"), "{shown}");
    }

    #[test]
    fn a_tenant_is_known_by_either() {
        let known = |id, name| Tenant::known_by(id, name).map(|tenant| (tenant.id, tenant.name));
        assert_eq!(known(None, None), None);
        assert_eq!(known(Some("AB-C"), None), Some(("ab-c".to_owned(), None)));
        assert_eq!(known(None, Some("Contoso")), Some((String::new(), Some("Contoso".to_owned()))));
    }
}
