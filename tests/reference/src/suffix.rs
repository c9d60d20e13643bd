//! The public suffix of a domain, as Apache's httpclient 4.5.14 finds it.

use std::{collections::HashMap, sync::LazyLock};

/// The list of 2022-10-22.
const LIST: &str = include_str!("../../../guest/mapping/data/public_suffix_list.dat");

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::read(LIST));

/// The parts of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The domain that somebody registered, in lower case.
    pub registered_domain: Option<String>,
    /// The suffix under which it is registered.
    pub top_level_domain: Option<String>,
    /// What stands before the registered domain.
    pub subdomain: Option<String>,
}

/// Finds the parts of a domain, or `None` when nothing is known of it.
pub fn split_domain(domain: &str) -> Option<Split> {
    if domain.starts_with('.') {
        return None;
    }
    let Some(root) = find_root(domain) else {
        return Some(Split { top_level_domain: Some(domain.to_owned()), ..Split::default() });
    };
    let (_, top_level_domain) = root.split_once('.')?;
    let subdomain = domain.rsplit_once(&format!(".{root}")).map(|(subdomain, _)| subdomain.to_owned());
    Some(Split { top_level_domain: Some(top_level_domain.to_owned()), registered_domain: Some(root), subdomain })
}

/// `None` when the domain is itself a suffix.
fn find_root(domain: &str) -> Option<String> {
    let domain = domain.to_ascii_lowercase();
    let mut previous: Option<&str> = None;
    let mut suffix = domain.as_str();
    loop {
        if RULES.exceptions.contains_key(&to_unicode(suffix)) {
            return Some(suffix.to_owned());
        }
        let shorter = suffix.split_once('.').map(|(_, shorter)| shorter);
        let exact = RULES.rules.get(&to_unicode(suffix));
        let wildcard = shorter.and_then(|shorter| RULES.rules.get(&format!("*.{}", to_unicode(shorter))));
        match exact.or(wildcard) {
            Some(Section::Private) => return Some(suffix.to_owned()),
            Some(Section::Icann) => return previous.map(str::to_owned),
            None => {}
        }
        let Some(shorter) = shorter else {
            return Some(suffix.to_owned());
        };
        previous = Some(suffix);
        suffix = shorter;
    }
}

/// The domain with its punycode labels decoded. A label that says nothing but ASCII, or would be written otherwise,
/// is not punycode and stays.
fn to_unicode(domain: &str) -> String {
    let labels: Vec<String> = domain.split('.').map(label_to_unicode).collect();
    labels.join(".")
}

fn label_to_unicode(label: &str) -> String {
    let Some(encoded) = label.strip_prefix("xn--") else {
        return label.to_owned();
    };
    match idna::punycode::decode_to_string(encoded) {
        Some(text) if !text.is_ascii() && idna::punycode::encode_str(&text).as_deref() == Some(encoded) => text,
        _ => label.to_owned(),
    }
}

#[derive(Clone, Copy)]
enum Section {
    Icann,
    Private,
}

struct Rules {
    /// By suffix, with `*.` before the wildcards.
    rules: HashMap<String, Section>,
    /// By suffix, without the exclamation mark.
    exceptions: HashMap<String, Section>,
}

impl Rules {
    fn read(list: &str) -> Self {
        let mut section = Section::Icann;
        let mut result = Self { rules: HashMap::new(), exceptions: HashMap::new() };
        for line in list.lines().map(str::trim) {
            if line.contains("===BEGIN PRIVATE DOMAINS===") {
                section = Section::Private;
            }
            if line.is_empty() || line.starts_with("//") {
                continue;
            }
            match line.strip_prefix('!') {
                Some(exception) => result.exceptions.insert(exception.to_owned(), section),
                None => result.rules.insert(line.to_owned(), section),
            };
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(domain: &str, registered_domain: &str, top_level_domain: &str, subdomain: &str) {
        let part = |text: &str| (text != "-").then(|| text.to_owned());
        let expected = Split {
            registered_domain: part(registered_domain),
            top_level_domain: part(top_level_domain),
            subdomain: part(subdomain),
        };
        assert_eq!(split_domain(domain).unwrap_or_default(), expected, "{domain}");
    }

    #[test]
    fn suffixes_of_icann() {
        check("azure.microsoft.com", "microsoft.com", "com", "azure");
        check("CONTOSO.COM", "contoso.com", "com", "-");
        check("Mail.CONTOSO.COM", "contoso.com", "com", "-");
        check("Elastic595.onmicrosoft.com", "onmicrosoft.com", "com", "Elastic595");
        check("a.b.example.co.uk", "example.co.uk", "co.uk", "a.b");
        check("co.uk", "-", "co.uk", "-");
        check("com", "-", "com", "-");
        check("bar.foo.ck", "bar.foo.ck", "foo.ck", "-");
        check("foo.ck", "-", "foo.ck", "-");
        check("a.www.ck", "www.ck", "ck", "a");
    }

    #[test]
    fn private_suffixes_are_taken_for_registered() {
        check("a.b.github.io", "github.io", "io", "a.b");
        check("foo.s3.amazonaws.com", "s3.amazonaws.com", "amazonaws.com", "foo");
        check("x.y.compute.amazonaws.com", "y.compute.amazonaws.com", "compute.amazonaws.com", "x");
    }

    #[test]
    fn what_has_no_suffix_has_no_parts() {
        for domain in ["localhost", "foo.bar.baz", "192.168.1.1", "[192.168.1.1]", "example.com.", "", ".com"] {
            assert_eq!(split_domain(domain), None, "{domain}");
        }
        assert_eq!(split_domain("example.com "), None);
    }

    #[test]
    fn other_scripts() {
        check("bücher.de", "bücher.de", "de", "-");
        check("xn--bcher-kva.de", "xn--bcher-kva.de", "de", "-");
        check("пример.рф", "пример.рф", "рф", "-");
        check("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai", "xn--p1ai", "-");
        check("@b.com", "@b.com", "com", "-");
    }
}
