//! Ids of Microsoft: GUIDs, and domains of tenants.

/// Whether a text is a GUID, as `11111111-2222-3333-4444-555555555555`.
pub fn is_guid(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|it| it == '-' || it.is_ascii_hexdigit())
}

/// What a tenant is named by, for messages.
pub const TENANT_ID_HINT: &str = "the directory (tenant) id, or a domain as `contoso.onmicrosoft.com`";

/// Whether a text names a tenant: a GUID, or a domain.
pub fn is_tenant_id(text: &str) -> bool {
    is_guid(text) || is_domain(text)
}

/// Whether a text may be a domain.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|it| it.is_alphanumeric() || it == '-') && !label.starts_with('-')
    };
    text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names() {
        assert!(is_guid("11111111-2222-3333-4444-55555555abCD"));
        for text in [
            "my app",
            "",
            "11111111-2222-3333-4444-55555555555",
            "1111111122223333444455555555abcd",
            "g1111111-2222-3333-4444-555555555555",
        ] {
            assert!(!is_guid(text), "{text}");
        }
        for text in ["contoso.com", "contoso.onmicrosoft.com", "müller.de", "xn--mller-kva.de"] {
            assert!(is_domain(text), "{text}");
        }
        for text in
            ["contoso", "", "a b.com", "https://contoso.com", "a@contoso.com", "contoso..com", ".com", "contoso.com/"]
        {
            assert!(!is_domain(text), "{text}");
        }
    }
}
