//! Mail addresses, split into what documents say about them.

use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::{
    bytes::has_capital,
    domain::Domain,
    json::{Buffer, Kind, Raw, decode},
    pieces::Pieces,
    privacy::Privacy,
    version::{AddressRule, Layout},
};

/// What a document says about a mail address, worked out once.
pub(crate) struct Address {
    pieces: Pieces<5>,
    domain: Option<Arc<Domain>>,
    /// Whether there is an `@` at all.
    pub(crate) has_at: bool,
    /// Whether its domain is one of the tenant's.
    pub(crate) is_local: bool,
    /// Whether OCSF takes it for a mail address; of no meaning in other layouts.
    pub(crate) is_email: bool,
}

// What the pieces are. Empty where there is nothing to say.
const TEXT: usize = 0;
const JSON: usize = 1;
const LOCAL_PART: usize = 2;
const PREVIOUS_HASH: usize = 3;
const USER: usize = 4;

impl Address {
    /// Works out the address that `raw`, a string, stands for. `domain` knows domains.
    pub(crate) fn new(
        raw: &Raw<'_>,
        rule: AddressRule,
        layout: Layout,
        privacy: Option<&Privacy>,
        domain: impl FnOnce(&str) -> Arc<Domain>,
    ) -> Self {
        let mut text = decode(raw);
        if rule == AddressRule::LastAt && has_capital(text.as_bytes()) {
            text.to_mut().make_ascii_lowercase();
        }
        let SplitAddress { has_at, local_part, domain: own_domain, user_domain } = SplitAddress::new(&text, rule);
        let shows_domain = privacy.is_none_or(|privacy| privacy.shows_domain(own_domain));
        let shown = |domain| if shows_domain { domain } else { "" };
        let domain = has_at.then(|| domain(shown(own_domain)));
        let is_local = domain.as_ref().is_some_and(|domain| domain.is_local);
        let parts = has_at.then(|| (local_part, shown(own_domain)));
        let hidden = privacy.and_then(|privacy| privacy.hide_address(&text, parts, is_local));
        let [email, name, hash, previous_hash]: [&str; 4] = match &hidden {
            Some(hidden) => [&hidden.email, &hidden.name, &hidden.hash, &hidden.previous_hash],
            None => [&*text, local_part, "", ""],
        };
        // The same text is the same string, however it was escaped.
        let is_plain = raw.kind == Kind::Plain;
        let string = |out: &mut Buffer<'_>, text| push_string(out, text, is_plain);
        let pieces = Pieces::new([
            &|out| out.push_str(&text),
            &|out| string(out, email),
            &|out| string(out, name),
            &|out| string(out, previous_hash),
            &|out| push_user(out, &user_of(layout, shown(user_domain), email, name, hash), is_plain),
        ]);
        Self { pieces, domain, has_at, is_local, is_email: layout == Layout::Ocsf && is_email(email) }
    }

    /// The whole address, decoded.
    pub(crate) fn text(&self) -> &str {
        self.pieces.get(TEXT)
    }

    /// The whole of it as a JSON string.
    #[inline]
    pub(crate) fn json(&self) -> &str {
        self.pieces.get(JSON)
    }

    /// What stands before the `@` as a JSON string, or nothing.
    #[inline]
    pub(crate) fn local_part_json(&self) -> &str {
        self.pieces.get(LOCAL_PART)
    }

    /// Its domain as a JSON string, or nothing.
    #[inline]
    pub(crate) fn host_json(&self) -> &str {
        self.domain.as_ref().map_or("", |domain| domain.json())
    }

    /// The domain that somebody registered as a JSON string, or nothing.
    #[inline]
    pub(crate) fn registered_host_json(&self) -> &str {
        self.domain.as_ref().map_or("", |domain| domain.registered_json())
    }

    /// The pseudonym by the key before as a JSON string, or nothing.
    #[inline]
    pub(crate) fn previous_hash_json(&self) -> &str {
        self.pieces.get(PREVIOUS_HASH)
    }

    /// `domain`, `registered_domain`, `subdomain` and `top_level_domain`, each with a comma after it.
    #[inline]
    pub(crate) fn domain_members(&self) -> &str {
        self.domain.as_ref().map_or("", |domain| domain.members())
    }

    /// `user` with all that it has, and a comma after it.
    #[inline]
    pub(crate) fn user(&self) -> &str {
        self.pieces.get(USER)
    }
}

/// An address, split at its `@`.
struct SplitAddress<'a> {
    has_at: bool,
    /// What stands before the `@`.
    local_part: &'a str,
    /// The domain: by the first `@`, what follows it to the end of the line (guest/docs/facts/mapping.md, section 2.4);
    /// by the last one, all that follows it but a dot at the end.
    domain: &'a str,
    /// What `user.domain` says. By the first `@`, all that follows it, but nothing when a second one follows at once
    /// (section 2.5).
    user_domain: &'a str,
}

impl<'a> SplitAddress<'a> {
    fn new(text: &'a str, rule: AddressRule) -> Self {
        let at = match rule {
            AddressRule::FirstAt => memchr(b'@', text.as_bytes()),
            AddressRule::LastAt => memrchr(b'@', text.as_bytes()),
        };
        let split = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
        let (local_part, rest) = split.unwrap_or_default();
        let domain = match rule {
            AddressRule::FirstAt => rest.split_once('\n').map_or(rest, |(line, _)| line),
            AddressRule::LastAt => rest.strip_suffix('.').unwrap_or(rest),
        };
        let user_domain = match rule {
            AddressRule::FirstAt if rest.starts_with('@') => "",
            AddressRule::FirstAt => rest,
            AddressRule::LastAt => domain,
        };
        Self { has_at: split.is_some(), local_part, domain, user_domain }
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

/// What stands in `user`: keys and texts.
type UserMembers<'a> = [(&'static str, &'a str); 4];

/// `user` as a layout has it.
fn user_of<'a>(layout: Layout, domain: &'a str, email: &'a str, name: &'a str, hash: &'a str) -> UserMembers<'a> {
    match layout {
        Layout::Package => {
            [(r#""domain":"#, domain), (r#""email":"#, email), (r#""id":"#, email), (r#""name":"#, name)]
        }
        Layout::Delivery => {
            [(r#""domain":"#, domain), (r#""email":"#, email), (r#""hash":"#, hash), (r#""name":"#, name)]
        }
        Layout::Ocsf => UserMembers::default(),
    }
}

/// Adds `user` with those of its members that are not empty, and a comma after it; nothing when all of them are.
fn push_user(out: &mut Buffer<'_>, members: &UserMembers<'_>, is_plain: bool) {
    let start = out.len();
    out.push_ascii(br#""user":{"#);
    for (key, text) in members.iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(key);
        push_string(out, text, is_plain);
        out.push(b',');
    }
    out.close(start, b"}");
}

/// Adds a text as a JSON string, unless it is empty. A plain one has nothing in it that is escaped.
fn push_string(out: &mut Buffer<'_>, text: &str, is_plain: bool) {
    if text.is_empty() {
        return;
    }
    if is_plain {
        out.push_plain_string(text);
    } else {
        out.push_string(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: AddressRule, address: &str, local_part: &str, domain: &str, user_domain: &str) {
        let text = if rule == AddressRule::LastAt { address.to_ascii_lowercase() } else { address.to_owned() };
        let split = SplitAddress::new(&text, rule);
        assert_eq!((split.local_part, split.domain, split.user_domain), (local_part, domain, user_domain));
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
