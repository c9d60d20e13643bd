//! The public-suffix split, as the library behind Elasticsearch's `registered_domain` processor does it
//! (guest/docs/facts/mapping.md, section 2.6).
//!
//! It differs from the list's own algorithm for PRIVATE rules: there the suffix itself counts as registered.

use publicsuffix::{List, Psl, Type};

/// The list of 2022-10-22, which is about when the library froze its own.
const BUILT_IN: &str = include_str!("../data/public_suffix_list.dat");

/// Splits domains by a public suffix list.
pub(crate) struct SuffixList {
    list: List,
}

/// The parts of a domain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DomainParts<'a> {
    /// Lower case; absent when the domain is itself a public suffix.
    pub(crate) registered_domain: Option<String>,
    pub(crate) top_level_domain: String,
    /// As written; absent also when the registered part is written with capitals.
    pub(crate) subdomain: Option<&'a str>,
}

impl SuffixList {
    /// Reads a list in the format of publicsuffix.org.
    pub(crate) fn parse(text: &str) -> Result<Self, publicsuffix::Error> {
        Ok(Self { list: with_punycode(text).parse()? })
    }

    pub(crate) fn built_in() -> Self {
        Self::parse(BUILT_IN).expect("the built-in list is checked by a test")
    }

    /// Splits a domain; `None` when it has no known suffix.
    pub(crate) fn split<'a>(&self, domain: &'a str) -> Option<DomainParts<'a>> {
        if domain.starts_with('.') || domain.ends_with('.') {
            return None;
        }
        let lower = domain.to_ascii_lowercase();
        let info = self.list.find(lower.rsplit('.').map(str::as_bytes));
        let (before, suffix) = lower.split_at_checked(lower.len() - info.len)?;
        let root = match info.typ? {
            Type::Private => suffix,
            Type::Icann if before.is_empty() => {
                return Some(DomainParts {
                    registered_domain: None,
                    top_level_domain: domain.to_owned(),
                    subdomain: None,
                });
            }
            Type::Icann => {
                let label = before.strip_suffix('.')?.rsplit('.').next().unwrap_or_default();
                lower.get(lower.len() - info.len - 1 - label.len()..)?
            }
        };
        let (_, top_level_domain) = root.split_once('.')?;
        Some(DomainParts {
            top_level_domain: top_level_domain.to_owned(),
            subdomain: subdomain(domain, root),
            registered_domain: Some(root.to_owned()),
        })
    }
}

/// What stands before the last `.` + `root`.
fn subdomain<'a>(domain: &'a str, root: &str) -> Option<&'a str> {
    match domain.strip_suffix(root) {
        Some(before) => before.strip_suffix('.'),
        None => domain.rsplit_once(&format!(".{root}")).map(|(before, _)| before),
    }
}

/// Adds the ASCII form of every rule that is not ASCII, since domains come in either form.
fn with_punycode(text: &str) -> String {
    let mut list = String::with_capacity(text.len());
    for line in text.lines() {
        // The marks of the list's two sections are comments.
        let is_comment = line.starts_with("//");
        if is_comment && !line.contains("DOMAINS") {
            continue;
        }
        list.push_str(line);
        list.push('\n');
        if !is_comment && !line.is_ascii() {
            let labels: Vec<String> = line.split('.').map(ascii_label).collect();
            list.push_str(&labels.join("."));
            list.push('\n');
        }
    }
    list
}

fn ascii_label(label: &str) -> String {
    match idna::punycode::encode_str(label) {
        Some(encoded) if !label.is_ascii() => format!("xn--{encoded}"),
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(suffixes: &SuffixList, domain: &str, registered_domain: &str, top_level_domain: &str, subdomain: &str) {
        let found = suffixes.split(domain).map(|split| {
            let registered_domain = split.registered_domain.unwrap_or_default();
            (registered_domain, split.top_level_domain, split.subdomain.unwrap_or_default())
        });
        let expected = (registered_domain.to_owned(), top_level_domain.to_owned(), subdomain);
        assert_eq!(found.unwrap_or_default(), expected, "{domain}");
    }

    /// The table of guest/docs/facts/mapping.md, section 2.6.
    #[test]
    fn domains_are_split_as_elastic_splits_them() {
        let list = SuffixList::built_in();
        check(&list, "azure.microsoft.com", "microsoft.com", "com", "azure");
        check(&list, "contoso.com", "contoso.com", "com", "");
        check(&list, "CONTOSO.COM", "contoso.com", "com", "");
        check(&list, "Mail.CONTOSO.COM", "contoso.com", "com", "");
        check(&list, "Elastic595.onmicrosoft.com", "onmicrosoft.com", "com", "Elastic595");
        check(&list, "contoso.mail.onmicrosoft.com", "onmicrosoft.com", "com", "contoso.mail");
        check(&list, "a.b.example.co.uk", "example.co.uk", "co.uk", "a.b");
        check(&list, "co.uk", "", "co.uk", "");
        check(&list, "com", "", "com", "");
        for nothing in [
            "localhost",
            "foo.local",
            "foo.bar.baz",
            "192.168.1.1",
            "[192.168.1.1]",
            "example.com.",
            "",
            ".com",
            "example.com ",
        ] {
            check(&list, nothing, "", "", "");
        }
        check(&list, "@b.com", "@b.com", "com", "");
        check(&list, "a..com", ".com", "com", "a");
    }

    #[test]
    fn private_rules_name_the_registered_domain_itself() {
        let list = SuffixList::built_in();
        check(&list, "foo.github.io", "github.io", "io", "foo");
        check(&list, "a.b.github.io", "github.io", "io", "a.b");
        check(&list, "foo.s3.amazonaws.com", "s3.amazonaws.com", "amazonaws.com", "foo");
        check(&list, "x.y.compute.amazonaws.com", "y.compute.amazonaws.com", "compute.amazonaws.com", "x");
    }

    #[test]
    fn wildcards_and_exceptions_count() {
        let list = SuffixList::built_in();
        check(&list, "bar.foo.ck", "bar.foo.ck", "foo.ck", "");
        check(&list, "foo.ck", "", "foo.ck", "");
        check(&list, "a.www.ck", "www.ck", "ck", "a");
    }

    #[test]
    fn both_forms_of_international_domains_are_known() {
        let list = SuffixList::built_in();
        check(&list, "bücher.de", "bücher.de", "de", "");
        check(&list, "xn--bcher-kva.de", "xn--bcher-kva.de", "de", "");
        check(&list, "пример.рф", "пример.рф", "рф", "");
        check(&list, "xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai", "xn--p1ai", "");
    }

    #[test]
    fn another_list_can_be_given() {
        let list = SuffixList::parse("// ===BEGIN ICANN DOMAINS===\nexample\nпример\n").unwrap();
        check(&list, "a.b.example", "b.example", "example", "a");
        check(&list, "a.xn--e1afmkfd", "a.xn--e1afmkfd", "xn--e1afmkfd", "");
        check(&list, "contoso.com", "", "", "");
        assert!(SuffixList::parse("nothing").is_err());
    }
}
