//! Mail addresses, split into what documents say about them.

use crate::{
    domain::Domain,
    json::{Kind, Raw, build, decode},
    privacy::Privacy,
    version::{AddressRule, Layout},
};

/// What a document says about a mail address, worked out once.
pub(crate) struct Address {
    text: String,
    rule: AddressRule,
    /// Where the `@` is in the text that its domain begins after.
    at: Option<usize>,
    /// Whether its domain is one of the tenant's.
    pub(crate) is_local: bool,
    /// The whole of it as a JSON string.
    pub(crate) json: String,
    /// Whether that is one that OCSF takes for a mail address.
    pub(crate) is_email: bool,
    /// What stands before the `@` as a JSON string, or nothing.
    pub(crate) local_part_json: String,
    /// Its domain and the one that somebody registered as JSON strings, or nothing.
    pub(crate) hosts: [String; 2],
    /// `domain`, `registered_domain`, `subdomain`, `top_level_domain` and `user`, each with a comma after it.
    pub(crate) members: String,
    /// Where `user` begins in them.
    user_at: usize,
    /// The pseudonym by the key before as a JSON string, or nothing.
    pub(crate) previous_hash_json: String,
}

/// What stands in `user`: keys and JSON strings.
type UserMembers<'a> = &'a [(&'static str, &'a str)];

impl Address {
    /// Works out the address that `raw`, a string, stands for. `domain` knows domains.
    pub(crate) fn new<'d>(
        raw: &Raw<'_>,
        rule: AddressRule,
        layout: Layout,
        privacy: Option<&Privacy>,
        domain: impl FnOnce(&str) -> &'d Domain,
    ) -> Self {
        let mut text = decode(raw).into_owned();
        let at = match rule {
            AddressRule::FirstAt => text.find('@'),
            AddressRule::LastAt => {
                text.make_ascii_lowercase();
                text.rfind('@')
            }
        };
        let mut address = Self {
            text,
            rule,
            at,
            is_local: false,
            json: String::new(),
            is_email: false,
            local_part_json: String::new(),
            hosts: Default::default(),
            members: String::new(),
            user_at: 0,
            previous_hash_json: String::new(),
        };
        let shows_domain = privacy.is_none_or(|privacy| privacy.shows_domain(address.domain()));
        let domain = address.has_at().then(|| domain(if shows_domain { address.domain() } else { "" }));
        address.is_local = domain.is_some_and(|domain| domain.is_local);
        // The same text is the same string, however it was escaped.
        let is_plain = raw.kind == Kind::Plain;
        let string = |text: &str| match text {
            "" => String::new(),
            _ if is_plain => format!("\"{text}\""),
            _ => build(|out| out.push_string(text)),
        };
        let shown_domain = if shows_domain { address.domain() } else { "" };
        let parts = address.has_at().then(|| (address.local_part(), shown_domain));
        let hidden = privacy.and_then(|privacy| privacy.hide_address(&address.text, parts, address.is_local));
        let user_domain = string(if shows_domain { address.user_domain() } else { "" });
        let (json, local_part_json, hash) = match &hidden {
            Some(hidden) => {
                address.previous_hash_json = string(&hidden.previous_hash);
                (string(&hidden.email), string(&hidden.name), string(&hidden.hash))
            }
            None => (string(&address.text), string(address.local_part()), String::new()),
        };
        (address.json, address.local_part_json) = (json, local_part_json);
        address.is_email = is_email(address.json.trim_matches('"'));
        let (email, name) = (&*address.json, &*address.local_part_json);
        let user = user_of(layout, &user_domain, email, name, &hash);
        if let Some(domain) = domain {
            address.members.push_str(&domain.members);
            address.hosts = [domain.json.clone(), domain.registered_json.clone()];
        }
        address.user_at = address.members.len();
        address.members.push_str(&user);
        address
    }

    /// `user` with all that it has, and a comma after it.
    pub(crate) fn user(&self) -> &str {
        self.members.get(self.user_at..).unwrap_or_default()
    }

    /// The whole address, decoded.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is an `@` at all.
    pub(crate) fn has_at(&self) -> bool {
        self.at.is_some()
    }

    fn split(&self) -> (&str, &str) {
        let split = self.at.and_then(|at| Some((self.text.get(..at)?, self.text.get(at + 1..)?)));
        split.unwrap_or_default()
    }

    /// What stands before the `@`.
    pub(crate) fn local_part(&self) -> &str {
        self.split().0
    }

    /// The domain: by the first `@`, what follows it to the end of the line (guest/docs/facts/mapping.md, section 2.4);
    /// by the last one, all that follows it but a dot at the end.
    fn domain(&self) -> &str {
        let (_, rest) = self.split();
        match self.rule {
            AddressRule::FirstAt => rest.split_once('\n').map_or(rest, |(line, _)| line),
            AddressRule::LastAt => rest.strip_suffix('.').unwrap_or(rest),
        }
    }

    /// What `user.domain` says. By the first `@`, all that follows it, but nothing when a second one follows at once
    /// (section 2.5).
    fn user_domain(&self) -> &str {
        let (_, rest) = self.split();
        match self.rule {
            AddressRule::FirstAt if rest.starts_with('@') => "",
            AddressRule::FirstAt => rest,
            AddressRule::LastAt => self.domain(),
        }
    }
}

/// Whether a text is what the type `email_t` of OCSF asks for.
fn is_email(text: &str) -> bool {
    let Some((local_part, domain)) = text.split_once('@') else { return false };
    let Some((first, rest)) = domain.split_once('.') else { return false };
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-./=?^_`{|}~".contains(&byte);
    let all = |text: &str, is_right: &dyn Fn(u8) -> bool| !text.is_empty() && text.bytes().all(is_right);
    all(local_part, &is_local) && all(first, &is_label) && all(rest, &|byte| is_label(byte) || byte == b'.')
}

/// `user` as a layout has it, of values that are JSON; what is empty is left out.
fn user_of(layout: Layout, domain: &str, email: &str, name: &str, hash: &str) -> String {
    let user: UserMembers<'_> = match layout {
        Layout::Package => {
            &[(r#""domain":"#, domain), (r#""email":"#, email), (r#""id":"#, email), (r#""name":"#, name)]
        }
        Layout::Delivery => {
            &[(r#""domain":"#, domain), (r#""email":"#, email), (r#""hash":"#, hash), (r#""name":"#, name)]
        }
        Layout::Ocsf => &[],
    };
    user_member(user)
}

/// `user` with those of its members that are not empty, and a comma after it; nothing when all of them are.
fn user_member(members: UserMembers<'_>) -> String {
    build(|out| {
        let start = out.len();
        out.push_ascii(br#""user":{"#);
        for (key, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
            out.push_str(key);
            out.push_str(value);
            out.push(b',');
        }
        out.close(start, b"}");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Domain =
        Domain { is_local: false, members: String::new(), json: String::new(), registered_json: String::new() };

    #[track_caller]
    fn check(rule: AddressRule, address: &str, local_part: &str, domain: &str, user_domain: &str) {
        let json = serde_json::to_string(address).unwrap();
        let raw = Raw { text: &json, kind: Kind::Escaped };
        let unknown = UNKNOWN;
        let address = Address::new(&raw, rule, Layout::Package, None, |_| &unknown);
        assert_eq!((address.local_part(), address.domain()), (local_part, domain));
        assert_eq!(address.user_domain(), user_domain);
    }

    #[test]
    fn the_first_at_splits() {
        let check = |address, local_part, domain| check(AddressRule::FirstAt, address, local_part, domain, domain);
        check("a@b.com", "a", "b.com");
        check("x@y@z", "x", "y@z");
        check("\"a@b\"@c.com", "\"a", "b\"@c.com");
        check("@b.com", "", "b.com");
        check("A@B.com.", "A", "B.com.");
        check("a@", "a", "");
    }

    #[test]
    fn two_ats_in_a_row_leave_no_user_domain() {
        check(AddressRule::FirstAt, "a@@b", "a", "@b", "");
    }

    #[test]
    fn a_domain_ends_with_its_line() {
        check(AddressRule::FirstAt, "a@b\nc@d", "a", "b", "b\nc@d");
    }

    #[test]
    fn an_address_of_ocsf_is_plain_and_has_a_domain_with_a_dot() {
        for text in ["a@b.com", "a.b+c,d/e=f@b-c.co.uk", "p-abc@contoso.com", "a@b.com.", "a@b..", "'@-.-"] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "",
            "<>",
            "a",
            "a@",
            "@b.com",
            "a@b",
            "root@localhost",
            "a@.com",
            "a@b.",
            "a@b@c.com",
            "a b@c.com",
            "j\u{fc}rgen@b.com",
            "a@b\u{fc}cher.de",
            "\"a\"@b.com",
            "a@b.com\n",
            "a@[192.0.2.1]",
            "a\\u0041@b.com",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn the_last_at_splits() {
        let check = |address, local_part, domain| check(AddressRule::LastAt, address, local_part, domain, domain);
        check("Ann@Contoso.COM", "ann", "contoso.com");
        check("x@y@z", "x@y", "z");
        check("\"a@b\"@c.com", "\"a@b\"", "c.com");
        check("a@@b", "a@", "b");
        check("a@b.com.", "a", "b.com");
        check("a@b..", "a", "b.");
        check("a@XN--BCHER-KVA.de", "a", "xn--bcher-kva.de");
        check("Ä@BÜCHER.de", "Ä", "bÜcher.de");
        check("a@", "a", "");
        check("@b.com", "", "b.com");
        check("abc", "", "");
    }
}
