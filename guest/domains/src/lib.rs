//! The domains of a tenant, as people write them: checked in the settings, on the command line, in modules and adapters.
//!
//! Does not compare domains: the mapping does.

pub mod microsoft_id;

/// One domain of the tenant, or `*.` and a domain for its sub-domains, in every form that records may have it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDomain {
    forms: Vec<String>,
}

/// Why a text is not a domain of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {problem}\nhint: {hint}")]
pub struct DomainError {
    text: String,
    problem: &'static str,
    hint: String,
}

impl DomainError {
    /// What is wrong, to stand behind the text: `is empty`.
    pub fn problem(&self) -> &'static str {
        self.problem
    }

    /// What to write instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl LocalDomain {
    /// Reads what somebody has written.
    ///
    /// # Errors
    ///
    /// When it is not one domain; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let trimmed = text.trim();
        let refuse = |problem, hint: String| Err(DomainError { text: text.to_owned(), problem, hint });
        if let Some((problem, hint)) = mistake(trimmed) {
            return refuse(problem, hint);
        }
        let (prefix, name) = trimmed.strip_prefix("*.").map_or(("", trimmed), |name| ("*.", name));
        let name = name.strip_suffix('.').unwrap_or(name);
        let Some(ascii) = ascii(name) else {
            return refuse("is not a domain name", EXAMPLE.to_owned());
        };
        if !ascii.contains('.') {
            return refuse(
                "has no point in it, as every domain that mail comes from has",
                "the whole name, such as `contoso.com` or `contoso.onmicrosoft.com`".to_owned(),
            );
        }
        // Records have a name with other letters in one form or the other.
        let (unicode, is_readable) = idna::domain_to_unicode(&ascii);
        let mut forms = vec![format!("{prefix}{ascii}")];
        if is_readable.is_ok() && unicode != ascii {
            forms.push(format!("{prefix}{unicode}"));
        }
        Ok(Self { forms })
    }

    /// What the mapping takes: the domain in ASCII, and with its own letters when those are others.
    pub fn forms(&self) -> impl Iterator<Item = String> {
        self.forms.iter().cloned()
    }
}

/// What to write, for anybody.
pub const EXAMPLE: &str = "for example `contoso.com`, or `*.contoso.com` for its sub-domains";

/// The name in lower case and ASCII, when it can be one.
fn ascii(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(name).ok()?;
    let fits = |label: &str| (1..=63).contains(&label.len());
    let is_one = ascii.len() <= 253 && ascii.split('.').all(fits);
    let has_letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (is_one && ascii.bytes().all(has_letters)).then_some(ascii)
}

/// What people write for a domain that is something else, and what they should write.
fn mistake(text: &str) -> Option<(&'static str, String)> {
    if text.is_empty() {
        return Some(("is empty", EXAMPLE.to_owned()));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        return Some(("is a URL, not a domain", write(host)));
    }
    if let Some((_, domain)) = text.rsplit_once('@') {
        return Some(("is an address, not a domain", format!("only what follows the `@`: {}", write(domain))));
    }
    if text.contains([',', ';']) {
        return Some(("is more than one domain", each(text.split([',', ';']))));
    }
    if text.contains(char::is_whitespace) {
        let parts: Vec<_> = text.split_whitespace().collect();
        let are_domains = parts.iter().all(|part| LocalDomain::parse(part).is_ok());
        let hint = if are_domains { each(parts.into_iter()) } else { write(&parts.concat()) };
        return Some(("has a blank in it", hint));
    }
    if text.contains(['/', '\\']) {
        return Some(("has a slash in it", write(text.split(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(""))));
    }
    if text.contains(':') {
        return Some(("has a colon in it", write(text.split(':').next().unwrap_or_default())));
    }
    if let Some(name) = text.strip_prefix('.') {
        let hint = format!("`*.{name}` for its sub-domains, and `{name}` for the domain itself");
        return Some(("begins with a point", hint));
    }
    if text.strip_prefix("*.").unwrap_or(text).contains('*') {
        let hint = "`*.` stands at the beginning and for whole labels: `*.contoso.com`".to_owned();
        return Some(("has a `*` in another place than the beginning", hint));
    }
    None
}

fn write(domain: &str) -> String {
    match LocalDomain::parse(domain) {
        Ok(_) => format!("write `{domain}`"),
        Err(_) => EXAMPLE.to_owned(),
    }
}

fn each<'t>(parts: impl Iterator<Item = &'t str>) -> String {
    let parts: Vec<_> = parts.map(|part| format!("`{}`", part.trim())).filter(|part| part != "``").collect();
    format!("one entry for each: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let forms: Vec<_> = LocalDomain::parse(text).unwrap().forms().collect();
        assert_eq!(forms, expected, "{text}");
    }

    #[test]
    fn a_domain_is_what_records_have() {
        for text in
            ["contoso.com", "CONTOSO.com", " contoso.com\t", "contoso.com.", "ＣＯＮＴＯＳＯ.com", "contoso。com"]
        {
            check(text, &["contoso.com"]);
        }
        check("*.Contoso.com.", &["*.contoso.com"]);
        check("Bücher.example", &["xn--bcher-kva.example", "bücher.example"]);
        check("bu\u{308}cher.example", &["xn--bcher-kva.example", "bücher.example"]);
        check("*.xn--bcher-kva.example", &["*.xn--bcher-kva.example", "*.bücher.example"]);
        check("a_b.contoso.com", &["a_b.contoso.com"]);
    }

    #[track_caller]
    fn check_refused(text: &str, problem: &str, hint: &str) {
        let error = LocalDomain::parse(text).unwrap_err();
        assert_eq!((error.problem(), error.hint()), (problem, hint), "{text}");
        assert_eq!(error.to_string(), format!("`{text}` {problem}\nhint: {hint}"));
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write_instead() {
        check_refused("", "is empty", EXAMPLE);
        check_refused("  ", "is empty", EXAMPLE);
        check_refused("https://contoso.com/x", "is a URL, not a domain", "write `contoso.com`");
        check_refused(
            "ann@contoso.com",
            "is an address, not a domain",
            "only what follows the `@`: write `contoso.com`",
        );
        check_refused("@contoso.com", "is an address, not a domain", "only what follows the `@`: write `contoso.com`");
        check_refused(
            "contoso.com,fabrikam.com",
            "is more than one domain",
            "one entry for each: `contoso.com`, `fabrikam.com`",
        );
        check_refused("contoso.com; ", "is more than one domain", "one entry for each: `contoso.com`");
        check_refused("contoso .com", "has a blank in it", "write `contoso.com`");
        check_refused(
            "contoso.com fabrikam.com",
            "has a blank in it",
            "one entry for each: `contoso.com`, `fabrikam.com`",
        );
        check_refused("contoso.com/", "has a slash in it", "write `contoso.com`");
        check_refused("contoso\\ann", "has a slash in it", EXAMPLE);
        check_refused("contoso.com:25", "has a colon in it", "write `contoso.com`");
        check_refused(
            ".contoso.com",
            "begins with a point",
            "`*.contoso.com` for its sub-domains, and `contoso.com` for the domain itself",
        );
        let star = "`*.` stands at the beginning and for whole labels: `*.contoso.com`";
        for text in ["*contoso.com", "mail.*.com", "*.*.contoso.com", "*"] {
            check_refused(text, "has a `*` in another place than the beginning", star);
        }
        let whole = "the whole name, such as `contoso.com` or `contoso.onmicrosoft.com`";
        for text in ["contoso", "*.com", "com."] {
            check_refused(text, "has no point in it, as every domain that mail comes from has", whole);
        }
        let long = format!("{}.com", "a".repeat(64));
        for text in ["contoso..com", "*.", "contoso.com..", "con\u{0}toso.com", "contoso!.com", "xn--\u{fc}.com", &long]
        {
            check_refused(text, "is not a domain name", EXAMPLE);
        }
    }
}
