//! How a connection was secured.

/// How a connection was secured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// `1.2`.
    pub version: Option<String>,
    /// As the service writes it: `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`.
    pub cipher: Option<String>,
}

impl Tls {
    /// Of the two properties of an event; the version may stand in its description instead: `using TLS1.2`.
    pub(crate) fn parse(version: Option<&str>, cipher: Option<&str>, description: &str) -> Option<Self> {
        let described = description.split_once(" using ").map(|(_, how)| how);
        let version = version.or(described).and_then(version_of);
        let cipher = cipher.map(str::to_owned);
        (version.is_some() || cipher.is_some()).then_some(Self { version, cipher })
    }
}

/// `1.2` of `TLS1.2`, `SP_PROT_TLS1_2_CLIENT`, `TLSv1.2` or `TLS 1.2`.
fn version_of(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase();
    let (_, after) = text.split_once("TLS")?;
    let mut parts = after.trim_start_matches(['V', ' ', '_']).splitn(3, ['.', '_', ' ']);
    let digit = |part: Option<&str>| part?.chars().next().filter(char::is_ascii_digit);
    let major = digit(parts.next())?;
    Some(format!("{major}.{}", digit(parts.next()).unwrap_or('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_however_they_are_written() {
        for (text, expected) in [
            ("TLS1.2", Some("1.2")),
            ("SP_PROT_TLS1_3_CLIENT", Some("1.3")),
            ("TLSv1.2 with AES256", Some("1.2")),
            ("TLS 1.0.", Some("1.0")),
            ("SP_PROT_TLS1", Some("1.0")),
            ("SSL3", None),
            ("TLS", None),
            ("", None),
        ] {
            assert_eq!(version_of(text).as_deref(), expected, "{text}");
        }
    }
}
